"""What the status line says, as events come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import DaemonProcess, Gate
    from tests.nvim.conftest import Lua, Watch
    from tests.nvim.watched import Watched

LINE = "require('lofi').statusline()"
TRACK = "ab" * 16
JOB = {"id": "cd" * 16, "prompt": "the next one", "state": "running", "percent": 40, "eta_sec": 12.2}


@pytest.fixture
def line(lua: Lua) -> Iterator[Lua]:
    """A status line that knows nothing."""
    lua("require('lofi.statusline').clear()")
    yield lua
    lua("require('lofi.statusline').clear()")


def after(line: Lua, *events: tuple[str, dict[str, Any]]) -> str:
    for name, fields in events:
        line("require('lofi.statusline').on_event(...)", name, fields)
    return str(line(f"return {LINE}"))


START = ("generation_start", {"track_id": TRACK, "prompt": "rainy night"})
PLAYS = ("playback_started", {"track_id": TRACK, "position_sec": 0})


@pytest.mark.parametrize(
    ("events", "shown"),
    [
        ([], ""),
        ([START], ""),
        ([START, PLAYS], "♪ rainy night"),
        ([START, PLAYS, ("playback_paused", {"track_id": TRACK})], "⏸ rainy night"),
        ([START, PLAYS, ("playback_buffering", {"track_id": TRACK})], "… rainy night"),
        ([START, PLAYS, ("playback_ended", {"track_id": TRACK, "reason": "finished"})], ""),
        # The end of the one before may come after the start of the next.
        ([START, PLAYS, ("playback_ended", {"track_id": "ef" * 16, "reason": "finished"})], "♪ rainy night"),
        ([START, PLAYS, ("radio_changed", {"state": "playing"})], "♪ radio rainy night"),
        ([PLAYS], "♪"),
    ],
)
def test_the_line_says_what_plays(line: Lua, events: list[Any], shown: str) -> None:
    line("package.loaded['lofi.statusline'] = nil")
    assert after(line, *events) == shown


def test_the_line_says_what_is_being_made_and_how_long_it_takes(line: Lua) -> None:
    line("require('lofi.statusline').job(...)", JOB)
    assert after(line) == "▄ the next one 13 s"
    assert after(line, START, PLAYS) == "♪ rainy night ▄ the next one 13 s"


def test_a_track_that_plays_while_it_is_made_is_named_once(line: Lua) -> None:
    line("require('lofi.statusline').job(...)", {**JOB, "id": TRACK})
    assert after(line, START, PLAYS) == "♪ rainy night ▄ 13 s"


def test_the_line_has_no_percent_sign_that_the_editor_would_expand(line: Lua) -> None:
    named = ("generation_start", {"track_id": TRACK, "prompt": "100% %f {%x} rain"})
    assert after(line, named, PLAYS) == "♪ 100% %f {%x} rain".replace("%", "\N{FULLWIDTH PERCENT SIGN}")


def test_the_line_asks_nobody(line: Lua) -> None:
    assert line(f"{LINE}; return package.loaded['lofi.client'] == nil")


def test_the_line_on_the_screen_follows_what_plays(daemon: DaemonProcess, watch: Watch) -> None:
    editor, other = watch(daemon.socket), watch(daemon.socket)
    editor.lua("vim.o.laststatus = 2; vim.o.statusline = '%t <%{v:lua.require\\'lofi\\'.statusline()}>'")
    editor.wait_until_seen("[No Name] <>")
    editor.command("Lofi soft rain --duration=30 --seed=5")
    editor.wait_until_seen("<♪ soft rain")
    editor.wait_until_seen("<♪ soft rain>")
    # The other one comes later and finds out.
    other.lua("require('lofi').pause(test.answered('pause'))")
    other.wait(f"{LINE} == '⏸ soft rain'")
    editor.wait_until_seen("<⏸ soft rain>")
    other.command("Lofi stop")
    editor.wait_until_seen("<>")


def test_the_line_says_nothing_once_the_daemon_is_gone(daemon: DaemonProcess, watch: Watch) -> None:
    editor: Watched = watch(daemon.socket)
    editor.command("Lofi soft rain --duration=30 --seed=5")
    editor.wait(f"vim.startswith({LINE}, '♪ soft rain')")
    daemon.stop()
    editor.wait(f"{LINE} == ''")


def test_a_job_of_the_daemon_counts_up(daemon: DaemonProcess, watch: Watch, gate: Gate) -> None:
    editor = watch(daemon.socket)
    editor.command(f"Lofi step by step --backend=stepped --duration=10 --gate={gate.path} --no-play")
    editor.wait(f"{LINE} == '▁ step by step'")
    gate.open(10)
    editor.wait(f"{LINE} == ''")
