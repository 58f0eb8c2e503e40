"""The subcommands of `:Lofi`, against a real daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import DaemonProcess, Gate
    from tests.nvim.conftest import Lua, Watch
    from tests.nvim.watched import Watched

WARN = 3
OWN = ("lofi-core  0.1.0, process", "socket", "volume     100%", "queue      0 of 10 wait", "no model")


@pytest.fixture
def editor(daemon: DaemonProcess, watch: Watch) -> Watched:
    return watch(daemon.socket, 80, 24)


def told(editor: Watched, line: str) -> str:
    """Run a command and wait for what it tells."""
    editor.lua("test.told = {}")
    editor.command(line)
    editor.wait("#test.told > 0")
    return editor.told()[0]


def play(editor: Watched, prompt: str, **more: str) -> None:
    """Have a track made and wait until it plays."""
    editor.lua("test.events = {}; test.record('playback_started')")
    editor.command(f"Lofi {prompt} --duration=30 --seed=9")
    editor.wait("#test.events > 0")


def complete(editor: Watched, line: str) -> list[str]:
    """What Tab offers behind a line."""
    offered: list[str] = editor.lua("return vim.fn.getcompletion(..., 'cmdline')", line)
    return offered


@pytest.mark.parametrize("line", ["Lofi status", "Lofi", "Lofi daemon"])
def test_the_status_is_shown_in_a_window_that_q_closes(editor: Watched, line: str) -> None:
    editor.lua("require('lofi').tracks({}, test.answered('connected'))")
    editor.answers("connected")
    editor.command(line)
    editor.wait_until_seen(" lofi status ", "playing    nothing", *OWN)
    editor.keys("q")
    editor.wait_until_gone(" lofi status ")


def test_without_a_daemon_the_status_says_so_and_starts_none(home: Path, watch: Watch) -> None:
    editor = watch(home / "nobody.sock")
    said = told(editor, "Lofi status")
    assert said.startswith("no daemon listens at ")
    assert "\n→ " in said
    assert not (home / "nobody.sock").exists()


def test_backends_are_listed_with_the_way_to_get_them(editor: Watched) -> None:
    editor.command("Lofi backends")
    shown = editor.wait_until_seen("* procedural", "not_installed", "* makes what names no backend")
    assert ":Lofi download musicgen gets its model" in shown


def test_the_alias_lists_backends_too(editor: Watched) -> None:
    editor.command("LofiBackends")
    editor.wait_until_seen("* procedural")


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("Lofi volume 40%", 0.4),
        ("Lofi volume 40", 0.4),
        ("Lofi volume 0.25", 0.25),
        ("Lofi volume 1", 1.0),
        ("Lofi volume -5%", 0.95),
        ("Lofi volume +5", 1.0),
    ],
)
def test_the_volume_is_set_as_it_is_said(
    daemon: DaemonProcess, editor: Watched, line: str, level: float
) -> None:
    editor.lua("require('lofi').tracks({}, test.answered('connected'))")
    editor.answers("connected")
    assert told(editor, line) == f"volume {level:.0%}"
    with daemon.client() as client:
        assert client.call("volume_get")["level"] == pytest.approx(level)


def test_a_volume_that_is_none_is_refused(editor: Watched) -> None:
    editor.lua("require('lofi').tracks({}, test.answered('connected'))")
    editor.answers("connected")
    assert told(editor, "Lofi volume loud").startswith("'loud' is no volume")


def test_the_sound_is_held_and_goes_on_by_commands_and_maps(daemon: DaemonProcess, editor: Watched) -> None:
    play(editor, "to be held")
    with daemon.client() as client:
        client.call("subscribe", events=["playback_"])
        for line, heard in [
            ("Lofi pause", "playback_paused"),
            ("Lofi play", "playback_resumed"),
            ("Lofi toggle", "playback_paused"),
            ("LofiPlay", "playback_resumed"),
            ("LofiStop", "playback_ended"),
        ]:
            editor.command(line)
            wait_for(client, heard)
        assert client.call("status")["playback"]["state"] == "stopped"
    editor.lua("vim.keymap.set('n', 'x', '<Plug>(lofi-toggle)')")
    editor.keys("x")
    editor.wait("vim.startswith(require('lofi').statusline(), '♪ to be held')")
    editor.lua("vim.keymap.set('n', 'x', '<Plug>(lofi-volume-down)')")
    editor.keys("x")
    editor.wait("test.told[#test.told] and test.told[#test.told].text == 'volume 95%'")


def test_a_track_is_played_by_its_words(daemon: DaemonProcess, editor: Watched) -> None:
    play(editor, "the words of a track")
    editor.command("Lofi stop")
    editor.wait("require('lofi').statusline() == ''")
    editor.command("Lofi play words of a")
    editor.wait("vim.startswith(require('lofi').statusline(), '♪ the words of a track')")
    assert told(editor, "Lofi play nothing like it").startswith("no track matches 'nothing like it'")


def test_the_queue_shows_what_is_made_and_what_plays(editor: Watched, gate: Gate) -> None:
    play(editor, "it plays")
    editor.wait("#require('lofi.progress').jobs() == 0")
    editor.command(f"Lofi being made --backend=stepped --duration=5 --gate={gate.path} --no-play")
    editor.wait("(require('lofi.progress').jobs()[1] or {}).state == 'running'")
    editor.command("Lofi waiting --backend=sine --duration=5 --no-play --priority=normal")
    editor.wait("#require('lofi.progress').jobs() == 2")
    editor.command("Lofi queue")
    shown = editor.wait_until_seen("Making", "Waiting", "Playlist", "♪ it plays")
    assert shown.index("being made") < shown.index("Waiting") < shown.index("Playlist")
    editor.keys("q")
    assert told(editor, "Lofi queue clear") == "1 waiting jobs cancelled"
    assert told(editor, "Lofi queue add it plays") == "plays later: it plays"
    assert told(editor, "Lofi queue jump").startswith(":Lofi queue cannot 'jump'")


def test_two_editors_share_a_job_and_each_withdraws_its_own_interest(
    daemon: DaemonProcess, watch: Watch, gate: Gate
) -> None:
    here, there = watch(daemon.socket), watch(daemon.socket)
    line = f"Lofi shared by two --backend=stepped --duration=5 --seed=1 --gate={gate.path} --no-play"
    for editor in (here, there):
        editor.command(line)
        editor.wait_until_seen("│ shared by two")
    assert told(here, "Lofi cancel") == (
        "others wait for it, so it goes on; :Lofi cancel --force ends it for them too"
    )
    here.wait_until_seen("│ cancelled")
    assert "cancelled" not in there.screenshot()
    gate.open(10)
    there.wait_until_seen("│ ✓ 0:05")


def test_what_nobody_knows_how_to_download_is_refused(editor: Watched) -> None:
    assert "no_such" in told(editor, "Lofi download no_such")
    assert "backend" in told(editor, "Lofi download")


def test_the_daemon_is_ended_and_that_is_no_accident(daemon: DaemonProcess, editor: Watched) -> None:
    editor.lua("require('lofi').tracks({}, test.answered('connected'))")
    editor.answers("connected")
    assert told(editor, "Lofi daemon stop") == "the daemon ends"
    assert daemon.process.wait(20) == 0
    editor.wait("require('lofi.client').state() == 'off'")
    assert told(editor, "Lofi daemon stop") == "no daemon runs"
    assert told(editor, "Lofi daemon dance").startswith(":Lofi daemon cannot 'dance'")


def test_the_log_is_shown_from_its_end(home: Path, editor: Watched) -> None:
    log = home / "state" / "lofi" / "lofi.log"
    assert told(editor, "Lofi log").splitlines()[0] == f"there is no log at {log}"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("".join(f"line {number}\n" for number in range(40_000)))
    editor.command("Lofi log")
    shown = editor.wait_until_seen("line 39999", " lofi log ")
    assert "line 39000" not in shown


@pytest.mark.parametrize(
    ("environ", "path"),
    [
        ({"LOFI_DATA_DIR": "/d"}, "/d/state/lofi.log"),
        ({"XDG_STATE_HOME": "/s"}, "/s/lofi/lofi.log"),
        ({"XDG_STATE_HOME": "relative"}, "/h/.local/state/lofi/lofi.log"),
        ({"LOFI_DATA_DIR": "/d", "XDG_STATE_HOME": "/s"}, "/d/state/lofi.log"),
    ],
)
def test_the_log_is_where_the_daemon_puts_it(lua: Lua, environ: dict[str, str], path: str) -> None:
    assert lua("return require('lofi.commands.log').path(..., '/h', false)", environ) == path


def test_tab_completes_from_what_the_daemon_says(editor: Watched) -> None:
    assert "status" in complete(editor, "Lofi ")
    assert complete(editor, "Lofi rain --temp") == []  # pressing Tab starts nothing
    play(editor, "a track to be completed")
    assert complete(editor, "Lofi rain --temp") == ["--tempo="]
    assert complete(editor, "Lofi rain --backend=proc") == ["--backend=procedural"]
    editor.wait("#require('lofi.progress').jobs() == 0")
    assert complete(editor, "Lofi play a track to") == ["to be completed"]
    assert complete(editor, "LofiPlay a tra") == ["track to be completed"]
    assert complete(editor, "LofiAce rain --sched") == ["--scheduler="]


def test_tab_answers_at_once_though_the_daemon_hangs(lua: Lua) -> None:
    asked = lua("""
        package.loaded["lofi.known"] = nil
        package.loaded["lofi.client"] = { state = function() return "connected" end }
        local asked, before = 0, package.loaded["lofi"]
        package.loaded["lofi"] = { request = function() asked = asked + 1 end }
        local started = vim.uv.now()
        for _ = 1, 20 do
          require("lofi.commands").complete("--t", "Lofi rain --t", 13)
        end
        package.loaded["lofi"], package.loaded["lofi.client"], package.loaded["lofi.known"] = before, nil, nil
        return asked
    """)
    assert asked == 1


def test_start_up_loads_nothing(editor: Watched) -> None:
    loaded = (
        "return vim.tbl_filter(function(name) return name:match('^lofi') end, vim.tbl_keys(package.loaded))"
    )
    assert editor.lua(loaded) == []
    commands: dict[str, Any] = editor.lua("return vim.api.nvim_get_commands({})")
    assert {"Lofi", "LofiAce", "LofiBackends", "LofiCancel", "LofiPlay", "LofiStop"} <= set(commands)
    assert editor.lua("return vim.tbl_filter(function(k) return k:match('lofi') end, vim.tbl_keys(_G))") == []
