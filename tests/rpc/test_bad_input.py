"""What `generate` refuses over the wire: by code, with the value and the remedy, before any work."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import DaemonProcess, InstallBackend, StartDaemon
    from tests.rpc.conftest import Connect
    from tests.rpc.raw import RawSocket

SINE = {"prompt": "a tone", "backend": "sine", "duration_sec": 1}
TWO_LETTERS = "e\u0301"  # one letter in NFC


def refusal(wire: RawSocket, **fields: Any) -> str:
    return wire.error("generate", [SINE | fields])


@pytest.mark.parametrize("prompt", ["", "   ", "\n\t"])
def test_an_empty_prompt_is_refused(wire: RawSocket, prompt: str) -> None:
    assert refusal(wire, prompt=prompt) == (
        "INVALID_PROMPT: the prompt is empty\nhint: say what the music should be like, in a sentence"
    )


@pytest.mark.parametrize("prompt", ["x" * 2001, "é" * 2001, "🎹" * 2001, TWO_LETTERS * 2001])
def test_a_prompt_of_2001_characters_is_refused_with_the_count(wire: RawSocket, prompt: str) -> None:
    assert "INVALID_PROMPT: the prompt has 2001 characters; at most 2000" in refusal(wire, prompt=prompt)


@pytest.mark.parametrize("prompt", ["x" * 2000, "🎹" * 2000, TWO_LETTERS * 2000])
def test_a_prompt_of_2000_characters_is_taken(wire: RawSocket, prompt: str) -> None:
    assert wire.ask([0, 1, "generate", [SINE | {"prompt": prompt}]])[2] is None


@pytest.mark.parametrize("duration", [math.nan, math.inf, -math.inf, -1, 0, 0.5, 601, 1e300])
def test_a_duration_out_of_range_is_refused_with_the_range(wire: RawSocket, duration: float) -> None:
    text = refusal(wire, duration_sec=duration)
    assert text.startswith(f"INVALID_DURATION: duration_sec is {duration:g}; sine makes 1 to 600 seconds")
    assert "hint: ask for 1 to 600" in text


@pytest.mark.parametrize("duration", ["30", None, [30], True])
def test_a_duration_that_is_no_number_is_refused(wire: RawSocket, duration: object) -> None:
    assert refusal(wire, duration_sec=duration).startswith("INVALID_PARAMS: duration_sec: expected `float`")


@pytest.mark.parametrize(
    ("name", "hint"), [("sin", "did you mean 'sine'?"), ("qqqq", "installed: procedural")]
)
def test_an_unknown_backend_is_refused_with_what_there_is(wire: RawSocket, name: str, hint: str) -> None:
    text = refusal(wire, backend=name)
    assert text.startswith(f"INVALID_BACKEND: no backend '{name}' is installed\nhint: ")
    assert hint in text


def test_a_broken_backend_is_refused_with_what_broke(
    start_daemon: StartDaemon, install_backend: InstallBackend, connect: Connect
) -> None:
    install_backend("broken", "raise RuntimeError('no such card')")
    text = connect(start_daemon()).error("generate", [{"prompt": "x", "backend": "broken"}])
    assert text.startswith(
        "BACKEND_NOT_READY: backend 'broken' is broken: RuntimeError: no such card\nhint: "
    )


def test_an_unknown_option_is_refused_with_those_there_are(wire: RawSocket) -> None:
    text = refusal(wire, backend="stepped", options={"gait": "y"})
    assert text == "INVALID_OPTION: stepped has no option 'gait'\nhint: did you mean 'gate'?"


def test_an_option_for_a_backend_without_options_is_refused(wire: RawSocket) -> None:
    assert refusal(wire, options={"wet": 1}) == (
        "INVALID_OPTION: sine has no option 'wet'\nhint: it has no options"
    )


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "7", math.nan])
def test_a_seed_out_of_range_is_refused_with_its_value(wire: RawSocket, seed: object) -> None:
    text = refusal(wire, seed=seed)
    assert text.startswith("INVALID_PARAMS: seed: ")
    assert str(seed) in text


@pytest.mark.parametrize("seed", [0, 2**32 - 1, 7.0])
def test_a_seed_in_range_is_taken_and_reported(wire: RawSocket, seed: float) -> None:
    assert wire.ask([0, 1, "generate", [SINE | {"seed": seed}]])[3]["seed"] == seed


def test_an_alias_that_contradicts_its_option_is_refused(wire: RawSocket) -> None:
    text = refusal(wire, inference_steps=10, options={"inference_steps": 20})
    assert text == "INVALID_OPTION: inference_steps is given twice: 10, and 20 in options\nhint: give it once"


def test_an_unknown_field_is_refused_by_name(wire: RawSocket) -> None:
    assert refusal(wire, lenght=5).startswith("INVALID_PARAMS: unknown parameter 'lenght'")


def test_a_title_that_is_too_long_is_refused(wire: RawSocket) -> None:
    assert refusal(wire, title="x" * 201).startswith("INVALID_PARAMS: title has 201 characters")


def test_whatever_is_refused_leaves_no_job(quiet: DaemonProcess, connect: Connect) -> None:
    wire = connect(quiet)
    refusal(wire, duration_sec=math.nan)
    refusal(wire, prompt="")
    assert wire.ask([0, 1, "queue_status", []])[3] == {"running": [], "pending": [], "paused": []}


@pytest.mark.parametrize(
    ("method", "params", "said"),
    [
        ("cancel", {}, "INVALID_PARAMS: neither job_id nor track_id is given"),
        ("cancel", {"job_id": "nope"}, "UNKNOWN_JOB: no job 'nope'"),
        ("job_get", {"track_id": "nope"}, "UNKNOWN_TRACK: "),
        ("job_pause", {"job_id": "nope"}, "UNKNOWN_JOB: no job 'nope'"),
        ("job_resume", {}, "INVALID_PARAMS: missing parameter `job_id`"),
        ("tracks_get", {"track_id": "nope"}, "UNKNOWN_TRACK: "),
        ("tracks_delete", {"track_id": "../../etc/passwd"}, "UNKNOWN_TRACK: "),
        ("tracks_list", {"limit": 101}, "INVALID_PARAMS: limit: expected `int` <= 100 (is 101)"),
        ("tracks_list", {"offset": -1}, "INVALID_PARAMS: offset: "),
        ("tracks_list", {"offset": 2**63}, "INVALID_PARAMS: offset: "),
        ("tracks_update", {"track_id": "x", "title": "x" * 201}, "INVALID_PARAMS: title has 201 characters"),
        ("tracks_waveform", {"track_id": "x", "bins": 0}, "INVALID_PARAMS: bins: "),
        ("subscribe", {"scope": "mine"}, "INVALID_PARAMS: scope: "),
        ("ping", {"x": 1}, "INVALID_PARAMS: unknown parameter 'x'"),
    ],
)
def test_other_methods_refuse_what_they_cannot_use(
    wire: RawSocket, method: str, params: dict[str, Any], said: str
) -> None:
    assert said in wire.error(method, [params])


@pytest.mark.parametrize("method", ["generate", "cancel", "tracks_get", "subscribe"])
@pytest.mark.parametrize("params", [[{}, {}], {}, None, 5, ["x"], [[1]]])
def test_params_of_any_other_shape_are_refused(wire: RawSocket, method: str, params: object) -> None:
    assert wire.error(method, params).startswith("INVALID_PARAMS: params must ")
