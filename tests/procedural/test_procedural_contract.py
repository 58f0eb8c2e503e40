"""What the core may rely on."""

from __future__ import annotations

import subprocess
import sys
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import msgspec
import numpy as np
import pytest

import lofi_procedural as backend
from lofi_core import GenerateRequest, InferenceFailed, InvalidOption, Music, Runtime
from lofi_procedural.options import TEXTURE_NAMES, Player, ProceduralOptions
from lofi_procedural.plan import make_plan
from lofi_procedural.render import compose
from lofi_procedural.sound.textures import TEXTURES
from lofi_procedural.sound.timbres import TIMBRES
from lofi_procedural.sound.voices import VOICES
from lofi_procedural.words import parse_key

if TYPE_CHECKING:
    from tests.procedural.conftest import Render


def request(prompt: str, duration_sec: float = 30.0, seed: int = 1, **options: Any) -> GenerateRequest:
    return GenerateRequest(prompt, duration_sec, seed, ProceduralOptions(**options))


@pytest.mark.parametrize("duration_sec", [5.0, 5.001, 7.333, 12.001, 21.987])
@pytest.mark.parametrize("prompt", ["40 bpm", "rain, 137 bpm"])
def test_a_track_is_exactly_as_long_as_asked(render: Render, prompt: str, duration_sec: float) -> None:
    assert render(prompt, duration_sec).shape == (2, round(duration_sec * 48_000))


def test_the_same_request_gives_the_same_samples(render: Render, open_track: Any) -> None:
    again = np.concatenate(
        [step.audio for step in open_track("jazzy rhodes", 14.0) if step.audio is not None], axis=1
    )
    np.testing.assert_array_equal(again, render("jazzy rhodes", 14.0))


def test_interleaved_tracks_do_not_disturb_each_other(render: Render, open_track: Any) -> None:
    one, other = open_track("jazzy rhodes", 14.0), open_track("heavy rain, flute", 14.0, seed=2)
    heard = [step for step, _ in zip_longest(one, other) if step is not None]
    audio = np.concatenate([step.audio for step in heard if step.audio is not None], axis=1)
    np.testing.assert_array_equal(audio, render("jazzy rhodes", 14.0))


def test_another_seed_is_another_piece(render: Render) -> None:
    one, other = render("jazzy rhodes, 80 bpm", 8.0, 1), render("jazzy rhodes, 80 bpm", 8.0, 2)
    assert abs(float(np.corrcoef(one.ravel(), other.ravel())[0, 1])) < 0.5


def test_steps_follow_the_schedule(open_track: Any) -> None:
    schedule = backend.make_schedule(request("lofi", 30.0))
    promised = [(stage.name, index) for stage in schedule.stages for index in range(stage.steps)]
    assert [(step.stage, step.index) for step in open_track("lofi", 30.0)] == promised


def test_chunks_are_contiguous_float32_in_range(open_track: Any) -> None:
    for step in open_track("lofi", 16.0):
        if step.audio is not None:
            assert step.audio.dtype == np.float32
            assert step.audio.flags.c_contiguous
            assert np.isfinite(step.audio).all()
            assert np.abs(step.audio).max() <= 1.0


def test_a_long_track_streams_from_its_first_bar(open_track: Any) -> None:
    track = open_track("lofi", 600.0)
    assert next(track).audio is None
    assert next(track).audio.shape[1] > 48_000
    track.close()


def test_describing_and_scheduling_import_no_numpy() -> None:
    code = (
        "import sys, lofi_procedural as b; b.describe_backend(); from lofi_core import GenerateRequest as R;"
        "b.make_schedule(R('rainy rhodes', 60.0, 1, b.ProceduralOptions())); print('numpy' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"


def test_a_key_that_is_none_is_refused_with_the_remedy() -> None:
    with pytest.raises(InvalidOption, match="'h minor'") as caught:
        backend.make_schedule(request("lofi", key="h minor"))
    assert caught.value.hint
    assert "d minor" in caught.value.hint


@pytest.mark.parametrize("duration_sec", [6.0, 20.0])
def test_a_prompt_that_leaves_nobody_to_play_is_refused_with_the_remedy(
    open_track: Any, duration_sec: float
) -> None:
    prompt = "no chords, no bass, no drums, no melody, no pad"
    with pytest.raises(InferenceFailed, match="nobody to play") as refused:
        list(open_track(f"{prompt}, no vinyl", duration_sec))
    assert refused.value.hint
    assert all(
        step.audio is None or np.isfinite(step.audio).all() for step in open_track(prompt, duration_sec)
    )


@pytest.mark.parametrize("loop", [False, True])
def test_next_to_nothing_is_silence_and_no_fault(loop: bool) -> None:
    asked = request("only rain", 5.0, rain=1e-6, vinyl=0.0, loop=loop)
    steps = backend.generate(asked, backend.make_schedule(asked), Runtime())
    audio = np.concatenate([step.audio for step in steps if step.audio is not None], axis=1)
    assert np.abs(audio).max() < 1e-4


@pytest.mark.parametrize(
    "options",
    [
        {"tempo": 39},
        {"swing": 0.9},
        {"rain": 1.5},
        {"tremolo": 1},
        {"metre": "5/4"},
        {"mode": "locrian"},
        {"density": -0.1},
        {"ending": "bang"},
        {"instruments": {"oboe": True}},
    ],
)
def test_options_out_of_range_or_unknown_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(options, ProceduralOptions)


def test_an_option_wins_over_the_words() -> None:
    plan = backend.make_schedule(
        request("75 bpm, no drums, in C major", tempo=120.0, drums=True, key="d minor")
    ).state
    assert plan.tempo == 120.0
    assert "drums" not in plan.brief.without
    assert str(plan.brief.key) == "D minor"


@pytest.mark.parametrize(
    ("prompt", "key", "heard"),
    [
        ("dorian jazz", "C major", "C major"),
        ("a minor mood", "Am", "A minor"),
        ("a minor mood", "C", "C minor"),
    ],
)
def test_a_key_option_wins_over_a_mode_in_the_words(prompt: str, key: str, heard: str) -> None:
    assert str(make_plan(request(prompt, key=key)).brief.stated_key) == heard


def test_options_decide_who_plays() -> None:
    instruments = {"flute": True, "harp": True, "drums": False, "rhodes": False}
    plan = backend.make_schedule(request("rhodes and piano, boom bap", instruments=instruments)).state
    assert plan.brief.instruments == ("flute", "harp", "piano")
    assert plan.brief.without == {"drums", "rhodes"}


@pytest.mark.parametrize(
    ("prompt", "player"),
    [
        ("no bass", "upright_bass"),
        ("no melody", "flute"),
        ("no chords", "rhodes"),
        ("no pads", "strings"),
        ("only rain", "piano"),
        ("only rain", "kalimba"),
    ],
)
def test_who_is_called_in_by_an_option_plays_whatever_the_words_take_out(prompt: str, player: str) -> None:
    asked = request(prompt, instruments={player: True})
    band = compose(asked, make_plan(asked)).ensemble
    assert player in {band.chords, band.melody, band.bass, band.pad}


@pytest.mark.parametrize("prompt", ["dark ambient, harp, strings", "synthwave, strings", "dreamy strings"])
def test_strings_that_are_named_play_though_the_style_brings_a_pad(prompt: str) -> None:
    asked = request(prompt)
    assert compose(asked, make_plan(asked)).ensemble.pad == "strings"


def test_options_decide_how_it_is_played() -> None:
    asked = request(
        "busy, bright, in C major, 3/4",
        key="f minor",
        mode="dorian",
        metre="4/4",
        density=0.1,
        brightness=0.2,
    )
    brief = backend.make_schedule(asked).state.brief
    assert (str(brief.stated_key), brief.metre.name) == ("F dorian", "4/4")
    assert (brief.density, brief.brightness) == (0.1, 0.2)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"metre": "6/8", "swing": 0.6}, "swing is 0.6 in 6/8"),
        ({"loop": True, "ending": "fade"}, "a loop has no ending"),
        ({"drums": True, "instruments": {"drums": False}}, "the opposite"),
    ],
)
def test_options_that_contradict_each_other_are_refused(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidOption, match=problem) as refused:
        backend.make_schedule(request("lofi", **options))
    assert refused.value.hint


def test_every_texture_and_instrument_has_an_option() -> None:
    assert set(TEXTURE_NAMES) == {*TEXTURES}
    assert set(TEXTURE_NAMES) <= set(ProceduralOptions.__struct_fields__)
    assert {*get_args(Player)} == {*TIMBRES, *VOICES, "drums", "bass", "chords", "melody"}


def test_every_option_is_documented() -> None:
    page = Path(__file__).parents[2].joinpath("docs", "procedural.md").read_text()
    assert [name for name in ProceduralOptions.__struct_fields__ if f"| `{name}` |" not in page] == []


@pytest.mark.parametrize(
    ("prompt", "key"),
    [
        ("rhodes in Bb, lydian, 90 bpm", "Bb lydian"),
        ("rhodes in C minor, lydian, 90 bpm", "C minor"),
        ("rhodes in C major, with a minor feel, 90 bpm", "C major"),
        ("rhodes, 90 bpm", None),
    ],
)
def test_the_schedule_tells_the_music_and_the_generation_the_key(prompt: str, key: str | None) -> None:
    asked, runtime = request(prompt, 10.0), Runtime()
    schedule = backend.make_schedule(asked)
    assert schedule.music == Music(90.0, key, 4, first_bar_sec=0.05)
    next(backend.generate(asked, schedule, runtime))
    assert parse_key(str(runtime.notes["key"])) is not None
    assert runtime.notes["key"] == key or key is None


@pytest.mark.parametrize(("prompt", "beats"), [("felt piano waltz, 90 bpm", 3), ("rhodes in 6/8, 60 bpm", 2)])
def test_a_metre_has_its_beats_in_a_bar(prompt: str, beats: int) -> None:
    music = backend.make_schedule(request(prompt)).music
    assert music is not None
    assert music.beats_per_bar == beats
    assert music.bar_sec == pytest.approx(2.0)
