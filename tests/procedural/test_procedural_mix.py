"""Does the mix keep its bounds? The short form of `benchmarks/procedural_mix.py`, on tracks others use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from benchmarks.mix_figures import BOUNDS, click, long_term, measure, third_octaves
from lofi_core import GenerateRequest
from lofi_procedural.options import ProceduralOptions
from lofi_procedural.plan import SAMPLE_RATE, make_plan
from lofi_procedural.score import Dice, Piece
from lofi_procedural.sound import balance
from lofi_procedural.sound.forecast import PITCHES_HZ
from lofi_procedural.sound.kit import Kit
from lofi_procedural.sound.mixer import Mixer
from lofi_procedural.sound.modal import HIGHEST_HZ
from lofi_procedural.sound.motors import MOTORS, move
from lofi_procedural.sound.sustained import play
from lofi_procedural.sound.tape import heard_response
from lofi_procedural.sound.voices import VOICES

if TYPE_CHECKING:
    from tests.procedural.conftest import Render

BAND = ("rainy night, jazzy rhodes, 72 bpm", 20.0)


@pytest.mark.parametrize(
    ("prompt", "duration_sec"), [BAND, ("drums only", 12.0), ("lofi house, bright organ, 140 bpm", 12.0)]
)
def test_a_mix_keeps_its_bounds(render: Render, prompt: str, duration_sec: float) -> None:
    figures = measure(render(prompt, duration_sec))
    assert {name: figures[name] for name, bound in BOUNDS.items() if bound.excess(figures[name]) > 0} == {}


def test_the_search_for_clicks_finds_a_lone_sample_and_a_step(render: Render) -> None:
    whole = render(*BAND).astype(np.float64)
    found = {"sample": 0, "step": 0}
    places = range(3 * SAMPLE_RATE, 15 * SAMPLE_RATE, SAMPLE_RATE + 1_234)
    for place in places:
        cut = whole[:, place - 4_800 : place + 4_800]
        sample, step = cut.copy(), cut.copy()
        sample[:, 4_800] += 0.01
        step[:, 4_800:] += 0.01
        # The ends of a cut are clicks themselves.
        edge = slice(1_200, -1_200)
        found["sample"] += click(sample[:, edge]) > BOUNDS["click"].high
        found["step"] += click(step[:, edge]) > BOUNDS["click"].high
    assert found == {"sample": len(places), "step": len(places)}


@pytest.mark.parametrize("prompt", [BAND[0], "felt piano and strings, no drums"])
def test_the_score_foretells_the_spectrum(render: Render, prompt: str) -> None:
    plan = make_plan(GenerateRequest(prompt, 20.0, 3, ProceduralOptions()))
    dice = Dice(3, plan.variety)
    piece, tone = Piece(plan, dice), heard_response(PITCHES_HZ, plan.brief.brightness)
    mixer = Mixer(plan, piece, dice)
    curve = balance.find_balance(plan, piece, mixer, tone).curve
    bars = [piece.bar(index) for index in range(plan.bars + 1)]
    shaped = mixer.forecast(bars) * tone**2 * 10 ** (balance.at_pitches(curve) / 10)
    foretold = balance.decibels(balance.third_octaves(shaped))
    heard = np.array(list(third_octaves(*long_term(render(prompt, 20.0, 3).astype(np.float64))).values()))
    # Bands in which notes are; in the others is only what leaks into them.
    full = foretold > foretold.max() - 35.0
    apart = (heard - foretold)[full]
    assert np.std(apart) < 2.5


@pytest.mark.parametrize("name", ["synth_lead", "trumpet", "clarinet"])
def test_a_high_note_folds_nothing_back(name: str) -> None:
    hz = 1_760.0
    sound = play(name, hz, 0.9, 0.6, np.random.default_rng(1))[0, 12_000:28_384].astype(np.float64)
    power = np.abs(np.fft.rfft(sound * np.blackman(len(sound)))) ** 2
    bins = np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE)
    # Between its harmonics, and above the last of them, are only breath and what folded back.
    off = np.abs(bins / hz - np.rint(bins / hz)) > 0.2
    assert 10 * np.log10(power[off].sum() / power.sum()) < -22 - 40 * (VOICES[name].breath == 0)
    assert 10 * np.log10(power[bins > HIGHEST_HZ + hz / 2].sum() / power.sum()) < -45


def test_motors_turn_as_if_bars_were_one_and_come_round_in_a_loop() -> None:
    whole = np.ones((2, 96_000), np.float32)
    move(whole, "vibraphone", 0, 2.0)
    halves = [np.ones((2, 48_000), np.float32) for _ in range(2)]
    for at, half in enumerate(halves):
        move(half, "vibraphone", at * 48_000, 2.0)
    assert np.abs(np.concatenate(halves, axis=1) - whole).max() < 1e-5
    assert np.abs(whole[:, 0] - whole[:, -1]).max() < 1e-3
    assert np.ptp(whole[0]) == pytest.approx(2 * MOTORS["vibraphone"].depth, rel=0.02)


def test_a_beat_of_the_eighties_is_not_played_on_drums_of_wood() -> None:
    def ring_sec(groove: str, voice: str) -> float:
        """How long a stroke stays within 20 dB of its loudest."""
        stroke = np.abs(Kit(np.random.default_rng(1), groove).stroke(voice))
        return float(np.flatnonzero(stroke > 0.1 * stroke.max())[-1]) / SAMPLE_RATE

    assert ring_sec("half_time", "kick") > 1.8 * ring_sec("brushed", "kick")
    assert ring_sec("synthwave", "snare") < 0.18 < 1.2 * ring_sec("half_time", "snare")
