"""How one note sounds on an instrument."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lofi_procedural.plan import SAMPLE_RATE
from lofi_procedural.sound import sustained
from lofi_procedural.sound.modal import LN_1000, envelope, ring
from lofi_procedural.sound.timbres import TIMBRES, Timbre
from lofi_procedural.sound.voices import VOICES

if TYPE_CHECKING:
    from numpy.random import Generator

    from lofi_procedural.sound.types import Floats, Stereo

A4_HZ, A4_PITCH, A3_HZ = 440.0, 69, 220.0
LONGEST_SEC = 9.0
# 25 ms that rise within one and fall away, low-passed near 2 kHz: as loud as noise of RMS 2 at the start.
THUD_FADE = np.hanning(2_402)[1_201:2_401] ** 2 * np.minimum(1.0, np.arange(1_200) / 48.0)
THUD_TONE = 2.0 * np.hanning(18) / np.sqrt(np.sum(np.hanning(18) ** 2))
KNOCK_ENERGY = 4.0 * float(np.sum(THUD_FADE**2)) / SAMPLE_RATE  # of a thud of level 1
LOUDNESS_CURVE = 1.35  # amplitude = velocity ** curve


def play(instrument: str, pitch: int, velocity: float, held_sec: float, rng: Generator) -> Stereo:
    """Render one note.

    Args:
        instrument: name in `TIMBRES` or `VOICES`.
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
    if instrument in VOICES:
        return sustained.play(instrument, hz, velocity, held_sec, rng)
    return _strike(TIMBRES[instrument], hz, velocity, held_sec, rng)


def partials(timbre: Timbre, hz: Floats, velocity: Floats) -> tuple[Floats, Floats, Floats]:
    """The partials of notes, before chance: hertz, amplitude and T60 in seconds, each [..., K].

    Args:
        timbre: what rings.
        hz: [..., 1] fundamentals.
        velocity: [..., 1].
    """
    ratios = np.array(timbre.ratios, np.float64)
    ratios = ratios * np.sqrt(1.0 + timbre.stretch * ratios**2)
    t60 = timbre.t60_sec * (A3_HZ / hz) ** 0.4 / (1.0 + timbre.damping) ** np.log2(ratios)
    # Softer means darker; so does higher, as bodies radiate treble less well.
    tilt = timbre.hardness * (1.0 - velocity) + 0.25 * np.maximum(0.0, np.log2(hz / A3_HZ))
    return ratios * hz, np.array(timbre.amplitudes) * ratios**-tilt, t60


def decay(t60_sec: Floats) -> Floats:
    """The rate, per second, of an amplitude that falls by 60 dB in a time."""
    rate: Floats = LN_1000 / t60_sec
    return rate


def _strike(timbre: Timbre, hz: float, velocity: float, held_sec: float, rng: Generator) -> Stereo:
    where, amplitude, t60 = partials(timbre, np.array([hz]), np.array([velocity]))
    count = len(where)
    amplitude *= 1.0 + 0.08 * rng.standard_normal(count)
    spread = timbre.width * rng.uniform(-0.5, 0.5, count) * (np.arange(count) > 0)
    # Phases that run apart as a square keep partials from adding up to a spike.
    apart = np.pi / count * np.arange(count) ** 2 - np.pi / 2
    phase = np.stack((apart + spread, apart - spread))
    held = round(held_sec * SAMPLE_RATE)
    release = round(timbre.release_sec * SAMPLE_RATE)
    samples = min(held + release, round(1.1 * t60[0] * SAMPLE_RATE))
    sound = ring(where, amplitude, t60, phase, samples)
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
