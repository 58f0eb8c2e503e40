"""Does `:checkhealth lofi` see what works, name what does not, and come to an end?"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lofi_core.rpc.client import Client, NoDaemon
from tests.nvim.core.driver import ROOT
from tests.nvim.core.scripted import response

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import DaemonProcess, InstallBackend, StartDaemon
    from tests.nvim.core.conftest import Listen, OpenEditor
    from tests.nvim.core.driver import Editor

    Program = Callable[[str], str]

LOFI_CORE = [sys.executable, "-m", "lofi_core"]
STATUS: dict[str, Any] = {
    "version": "9.9",
    "clients": 1,
    "running": [],
    "queue": {"length": 0, "capacity": 10, "paused": 0},
    "playback": {"state": "stopped", "device": "default"},
    "models": [],
    "device": "cpu",
}
PROCEDURAL = {"type": "procedural", "status": "ready", "min_duration_sec": 5, "variants": []}
KNOWS_ALL = {"methods": re.findall(r'"(\w+)"', (ROOT / "lua/lofi/protocol.lua").read_text("utf-8"))}


@pytest.fixture
def program(home: Path) -> Program:
    """Write a script that can be run, in place of lofi-core."""

    def write(text: str) -> str:
        path = home / "bin" / "lofi-core"
        path.parent.mkdir()
        path.write_text(text)
        path.chmod(0o755)
        return str(path)

    return write


@pytest.fixture
def alone(home: Path, open_editor: OpenEditor) -> Editor:
    """An editor without a daemon, which may start one."""
    editor = open_editor(home / "run" / "lofi.sock", LOFI_DATA_DIR=str(home / "data"))
    editor.lua("require('lofi').setup({ cmd = ... })", LOFI_CORE)
    return editor


def check(editor: Editor) -> str:
    """Run the check; what its buffer says, each report and its advice in one line."""
    editor.nvim.command("checkhealth lofi")
    text = "\n".join(editor.lua("return vim.api.nvim_buf_get_lines(0, 0, -1, false)"))
    return re.sub(r"\n {2,}(- ADVICE:)?\n? *(- )?", " ", text)


def reports(text: str, kind: str) -> list[str]:
    """The reports of one kind: OK, WARNING or ERROR."""
    return re.findall(rf"^- .*?{kind} (.*)$", text, re.MULTILINE)


def only(found: list[str]) -> str:
    """The one there is."""
    (one,) = found
    return one


def test_a_good_installation_is_clean_and_left_as_it_was(alone: Editor, home: Path) -> None:
    text = check(alone)
    assert reports(text, "ERROR") == []
    assert reports(text, "WARNING") == []
    for said in (
        r"Neovim 0\.11\.\d",
        r"lofi-core 0\.1\.0: \S+ -m lofi_core \(cmd in setup\(\)\)",
        r"daemon 0\.1\.0, protocol 1, process \d+, started for this check",
        r"procedural \(the default\): ready",
        r"models run on: cpu",
        r"procedural made 5 s of music in \d+\.\d\d s: \d\.\d\d s for one second",
    ):
        assert re.search(said, text), f"no {said} in\n{text}"
    with pytest.raises(NoDaemon):
        Client(home / "run" / "lofi.sock")
    assert list((home / "data").rglob("*.flac")) == []
    assert alone.state() == "off"


def test_beside_a_daemon_that_runs_it_only_looks(daemon: DaemonProcess, open_editor: OpenEditor) -> None:
    editor = open_editor(daemon.socket)
    editor.lua("require('lofi').setup({ cmd = ... })", LOFI_CORE)
    editor.lua("test.record('generation_accepted')")
    text = check(editor)
    assert reports(text, "ERROR") + reports(text, "WARNING") == []
    assert f"directory {daemon.socket.parent} is yours alone" in text
    assert f"socket {daemon.socket} is yours alone" in text
    assert "the audio device is 'null'" in text
    assert "started for this check" not in text
    assert editor.events("generation_accepted") == []
    with daemon.client() as client:
        assert client.call("tracks_list")["total"] == 0


def test_the_command_runs_it(alone: Editor) -> None:
    alone.lua("require('lofi').setup({ cmd = '/nowhere', autostart = false })")
    alone.nvim.command("Lofi health")
    assert "lofi: lofi-core" in "\n".join(alone.lua("return vim.api.nvim_buf_get_lines(0, 0, -1, false)"))


def test_settings_that_were_wrong_are_told_again(alone: Editor) -> None:
    alone.lua(
        "require('lofi').setup({ sokcet = '/x', autostart = false, progress = 'fidget', cmd = ... })",
        LOFI_CORE,
    )
    text = check(alone)
    wrong, fidget, off = reports(text, "WARNING")
    assert wrong.startswith("setup: unknown key 'sokcet'; did you mean 'socket'? :help |lofi-config| lists")
    assert "fidget.nvim is not installed" in fidget
    assert "autostart is off `lofi-core serve --detach` starts one" in off


# -- what may be broken ------------------------------------------------------------------------------------


def test_without_python_both_are_to_be_installed(open_editor: OpenEditor, home: Path) -> None:
    editor = open_editor(home / "s.sock", PATH="/nowhere")
    (home / "plugin").mkdir()
    (home / "plugin" / "lua").symlink_to(ROOT / "lua")  # this checkout may have a .venv
    editor.lua("vim.opt.runtimepath:prepend(...)", str(home / "plugin"))
    missing, python = reports(check(editor), "ERROR")
    assert missing.startswith("NOT_INSTALLED: lofi-core is neither on PATH nor at ")
    assert "`pip install lofi-core`" in missing
    assert python == "there is no python3 on PATH install Python 3.11 or newer: lofi-core runs on it"


def test_an_old_python_is_told_where_lofi_core_is_missing(open_editor: OpenEditor, program: Program) -> None:
    path = program("#!/bin/sh\necho Python 3.9.2\n")
    directory = Path(path).parent
    Path(path).rename(directory / "python3")
    editor = open_editor(directory / "s.sock", PATH=str(directory))
    editor.lua("require('lofi').setup({ cmd = '/nowhere/lofi-core' })")
    missing, python = reports(check(editor), "ERROR")
    assert "cmd is '/nowhere/lofi-core', which cannot be run" in missing
    assert f"{directory}/python3 is Python 3.9.2 install Python 3.11 or newer" in python


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (
            "#!/nowhere/python3\n",
            r"cannot be run: ENOENT: no such file or directory its Python may be gone: install lofi-core",
        ),
        ("#!/bin/sh\necho no module >&2; exit 3\n", r"ended with status 3: no module run it in a terminal"),
        ("#!/bin/sh\nexec sleep 60\n", r"says nothing within 0\.3 s run it in a terminal"),
    ],
)
def test_a_lofi_core_that_does_not_run_is_told(
    alone: Editor, program: Program, script: str, said: str
) -> None:
    alone.lua("require('lofi').setup({ cmd = ..., timeout_ms = 300 })", program(script))
    error = only(reports(check(alone), "ERROR"))
    assert re.search(said, error), error


def test_a_daemon_that_does_not_start_is_told_with_its_reason(alone: Editor, home: Path) -> None:
    (home / "run").mkdir(mode=0o700)
    (home / "run").chmod(0o777)
    rights, start = reports(check(alone), "ERROR")
    assert rights.startswith(
        f"directory {home}/run has the rights 0777: others may put their socket in place"
    )
    assert f"chmod 700 '{home}/run', or set another socket" in rights
    assert "other users may write to" in start


def test_a_start_that_hangs_is_given_up(alone: Editor, program: Program) -> None:
    script = program(
        '#!/bin/sh\ncase "$*" in --version) echo lofi-core, version 0.1.0;; *) exec sleep 60;; esac\n'
    )
    alone.lua("require('lofi').setup({ cmd = ..., start_timeout_ms = 200 })", script)
    error = only(reports(check(alone), "ERROR"))
    assert "did not start a daemon in time `:Lofi log` shows what it wrote" in error


def test_another_protocol_is_explained(listen: Listen, caller: Editor) -> None:
    listen(protocol=2)
    error = reports(check(caller), "ERROR")[-1]
    assert (
        "VERSION_MISMATCH: the daemon (lofi-core 9.9, pid 1) speaks protocol 2, and this plugin speaks 1"
        in error
    )
    assert "update the plugin, then end the old daemon with `lofi-core shutdown`" in error


def test_a_daemon_of_another_version_is_told(listen: Listen, home: Path, caller: Editor) -> None:
    daemon = listen(methods=["hello", "status"])
    daemon.answers["status"] = lambda msgid, _: response(msgid, STATUS)
    caller.lua("require('lofi').setup({ cmd = ..., autostart = false, timeout_ms = 300 })", LOFI_CORE)
    (home / "s.sock").chmod(0o600)
    version, methods = reports(check(caller), "WARNING")
    assert version == (
        "the daemon is lofi-core 9.9, and the program is 0.1.0 `:Lofi daemon restart` starts the other"
    )
    assert "older than this plugin and has no describe, ping" in methods
    assert "update lofi-core, then `:Lofi daemon restart`" in methods


def test_a_socket_that_others_may_use_is_told(listen: Listen, home: Path, caller: Editor) -> None:
    listen(protocol=2)
    (home / "s.sock").chmod(0o666)
    error = reports(check(caller), "ERROR")
    assert any(
        said.startswith(f"socket {home}/s.sock has the rights 0666: others may use it") for said in error
    )
    assert any(f"chmod 600 '{home}/s.sock'" in said for said in error)


def test_another_program_at_the_socket_is_told(listen: Listen, caller: Editor) -> None:
    listen().answers["hello"] = b"HTTP/1.1 400 Bad Request\r\n\r\n"
    error = reports(check(caller), "ERROR")[-1]
    assert error.startswith("NOT_A_DAEMON: ")
    assert "another program may own that socket" in error


def test_a_file_where_the_socket_should_be_is_told(alone: Editor, home: Path) -> None:
    (home / "run").mkdir(mode=0o700)
    (home / "run" / "lofi.sock").write_text("not a socket")
    error = reports(check(alone), "ERROR")[0]
    assert error.startswith(f"{home}/run/lofi.sock is a file, not a socket remove it, or set another socket")


def test_a_broken_backend_is_told_and_the_others_are_not(
    install_backend: InstallBackend, start_daemon: StartDaemon, open_editor: OpenEditor
) -> None:
    install_backend("broken", "raise ImportError('no module named torch')")
    editor = open_editor(start_daemon().socket)
    editor.lua("require('lofi').setup({ cmd = ..., backend = 'brokn' })", LOFI_CORE)
    wanted, broken = reports(check(editor), "ERROR")
    assert wanted.startswith(
        "there is no backend 'brokn'; did you mean 'broken'? set one of these as backend"
    )
    assert broken.startswith("broken: error: ")
    assert "no module named torch" in broken
    assert "update or remove its package lofi-broken, then `:Lofi daemon restart`" in broken


def test_a_default_that_has_no_model_is_told_with_the_way_to_get_it(alone: Editor) -> None:
    alone.lua("require('lofi').setup({ cmd = ..., backend = 'musicgen' })", LOFI_CORE)
    warning = only(reports(check(alone), "WARNING"))
    assert warning.startswith("musicgen (the default): not_installed")
    assert "`:Lofi download musicgen` gets its model; or set another backend in setup()" in warning


def test_a_daemon_that_hangs_is_not_waited_for(listen: Listen, caller: Editor) -> None:
    listen().answers["hello"] = b""
    caller.lua("require('lofi').setup({ autostart = false, timeout_ms = 200 })")
    error = reports(check(caller), "ERROR")[-1]
    assert error.startswith("TIMEOUT: the daemon's greeting took longer than 0.2 s `:Lofi log` shows")


def test_a_daemon_that_stops_answering_is_asked_no_more(listen: Listen, caller: Editor) -> None:
    daemon = listen()
    caller.lua("require('lofi').setup({ autostart = false, timeout_ms = 200 })")
    error = reports(check(caller), "ERROR")[-1]
    assert error.startswith("TIMEOUT: the daemon did not answer 'status' within 0.2 s")
    assert "get_backends" not in [method for _, method, _ in daemon.requests]


def test_a_track_that_never_comes_is_given_up_and_cancelled(listen: Listen, caller: Editor) -> None:
    daemon = listen(**KNOWS_ALL)
    for method, answer in {
        "status": STATUS,
        "get_backends": {"default_backend": "procedural", "backends": [PROCEDURAL]},
        "audio_devices": {"current": None, "available": [{"id": "null", "name": "null"}]},
        "generate": {"track_id": "t", "job_id": "j", "status": "queued", "seed": 1, "backend": "procedural"},
    }.items():
        daemon.answers[method] = lambda msgid, _, answer=answer: response(msgid, answer)  # type: ignore[misc]
    caller.lua("require('lofi').setup({ autostart = false, timeout_ms = 300 })")
    silent, slow = reports(check(caller), "ERROR")[-2:]
    assert silent.startswith("lofi-core finds no audio device connect one, or start the sound server")
    assert slow.startswith("TIMEOUT: making music with procedural took longer than 0.3 s")
    caller.call("request", "ping", {})
    assert ("cancel", [{"track_id": "t"}]) in [(method, params) for _, method, params in daemon.requests]
