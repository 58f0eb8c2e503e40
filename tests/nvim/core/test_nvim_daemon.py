"""Does an editor get itself a daemon, and say why when it cannot?"""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from lofi_core.rpc.client import Client, NoDaemon
from tests.nvim.core.driver import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.nvim.core.conftest import OpenEditor
    from tests.nvim.core.driver import Editor

    NewEditor = Callable[..., Editor]

LOFI_CORE = [sys.executable, "-m", "lofi_core"]
WISH = {"prompt": "a tone", "backend": "sine", "duration_sec": 2}


@pytest.fixture
def new_editor(home: Path, open_editor: OpenEditor) -> Iterator[NewEditor]:
    """Editors that may start a daemon where there is none; it ends with the test."""
    path = home / "run" / "lofi.sock"

    def new(**settings: Any) -> Editor:
        editor = open_editor(path, LOFI_DATA_DIR=str(home / "data"))
        editor.lua("require('lofi').setup(...)", {"cmd": LOFI_CORE} | settings)
        return editor

    yield new
    try:
        with Client(path) as client:
            client.call("shutdown")
            assert client.wait_closed(30)
    except NoDaemon:
        pass


def pid_of(editor: Editor) -> int:
    return int(editor.call("request", "hello", {})["result"]["pid"])


def program(path: Path, text: str) -> str:
    """A script that can be run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def test_the_first_wish_starts_a_daemon_that_outlives_the_editor(new_editor: NewEditor, home: Path) -> None:
    editor = new_editor()
    assert editor.call("generate", WISH)["result"]["backend"] == "sine"
    pid = pid_of(editor)
    editor.quit()
    with Client(home / "run" / "lofi.sock") as client:
        assert client.call("hello")["pid"] == pid


def test_two_editors_that_start_one_at_once_share_it(new_editor: NewEditor) -> None:
    editors = [new_editor(), new_editor()]
    for editor in editors:
        editor.begin("made", "generate", WISH)
    made = [editor.answers("made")[0]["result"] for editor in editors]
    assert {track["prompt"] for track in made} == {"a tone"}
    assert pid_of(editors[0]) == pid_of(editors[1])


def test_an_editor_that_leaves_is_not_noticed_by_the_other(new_editor: NewEditor) -> None:
    first, second = new_editor(), new_editor()
    pid = pid_of(first)
    assert pid_of(second) == pid
    second.lua("test.record('state_changed')")
    first.quit()
    assert second.call("generate", WISH)["result"]["prompt"] == "a tone"
    assert pid_of(second) == pid
    assert second.events("state_changed") == []


@pytest.mark.parametrize("function", ["status", "pause", "stop", "skip"])
def test_a_question_starts_no_daemon(new_editor: NewEditor, function: str, home: Path) -> None:
    err = new_editor().call(function)["err"]
    assert err["code"] == "NO_DAEMON"
    assert not (home / "run").exists()


def test_no_daemon_is_started_when_the_user_does_not_want_it(new_editor: NewEditor) -> None:
    assert new_editor(autostart=False).call("generate", WISH)["err"]["code"] == "NO_DAEMON"


def test_a_daemon_that_was_killed_is_told_once_and_started_anew(new_editor: NewEditor) -> None:
    editor = new_editor()
    pid = pid_of(editor)
    editor.lua("test.record('generation_start'); test.record('generation_error')")
    editor.begin("long", "generate", {"prompt": "long", "duration_sec": 600, "seed": 5})
    editor.wait("#test.events > 0")
    os.kill(pid, signal.SIGKILL)
    (answer,) = editor.answers("long")
    assert answer["err"]["code"] in {"CONNECTION_LOST", "NO_DAEMON"}
    assert answer["err"]["hint"] == "ask again, with seed = 5 for the same track"
    # The next daemon goes on with the long one; this comes first.
    assert editor.call("generate", WISH | {"priority": "high"})["result"]["prompt"] == "a tone"
    assert pid_of(editor) != pid
    assert len(editor.answers("long")) == 1
    assert len(editor.events("generation_error")) == 1


def test_a_daemon_that_is_told_to_end_is_not_started_again_by_itself(
    new_editor: NewEditor, home: Path
) -> None:
    editor = new_editor()
    pid_of(editor)
    editor.lua("test.record('state_changed')")
    with Client(home / "run" / "lofi.sock") as client:
        client.call("shutdown")
        assert client.wait_closed(30)
    editor.wait("#test.events > 0")
    (change,) = editor.events("state_changed")
    assert change["state"] == "off"
    assert change["error"]["code"] == "SHUTTING_DOWN"


def live_in(editor: Editor, plugin: Path) -> None:
    """Have the plugin lie in a folder of the test's own."""
    plugin.mkdir(exist_ok=True)
    (plugin / "lua").symlink_to(ROOT / "lua")
    editor.lua("vim.opt.runtimepath:prepend(...)", str(plugin))


def test_a_wish_right_after_the_end_of_the_daemon_is_granted(new_editor: NewEditor) -> None:
    editor = new_editor()
    before = pid_of(editor)
    assert editor.call("request", "shutdown", {})["result"]["status"] == "shutting_down"
    editor.wait("require('lofi.client').state() ~= 'connected'")
    assert pid_of(editor) != before


# -- what may be missing or broken -------------------------------------------------------------------------


def test_without_lofi_core_the_remedy_is_told(open_editor: OpenEditor, home: Path) -> None:
    editor = open_editor(home / "s.sock", PATH="/nowhere")
    live_in(editor, home / "plugin")  # a checkout has a .venv
    err = editor.call("generate", WISH)["err"]
    assert err["code"] == "NOT_INSTALLED"
    assert err["message"].startswith("lofi-core is neither on PATH nor at ")
    assert "pip install lofi-core" in err["hint"]
    assert editor.state() == "off"


def test_a_configured_command_that_is_not_there_is_named(new_editor: NewEditor) -> None:
    err = new_editor(cmd="/nowhere/lofi-core").call("generate", WISH)["err"]
    assert err["code"] == "NOT_INSTALLED"
    assert err["message"] == "cmd is '/nowhere/lofi-core', which cannot be run"


def test_a_lofi_core_whose_python_is_gone_is_explained(new_editor: NewEditor, home: Path) -> None:
    broken = program(home / "lofi-core", "#!/nowhere/python3\nimport lofi_core\n")
    err = new_editor(cmd=broken).call("generate", WISH)["err"]
    assert err["code"] == "START_FAILED"
    assert "ENOENT" in err["message"]
    assert "its Python may be gone" in err["hint"]


def test_a_lofi_core_that_fails_says_what_it_said(new_editor: NewEditor, home: Path) -> None:
    failing = program(home / "lofi-core", "#!/bin/sh\necho 'no module named lofi_core' >&2\nexit 3\n")
    err = new_editor(cmd=failing).call("generate", WISH)["err"]
    assert err["message"] == f"{failing} ended with status 3: no module named lofi_core"
    assert err["hint"].startswith(f"run it in a terminal: {failing} --socket ")


def test_a_lofi_core_that_is_killed_is_no_success(new_editor: NewEditor, home: Path) -> None:
    killed = program(home / "lofi-core", "#!/bin/sh\nkill -9 $$\n")
    err = new_editor(cmd=killed).call("generate", WISH)["err"]
    assert err["message"] == f"{killed} was ended by signal 9: it said nothing"


def test_an_editor_may_end_while_a_daemon_starts(new_editor: NewEditor, home: Path) -> None:
    slow = program(home / "lofi-core", '#!/bin/sh\nsleep 1\ntouch "$HOME/started"\n')
    editor = new_editor(cmd=slow)
    editor.begin("made", "generate", WISH)
    editor.quit()
    while not (home / "started").exists():  # bounded by the test's own timeout
        time.sleep(0.02)


def test_a_lofi_core_that_hangs_is_given_up(new_editor: NewEditor, home: Path) -> None:
    hanging = program(home / "lofi-core", "#!/bin/sh\nexec sleep 60\n")
    err = new_editor(cmd=hanging, start_timeout_ms=100).call("generate", WISH)["err"]
    assert err["code"] == "START_FAILED"
    assert "did not start a daemon in time" in err["message"]
    assert err["hint"].startswith("`:Lofi log` shows what it wrote; start_timeout_ms in setup()")


def test_the_daemons_own_reason_not_to_start_is_told(new_editor: NewEditor, home: Path) -> None:
    (home / "run").mkdir(mode=0o700)
    (home / "run" / "lofi.sock").write_text("not a socket")
    err = new_editor().call("generate", WISH)["err"]
    assert err["code"] == "NO_DAEMON"
    assert "lofi.sock exists and is no socket" in err["message"]
    (home / "run" / "lofi.sock").unlink()


def test_everybody_who_waits_for_a_start_that_fails_is_told(new_editor: NewEditor) -> None:
    editor = new_editor(cmd="/nowhere/lofi-core")
    for _ in range(3):
        editor.begin("made", "generate", WISH)
    assert [answer["err"]["code"] for answer in editor.answers("made", 3)] == ["NOT_INSTALLED"] * 3
    assert not editor.lua("return require('lofi').is_generating()")


def found(editor: Editor) -> list[str]:
    """The command that the editor would run."""
    command: list[str] = editor.lua("return assert(require('lofi.daemon').command())")
    return command


def test_the_configured_command_is_taken_first(open_editor: OpenEditor, home: Path) -> None:
    on_path = program(home / "bin" / "lofi-core", "#!/bin/sh\n")
    chosen = program(home / "chosen", "#!/bin/sh\n")
    editor = open_editor(home / "s.sock", PATH=f"{home}/bin:{os.environ['PATH']}")
    assert found(editor) == [on_path]
    editor.lua("require('lofi').setup({ cmd = '~/chosen' })")
    assert found(editor) == [chosen]
    editor.lua("require('lofi').setup({ cmd = { 'env', 'lofi-core' } })")
    assert found(editor) == ["env", "lofi-core"]


def test_the_plugins_own_venv_is_the_last_resort(open_editor: OpenEditor, home: Path) -> None:
    own = program(home / "plugin" / ".venv" / "bin" / "lofi-core", "#!/bin/sh\n")
    editor = open_editor(home / "s.sock", PATH="/nowhere")
    live_in(editor, home / "plugin")
    assert found(editor) == [own]
