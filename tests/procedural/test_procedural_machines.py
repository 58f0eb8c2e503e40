"""One seed is one piece: what another processor or another numpy changes stays far below hearing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.procedural_machines import Machine, distance, features_of, made_on, make
from lofi_procedural.desk import Desk
from lofi_procedural.score import Dice, Hit
from lofi_procedural.sound.forecast import of_hits
from lofi_procedural.sound.kit import Kit
from lofi_procedural.sound.loudness import Meter, measure
from lofi_procedural.sound.rider import Rider

if TYPE_CHECKING:
    import pytest

    from lofi_procedural.sound.types import Stereo
    from tests.procedural.conftest import Render

# A step of 16 bits is -90 dBFS; between machines -127 was measured.
FAR_BELOW_DBFS = -108.0


def test_a_piece_is_the_same_on_a_processor_of_twenty_years_ago() -> None:
    old = {"NPY_DISABLE_CPU_FEATURES": features_of(sys.executable), "OPENBLAS_CORETYPE": "Prescott"}
    there = made_on(Machine("old", sys.executable, old), [0])[0]
    here = make(0)
    assert there.score == here.score
    assert distance(there.samples, here.samples).peak_db < FAR_BELOW_DBFS


def test_what_is_a_little_other_in_the_mix_is_a_little_other_in_the_track(
    render: Render, open_track: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fader and limiter follow what they hear, and must not make much of next to nothing."""
    usual, mix = render("jazzy rhodes", 14.0), Desk.bar

    def shaken(desk: Desk, index: int) -> Stereo:
        bar = mix(desk, index)
        noise = 1e-6 * np.random.default_rng(100 + index).standard_normal(bar.shape)
        return bar + noise.astype(np.float32)

    monkeypatch.setattr(Desk, "bar", shaken)
    chunks = [step.audio for step in open_track("jazzy rhodes", 14.0) if step.audio is not None]
    apart = distance(np.concatenate(chunks, axis=1), usual)
    # -120 dBFS went in, before the fader.
    assert -135 < apart.rms_db < FAR_BELOW_DBFS


def test_the_level_of_the_final_chord_does_not_jump_with_what_comes_in() -> None:
    rng = np.random.default_rng(1)
    body, chord = (0.1 * rng.standard_normal((2, seconds * 48_000)).astype(np.float32) for seconds in (4, 1))
    rider, heard = Rider(0.2), Meter()
    heard.add(rider.ride(body, 0.0, heard))
    came_out = [measure(rider.end(chord * np.float32(level), heard)) for level in np.linspace(0.95, 1.0, 6)]
    assert np.ptp(came_out) < 0.02


def test_what_is_foretold_of_the_drums_hangs_on_no_rounding() -> None:
    """Of single samples numpy 2 has a spectrum in single precision, numpy 1 in double."""
    kit, hits = Kit(Dice(1, 1).roll("kit"), "boom_bap"), [Hit("kick", 0.0, 0.8), Hit("hat", 1.0, 0.5)]
    exact = Kit(Dice(1, 1).roll("kit"), "boom_bap")
    exact._strokes = {
        voice: [stroke.astype(np.float64) for stroke in strokes] for voice, strokes in kit._strokes.items()
    }
    np.testing.assert_allclose(of_hits(hits, kit), of_hits(hits, exact), rtol=1e-9)


def test_the_dice_roll_what_they_always_rolled() -> None:
    """numpy does not promise it from version to version; a seed is a piece only as long as it holds."""
    dice = Dice(7, 123).roll("melody", 3)
    assert dice.integers(1000, size=4).tolist() == [723, 578, 426, 316]
    np.testing.assert_allclose(dice.random(2), [0.761294802801, 0.509120379987], rtol=1e-10)
    np.testing.assert_allclose(dice.standard_normal(2), [-0.129722316255, 1.184222193215], rtol=1e-10)
    np.testing.assert_allclose(dice.uniform(0.0, 6.0, 2), [5.159575822954, 1.501277315638], rtol=1e-10)
    assert dice.permutation(7).tolist() == [1, 2, 4, 6, 0, 3, 5]
    assert dice.choice((-2, -1, 1, 2), 5).tolist() == [1, 2, -1, -1, 1]
    assert dice.poisson([2.5, 25.0, 2.5]).tolist() == [1, 25, 8]
