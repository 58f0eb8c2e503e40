"""How one note sounds on an instrument."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lofi_procedural.plan import SAMPLE_RATE
from lofi_procedural.sound import sustained
from lofi_procedural.sound.modal import envelope, ring
from lofi_procedural.sound.timbres import TIMBRES, Timbre

if TYPE_CHECKING:
    from numpy.random import Generator

    from lofi_procedural.sound.types import Stereo

A4_HZ, A4_PITCH, A3_HZ = 440.0, 69, 220.0
LONGEST_SEC = 9.0
# 25 ms that rise within one and fall away, low-passed near 2 kHz: as loud as noise of RMS 2 at the start.
THUD_FADE = np.hanning(2_402)[1_201:2_401] ** 2 * np.minimum(1.0, np.arange(1_200) / 48.0)
THUD_TONE = 2.0 * np.hanning(18) / np.sqrt(np.sum(np.hanning(18) ** 2))
LOUDNESS_CURVE = 1.35  # amplitude = velocity ** curve


def play(instrument: str, pitch: int, velocity: float, held_sec: float, rng: Generator) -> Stereo:
    """Render one note.

    Args:
        instrument: name in `TIMBRES` or `sustained.VOICES`.
        pitch: MIDI note number.
        velocity: 0 … 1.
        held_sec: until it is let go; the release comes on top.
        rng: the note's own; no two notes are quite alike.

    Returns:
        float32 [2, N], silent at both ends.
    """
    # A fraction of a cent to two cents off, as on any real instrument.
    hz = A4_HZ * 2.0 ** ((pitch - A4_PITCH + 0.012 * rng.standard_normal()) / 12.0)
    held_sec = min(held_sec, LONGEST_SEC)
    if instrument in sustained.VOICES:
        return sustained.play(instrument, hz, velocity, held_sec, rng)
    return _strike(TIMBRES[instrument], hz, velocity, held_sec, rng)


def _strike(timbre: Timbre, hz: float, velocity: float, held_sec: float, rng: Generator) -> Stereo:
    ratios = np.array(timbre.ratios, np.float64)
    ratios = ratios * np.sqrt(1.0 + timbre.stretch * ratios**2)
    octaves = np.log2(ratios)
    base_t60 = timbre.t60_sec * (A3_HZ / hz) ** 0.4
    t60 = base_t60 / (1.0 + timbre.damping) ** octaves
    # Softer means darker; so does higher, as bodies radiate treble less well.
    tilt = timbre.hardness * (1.0 - velocity) + 0.25 * max(0.0, np.log2(hz / A3_HZ))
    amplitude = np.array(timbre.amplitudes) * ratios**-tilt
    amplitude *= 1.0 + 0.08 * rng.standard_normal(len(ratios))
    spread = timbre.width * rng.uniform(-0.5, 0.5, len(ratios)) * (octaves > 0)
    phase = np.stack((-np.pi / 2 + spread, -np.pi / 2 - spread))
    held = round(held_sec * SAMPLE_RATE)
    release = round(timbre.release_sec * SAMPLE_RATE)
    samples = min(held + release, round(1.1 * base_t60 * SAMPLE_RATE))
    sound = ring(ratios * hz, amplitude, t60, phase, samples)
    # A body that rings out before it is let go still fades to true silence.
    let_go = min(held, samples - release)
    sound *= envelope(samples, let_go, round(timbre.attack_sec * SAMPLE_RATE), release)
    _knock(sound, timbre.knock * (0.4 + velocity), rng)
    sound *= np.float32(timbre.gain * velocity**LOUDNESS_CURVE)
    return sound


def _knock(sound: Stereo, level: float, rng: Generator) -> None:
    """Add the thud of the attack: 25 ms of low noise."""
    if level > 0:
        length = min(len(THUD_FADE), sound.shape[1])
        burst = np.convolve(rng.standard_normal(len(THUD_FADE)), THUD_TONE, "same")
        sound[:, :length] += (level * burst * THUD_FADE)[:length].astype(np.float32)
