"""`:Lofi radio` and `:Lofi daemon` from beginning to end, with a real daemon."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import pytest

from lofi_core.rpc.client import Client, NoDaemon

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import DaemonProcess
    from tests.nvim.conftest import Watch
    from tests.nvim.watched import Watched


@pytest.fixture
def editor(daemon: DaemonProcess, watch: Watch) -> Watched:
    return watch(daemon.socket, 80, 24)


@pytest.fixture
def keeper(home: Path, watch: Watch) -> Iterator[Watched]:
    """An editor without a daemon, which may start one; it ends with the test."""
    path = home / "run" / "lofi.sock"
    editor = watch(path, LOFI_DATA_DIR=str(home / "data"))
    editor.lua("require('lofi').setup({ cmd = ... })", [sys.executable, "-m", "lofi_core"])
    yield editor
    try:
        with Client(path) as client:
            client.call("shutdown")
            assert client.wait_closed(30)
    except NoDaemon:
        pass


def told(editor: Watched, line: str) -> str:
    """Run a command and wait for what it tells."""
    editor.lua("test.told = {}")
    editor.command(line)
    editor.wait("#test.told > 0")
    return editor.told()[0]


def test_the_radio_goes_from_the_first_word_to_the_last(daemon: DaemonProcess, editor: Watched) -> None:
    editor.lua("test.record('playback_started'); test.record('radio_changed')")
    assert told(editor, "Lofi radio status") == "radio: off"
    assert told(editor, "Lofi radio slow rain | night {wind|snow} --duration=20 --sleep=30").startswith(
        "radio: playing"
    )
    editor.wait("#vim.tbl_filter(function(e) return e[1] == 'playback_started' end, test.events) > 0")
    editor.wait("vim.startswith(require('lofi').statusline(), '♪ radio ')")
    said = told(editor, "Lofi radio status")
    assert re.match(r"radio: playing · .*(slow rain|night (wind|snow))", said), said
    assert re.search(r"sleeps in (30:00|29:\d\d)", said), said
    assert "♥" in told(editor, "Lofi radio like")
    assert told(editor, "Lofi radio more").startswith("radio: playing")
    with daemon.client() as client:
        status = client.call("radio_status")
        assert status["station"]["prompts"] == ["slow rain", "night {wind|snow}"]
        assert status["now"]["liked"]
        assert told(editor, "Lofi radio dislike").startswith("radio: playing")
        assert told(editor, "Lofi radio stop") == "radio: off"
        assert client.call("radio_status")["state"] == "off"
    editor.wait("not require('lofi').statusline():find('radio')")


def test_a_preset_is_played_by_its_name_and_a_wrong_one_is_suggested(
    daemon: DaemonProcess, editor: Watched
) -> None:
    wrong = told(editor, "Lofi radio --preset=fokus")
    assert "fokus" in wrong
    assert "focus" in wrong
    assert told(editor, "Lofi radio --preset=focus --duration=20").startswith("radio: playing")
    with daemon.client() as client:
        assert client.call("radio_status")["station"]["preset"] == "focus"
    told(editor, "Lofi radio stop")


def test_a_map_begins_and_ends_the_radio(daemon: DaemonProcess, editor: Watched) -> None:
    editor.lua("vim.keymap.set('n', 'x', '<Plug>(lofi-radio)')")
    for state in ("playing", "off"):
        editor.lua("require('lofi').status(test.answered('connected')); test.told = {}")
        editor.answers("connected")
        editor.keys("x")
        editor.wait("#test.told > 0")
        assert editor.told()[0].startswith(f"radio: {state}")


def process_of(said: str) -> int:
    """The process id in what `:Lofi daemon start` tells."""
    found = re.fullmatch(r"lofi-core \S+ runs, process (\d+)", said)
    assert found, said
    return int(found[1])


def test_the_daemon_is_started_restarted_and_stopped(keeper: Watched, home: Path) -> None:
    first = process_of(told(keeper, "Lofi daemon start"))
    assert process_of(told(keeper, "Lofi daemon start")) == first
    second = process_of(told(keeper, "Lofi daemon restart"))
    assert second != first
    with Client(home / "run" / "lofi.sock") as client:
        assert client.call("hello")["pid"] == second
        assert told(keeper, "Lofi daemon stop") == "the daemon ends"
        assert client.wait_closed(30)
    keeper.wait("require('lofi.client').state() == 'off'")
    assert told(keeper, "Lofi daemon stop") == "no daemon runs"


def test_a_restart_where_none_runs_starts_one(keeper: Watched) -> None:
    process_of(told(keeper, "Lofi daemon restart"))


def test_a_daemon_that_cannot_start_says_why(keeper: Watched) -> None:
    keeper.lua("require('lofi').setup({ cmd = '/nowhere/lofi-core' })")
    said = told(keeper, "Lofi daemon start")
    assert said.startswith("cmd is '/nowhere/lofi-core', which cannot be run\n→ install it with")


def test_what_the_daemon_cannot_do_is_refused(keeper: Watched) -> None:
    said = told(keeper, "Lofi daemon dance")
    assert said == ":Lofi daemon cannot 'dance'\n→ :Lofi daemon [start | stop | restart]"
