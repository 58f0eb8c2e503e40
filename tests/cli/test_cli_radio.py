"""Do the commands of the radio ask for the right thing, and tell what comes back?"""

import json
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.cli.scripted import ScriptedDaemon
from tests.cli.terminal import Terminal
from tests.conftest import DaemonProcess

TRACK_ID = "27380a46aa2445365a44c1e001dd040b"
STATION = {"prompts": ["rain", "sun"], "backend": "procedural", "options": {}, "crossfade_sec": 3.0}
PLAYING: dict[str, Any] = {
    "state": "playing",
    "station": STATION,
    "now": {"track_id": TRACK_ID, "prompt": "rain \x1b[31m", "source": "bridge", "liked": True},
    "ahead": 2,
    "ahead_sec": 185.0,
    "making": {
        "track_id": TRACK_ID,
        "prompt": "sun",
        "backend": "procedural",
        "percent": 40,
        "eta_sec": 12.0,
    },
    "held": None,
    "speed": 0.314,
    "keeps_up": False,
    "played": 7,
    "made": 5,
    "bridges": 3,
    "again": 0,
    "failures": 1,
    "silence_sec": 0.0,
    "sleep_in_sec": 300.0,
    "slot": None,
}
OFF = PLAYING | {"state": "off", "station": None, "now": None, "making": None}
PRESETS = {
    "presets": [{"name": "rain", "title": "Rain", "prompts": ["rain", "storm"]}],
    "errors": ["night.toml: prompts is missing"],
}


@pytest.fixture
def on_air(scripted: ScriptedDaemon) -> ScriptedDaemon:
    """A daemon whose radio plays."""
    for method in ("start", "status", "like", "dislike", "more", "sleep"):
        scripted.answers[f"radio_{method}"] = PLAYING
    scripted.answers |= {"radio_stop": OFF, "radio_presets": PRESETS}
    return scripted


def asked(daemon: ScriptedDaemon) -> list[tuple[str, dict[str, Any]]]:
    return [request for request in daemon.requests if request[0].startswith("radio_")]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ((), {}),
        (("rain",), {"prompts": ["rain"]}),
        (("start",), {}),
        (("rain", "sun"), {"prompts": ["rain", "sun"]}),
        (("--preset", "night", "--sleep", "30"), {"preset": "night", "sleep_min": 30.0}),
        (
            ("-b", "musicgen", "-d", "60", "rain"),
            {"prompts": ["rain"], "backend": "musicgen", "duration_sec": 60.0},
        ),
        (("--crossfade", "0", "rain"), {"prompts": ["rain"], "crossfade_sec": 0.0}),
    ],
)
def test_what_is_no_command_is_what_the_radio_shall_play(
    run: Run, on_air: ScriptedDaemon, words: tuple[str, ...], wanted: dict[str, Any]
) -> None:
    assert run("radio", *words).exit_status == 0
    assert run(*("radio", "start"), *words[words[:1] == ("start",) :]).exit_status == 0
    assert asked(on_air) == [("radio_start", wanted)] * 2


def test_shared_options_may_stand_before_a_command_or_a_prompt(run: Run, on_air: ScriptedDaemon) -> None:
    assert json.loads(run("radio", "--json", "status").out) == PLAYING
    assert json.loads(run("radio", "--json", "slow rain").out) == PLAYING
    assert asked(on_air) == [("radio_status", {}), ("radio_start", {"prompts": ["slow rain"]})]


def test_options_of_the_backend_get_their_types(run: Run, on_air: ScriptedDaemon) -> None:
    schema = {"properties": {"tempo": {"type": "number"}, "key": {"type": "string"}}}
    backend = {"type": "procedural", "options": schema}
    on_air.answers["get_backends"] = {"backends": [backend], "default_backend": "procedural"}
    run("radio", "rain", "-O", "tempo=82", "-O", "key=d minor")
    assert asked(on_air)[0][1]["options"] == {"tempo": 82, "key": "d minor"}


def test_prompts_and_a_preset_together_are_bad_usage(run: Run, on_air: ScriptedDaemon) -> None:
    exit_status, _, err = run("radio", "rain", "--preset", "night")
    assert (exit_status, "not both" in err, asked(on_air)) == (2, True, [])


def test_the_status_tells_only_what_is_so(run: Run, on_air: ScriptedDaemon) -> None:
    assert run("radio", "status").out.splitlines() == [
        "radio   rain; sun (procedural)",
        "state   playing",
        "now     rain \\x1b[31m (a bridge)  ♥",
        "ahead   3:05 in 2",
        "making  sun: 40 %, 12 s left",
        "speed   0.31 x real time: slower than it is heard, so others come in between",
        "played  7, 3 bridges, 1 failed",
        "sleep   in 5 min 0 s",
    ]
    on_air.answers["radio_status"] = PLAYING | {"held": "battery", "making": None, "sleep_in_sec": None}
    told = run("radio", "status").out
    assert ("held    battery" in told, "making" in told, "sleep" in told) == (True, False, False)


@pytest.mark.parametrize("words", [("radio", "like"), ("radio", "dislike"), ("radio", "more")])
def test_what_one_thinks_of_it_is_told_the_radio(
    run: Run, on_air: ScriptedDaemon, words: tuple[str, ...]
) -> None:
    assert run(*words).exit_status == 0
    assert asked(on_air) == [("_".join(words), {})]


def test_a_prompt_that_is_a_command_is_given_to_start(run: Run, on_air: ScriptedDaemon) -> None:
    run("radio", "start", "stop")
    assert asked(on_air) == [("radio_start", {"prompts": ["stop"]})]


def test_the_radio_is_turned_off(run: Run, on_air: ScriptedDaemon) -> None:
    assert run("radio", "stop").out == "the radio is off\n"
    assert json.loads(run("radio", "stop", "--json").out) == OFF


def test_the_sleep_timer_is_set_and_taken_back(run: Run, on_air: ScriptedDaemon) -> None:
    run("radio", "sleep", "20")
    run("radio", "sleep", "off")
    assert asked(on_air) == [("radio_sleep", {"sleep_min": 20.0}), ("radio_sleep", {"sleep_min": None})]
    assert run("radio", "sleep", "soon").exit_status == 2


def test_presets_are_a_table_and_what_is_wrong_with_others(run: Run, on_air: ScriptedDaemon) -> None:
    exit_status, out, err = run("radio", "presets")
    assert out.splitlines()[2].split() == ["rain", "Rain", "rain;", "storm"]
    assert (exit_status, err) == (0, "night.toml: prompts is missing\n")
    assert json.loads(run("radio", "presets", "--json").out) == PRESETS


def test_a_terminal_shows_the_radio_until_it_is_off_and_takes_its_keys(at_daemon: DaemonProcess) -> None:
    client = at_daemon.client()
    with Terminal("radio", "slow rain", "-b", "sine", "-d", "20") as terminal:
        terminal.wait_for("playing")
        terminal.press("l")
        terminal.wait_for("liked")
        assert client.call("radio_status")["now"]["liked"]
        terminal.press("n")
        terminal.wait_for("playing")
        terminal.press("m")
        terminal.wait_for("more like it comes")
        client.call("radio_stop")
        assert terminal.process.wait(20) == 0
    with Terminal("radio", "slow rain", "-b", "sine", "-d", "20") as terminal:
        terminal.wait_for("playing")
        terminal.press("q")
        assert terminal.process.wait(20) == 0
    assert client.call("radio_status")["state"] == "playing"
