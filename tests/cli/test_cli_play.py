"""Do the commands about playing ask for the right thing, and what does a terminal show?"""

import json
from typing import Any

import pytest

from benchmarks.own_daemon import source_of
from lofi_core.errors import AudioDeviceError
from lofi_core.rpc.client import Client
from tests.cli.conftest import Run
from tests.cli.scripted import ScriptedDaemon
from tests.cli.terminal import Terminal
from tests.conftest import DaemonProcess, InstallBackend, StartDaemon, events_until_end

TRACK_ID = "27380a46aa2445365a44c1e001dd040b"
PLAYLIST: dict[str, Any] = {
    "tracks": [
        {"track_id": TRACK_ID, "prompt": "rain \x1b[31m", "duration_sec": 75.0},
        {"track_id": "f" * 32, "prompt": "p", "title": "Sun", "duration_sec": 3600.0},
    ],
    "position": 0,
    "shuffle": False,
    "repeat": "all",
    "crossfade_sec": 3.0,
}


@pytest.fixture
def playing(scripted: ScriptedDaemon) -> ScriptedDaemon:
    """A daemon that plays a track."""
    for method in ("play", "pause", "stop", "skip"):
        scripted.answers[method] = {"state": "playing", "track_id": TRACK_ID}
    scripted.answers |= {"pause": {"state": "paused", "track_id": TRACK_ID}, "playlist_get": PLAYLIST}
    for method in ("add", "remove", "move", "clear", "mode"):
        scripted.answers[f"playlist_{method}"] = PLAYLIST
    return scripted


@pytest.mark.parametrize(
    ("command", "told"),
    [("play", "playing: rain \\x1b[31m\n"), ("pause", "paused: rain \\x1b[31m\n"), ("skip", "playing: rain")],
)
def test_a_command_tells_what_plays_now(run: Run, playing: ScriptedDaemon, command: str, told: str) -> None:
    assert run(command).out.startswith(told)


def test_stop_tells_of_silence(run: Run, playing: ScriptedDaemon) -> None:
    playing.answers["stop"] = {"state": "stopped", "track_id": TRACK_ID}
    assert run("stop").out == "silent\n"
    assert json.loads(run("stop", "--json").out) == playing.answers["stop"]


def test_play_takes_an_id_as_it_is(run: Run, playing: ScriptedDaemon) -> None:
    run("play", TRACK_ID)
    assert ("play", {"track_id": TRACK_ID}) in playing.requests


def test_play_takes_words_for_the_newest_track_that_has_them(run: Run, playing: ScriptedDaemon) -> None:
    playing.answers["tracks_list"] = {"tracks": [{"track_id": TRACK_ID}], "total": 1}
    run("play", "rainy", "night")
    assert ("tracks_list", {"query": "rainy night", "limit": 1}) in playing.requests
    assert ("play", {"track_id": TRACK_ID}) in playing.requests


def test_words_that_no_track_has_are_told(run: Run, playing: ScriptedDaemon) -> None:
    playing.answers["tracks_list"] = {"tracks": [], "total": 0}
    exit_status, _, err = run("playlist", "add", "sun")
    assert (exit_status, err.startswith("UNKNOWN_TRACK: no track has 'sun'")) == (1, True)


@pytest.mark.parametrize(("text", "seconds"), [("90", 90.0), ("1:30", 90.0), ("1:02:03.5", 3723.5)])
def test_seek_reads_seconds_and_minutes(
    run: Run, scripted: ScriptedDaemon, text: str, seconds: float
) -> None:
    scripted.answers["seek"] = lambda fields: {"position_sec": fields["position_sec"]}
    assert json.loads(run("seek", text, "--json").out) == {"position_sec": seconds}


@pytest.mark.parametrize(
    "arguments", [("seek", "soon"), ("volume", "loud"), ("playlist", "mode", "--repeat", "x")]
)
def test_what_is_no_place_level_or_mode_is_bad_usage(
    run: Run, playing: ScriptedDaemon, arguments: tuple[str, ...]
) -> None:
    assert run(*arguments).exit_status == 2


def test_volume_is_shown_and_set(run: Run, scripted: ScriptedDaemon) -> None:
    scripted.answers["volume_get"] = {"level": 1.0}
    scripted.answers["volume_set"] = lambda fields: fields
    assert [run("volume").out, run("volume", "0.4").out, run("volume", "5%").out] == [
        "100%\n",
        "40%\n",
        "5%\n",
    ]


def test_the_playlist_is_a_table_with_a_mark_and_its_mode(run: Run, playing: ScriptedDaemon) -> None:
    _, _, rain, sun, mode = run("playlist").out.splitlines()
    assert rain.split() == ["1", ">", "1:15", "rain", "\\x1b[31m", TRACK_ID]
    assert sun.split() == ["2", "1:00:00", "Sun", "f" * 32]
    assert mode == "in order, repeat all, crossfade 3 s"
    assert json.loads(run("playlist", "--json").out) == PLAYLIST


def test_the_playlist_is_changed_with_numbers_from_1(run: Run, playing: ScriptedDaemon) -> None:
    run("playlist", "add", TRACK_ID, "--position", "2")
    run("playlist", "rm", "2")
    run("playlist", "move", "2", "1")
    run("playlist", "mode", "--shuffle", "--repeat", "one", "--crossfade", "0")
    run("playlist", "clear")
    assert [request for request in playing.requests if request[0] != "playlist_get"] == [
        ("playlist_add", {"track_id": TRACK_ID, "position": 1}),
        ("playlist_remove", {"track_id": "f" * 32}),
        ("playlist_move", {"from": 1, "to": 0}),
        ("playlist_mode", {"shuffle": True, "repeat": "one", "crossfade_sec": 0.0}),
        ("playlist_clear", {}),
    ]


@pytest.mark.parametrize("arguments", [("rm", "3"), ("rm", "0"), ("move", "1", "3")])
def test_a_number_that_the_list_does_not_have_is_bad_usage(
    run: Run, playing: ScriptedDaemon, arguments: tuple[str, ...]
) -> None:
    exit_status, _, err = run("playlist", *arguments)
    assert (exit_status, "the playlist has 1 to 2" in err) == (2, True)


def test_devices_are_listed_and_chosen(run: Run, scripted: ScriptedDaemon) -> None:
    scripted.answers["audio_devices"] = {"current": "Desk", "available": [{"id": "hw0", "name": "Desk"}]}
    scripted.answers["audio_device_set"] = {"current": "Desk"}
    assert run("devices").out.splitlines()[2].split() == ["*", "Desk", "hw0"]
    assert run("devices", "--use", "hw0").out == "playing on Desk\n"
    scripted.answers["audio_devices"] = {"current": None, "available": []}
    assert run("devices").out == "no audio device\n"
    assert json.loads(run("devices", "--json").out) == {"current": None, "available": []}


def test_a_refusal_is_exit_status_1(run: Run, playing: ScriptedDaemon) -> None:
    playing.answers["play"] = AudioDeviceError("no device", "plug one in")
    assert run("play") == (1, "", "AUDIO_DEVICE_ERROR: no device\nhint: plug one in\n")


def test_play_and_no_daemon_exclude_each_other(run: Run) -> None:
    assert run("generate", "x", "--play", "--no-daemon").exit_status == 2


def test_generate_with_play_leaves_the_track_playing(run: Run, at_daemon: DaemonProcess) -> None:
    made = json.loads(run("generate", "a", "-b", "sine", "-d", "60", "--play", "--json").out)
    playback = at_daemon.client().call("status")["playback"]
    assert (playback["state"], playback["track_id"]) == ("playing", made["track_id"])
    again = run("generate", "b", "-b", "sine", "-d", "60", "--play")
    assert "it plays after the current track" in again.err


def test_a_terminal_shows_what_plays_and_takes_keys(at_daemon: DaemonProcess) -> None:
    client = at_daemon.client()
    made = client.call("generate", prompt="rainy night", backend="sine", duration_sec=120)
    events_until_end(client, made["job_id"])
    with Terminal("play", "rainy") as terminal:
        terminal.wait_for("0:01 / 2:00  100%")
        terminal.wait_for("█")
        terminal.press(" ")
        terminal.wait_for("paused")
        terminal.press("-")
        terminal.wait_for("95%")
        terminal.press(" ")
        terminal.wait_for("playing")
        terminal.press("q")
        assert terminal.process.wait(20) == 0
    assert client.call("status")["playback"]["state"] == "playing"


def test_the_line_is_gone_when_the_music_is_over(at_daemon: DaemonProcess) -> None:
    with Client(at_daemon.socket) as client:
        made = client.call("generate", prompt="short", backend="sine", duration_sec=1)
        events_until_end(client, made["job_id"])
    with Terminal("play", "short") as terminal:
        terminal.wait_for("/ 0:01")
        assert terminal.process.wait(20) == 0


def test_keys_work_while_the_track_is_still_being_made(
    start_daemon: StartDaemon, install_backend: InstallBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_backend("paced", source_of("paced"))
    daemon = start_daemon()
    monkeypatch.setenv("LOFI_SOCKET", str(daemon.socket))
    arguments = ("steps", "-b", "paced", "-O", "speed=2", "-d", "40", "--play")
    with Terminal("generate", *arguments) as terminal:
        terminal.wait_for("playing  0:01 / 0:40  100%")
        terminal.wait_for("walk")  # the line of the job is there too
        terminal.press(" ")
        terminal.wait_for("paused  0:0")
        terminal.press("-")
        terminal.wait_for("95%")
        terminal.press("q")
        terminal.wait_for("the track goes on being made, and is heard")
        assert terminal.process.wait(20) == 0
    status = daemon.client().call("status")
    assert len(status["running"]) == 1
    assert (status["playback"]["state"], status["playback"]["volume"]) == ("paused", 0.95)


def test_a_slow_track_says_on_a_terminal_when_it_plays(
    start_daemon: StartDaemon, install_backend: InstallBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_backend("paced", source_of("paced"))
    monkeypatch.setenv("LOFI_SOCKET", str(start_daemon().socket))
    with Terminal("generate", "steps", "-b", "paced", "-O", "speed=0.5", "-d", "4", "--play") as terminal:
        terminal.wait_for("plays in ")
        terminal.wait_for("playing  0:00 / 0:04")
        terminal.wait_for("s of music")
        assert terminal.process.wait(20) == 0
