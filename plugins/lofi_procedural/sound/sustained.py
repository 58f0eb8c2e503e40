"""How instruments sound that are blown, bowed or held: pads, strings, organ, winds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lofi_procedural.plan import SAMPLE_RATE
from lofi_procedural.sound.modal import envelope, ring
from lofi_procedural.sound.spectrum import fast_length, noise_band

if TYPE_CHECKING:
    from numpy.random import Generator

    from lofi_procedural.sound.types import Stereo


@dataclass(frozen=True, slots=True)
class Voice:
    """A tone that is kept up.

    Attributes:
        amplitudes: of harmonics 1, 2, 3 …
        detune_cents: spread of the three players on each note.
        attack_sec: onset.
        release_sec: after it is let go.
        vibrato_cents: depth; it comes in slowly.
        breath: level of the noise beside the tone.
        gain: level in the mix.
    """

    amplitudes: tuple[float, ...]
    detune_cents: float
    attack_sec: float
    release_sec: float
    vibrato_cents: float = 0.0
    breath: float = 0.0
    gain: float = 0.1


VOICES: dict[str, Voice] = {
    "pad": Voice((1.0, 0.5, 0.28, 0.16, 0.09, 0.05), 7.0, 0.55, 0.9, gain=0.055),
    "strings": Voice((1.0, 0.7, 0.55, 0.36, 0.26, 0.18, 0.12, 0.08, 0.05), 9.0, 0.28, 0.5, gain=0.05),
    "organ": Voice((1.0, 0.6, 0.35, 0.2, 0.0, 0.1, 0.0, 0.06), 2.5, 0.012, 0.08, gain=0.075),
    "flute": Voice(
        (1.0, 0.28, 0.13, 0.05, 0.02), 0.0, 0.07, 0.12, vibrato_cents=14.0, breath=0.035, gain=0.15
    ),
    # A cylinder closed at the reed sounds every second harmonic; a mildly filtered saw wave, all of them.
    "clarinet": Voice(
        (1.0, 0.04, 0.55, 0.06, 0.3, 0.07, 0.12, 0.05, 0.05),
        0.0,
        0.055,
        0.12,
        vibrato_cents=5.0,
        breath=0.022,
        gain=0.115,
    ),
    "synth_lead": Voice(
        (1.0, 0.46, 0.28, 0.19, 0.13, 0.1, 0.07, 0.05, 0.035), 0.0, 0.02, 0.16, vibrato_cents=8.0, gain=0.105
    ),
    # A conical reed is strong in its second and third harmonics; a cup mute leaves a trumpet its middle ones.
    "saxophone": Voice(
        (0.8, 1.0, 0.62, 0.4, 0.27, 0.2, 0.13, 0.09, 0.06),
        0.0,
        0.045,
        0.11,
        vibrato_cents=16.0,
        breath=0.05,
        gain=0.082,
    ),
    "trumpet": Voice(
        (0.55, 0.7, 0.85, 0.75, 0.5, 0.36, 0.28, 0.2, 0.13, 0.08),
        0.0,
        0.03,
        0.09,
        vibrato_cents=9.0,
        breath=0.02,
        gain=0.072,
    ),
}
VIBRATO_HZ = 4.8
PLAYERS = 3


def play(name: str, hz: float, velocity: float, held_sec: float, rng: Generator) -> Stereo:
    """Render one held note; arguments as for `instruments.play`, but a frequency for the pitch."""
    voice = VOICES[name]
    attack, release = round(voice.attack_sec * SAMPLE_RATE), round(voice.release_sec * SAMPLE_RATE)
    held = max(attack, round(held_sec * SAMPLE_RATE))
    samples = held + release
    sound = _blow(voice, hz, samples, rng) if voice.vibrato_cents else _section(voice, hz, samples, rng)
    sound *= envelope(samples, held, attack, release)
    sound *= np.float32(voice.gain * velocity)
    return sound


def _section(voice: Voice, hz: float, samples: int, rng: Generator) -> Stereo:
    """Several players, a little apart in pitch and place: the beating is what keeps a pad alive."""
    harmonic = np.tile(np.arange(1, len(voice.amplitudes) + 1, dtype=np.float64), PLAYERS)
    cents = np.repeat(np.linspace(-1.0, 1.0, PLAYERS), len(voice.amplitudes)) * voice.detune_cents
    partials = harmonic * hz * 2.0 ** (cents / 1200.0)
    place = 0.45 * cents / max(voice.detune_cents, 1e-9)  # -0.45 (left) … 0.45 (right)
    level = np.tile(np.array(voice.amplitudes), PLAYERS)
    weight = level * np.sqrt(0.5 * np.stack((1.0 - place, 1.0 + place)))
    phase = np.broadcast_to(rng.uniform(0.0, 2 * np.pi, len(partials)), (2, len(partials)))
    return ring(partials, weight, np.full(len(partials), np.inf), phase, samples)


def _blow(voice: Voice, hz: float, samples: int, rng: Generator) -> Stereo:
    """One player with vibrato and breath."""
    time = np.arange(samples) / SAMPLE_RATE
    onset = np.clip((time - 0.15) / 0.5, 0.0, 1.0)
    rate = VIBRATO_HZ * (1 + 0.05 * rng.standard_normal())
    swing = onset * np.sin(2 * np.pi * rate * time + rng.uniform(0.0, 2 * np.pi))
    bend = voice.vibrato_cents / 1200.0 * np.log(2.0)
    turns = hz * np.cumsum(1.0 + bend * swing) / SAMPLE_RATE
    cycle = (2 * np.pi * (turns % 1.0)).astype(np.float32)
    tone = np.zeros(samples, np.float32)
    for number, level in enumerate(voice.amplitudes, start=1):
        tone += np.float32(level) * np.sin(np.float32(number) * cycle)
    tone *= (1.0 + 0.12 * swing).astype(np.float32)
    # An FFT of a length with a large prime factor costs up to fifty times as much.
    breath = noise_band(rng, fast_length(samples), 0.8 * hz, 4.0 * hz)[:samples] * voice.breath
    sound: Stereo = np.stack((tone + breath, tone + 0.3 * breath)).astype(np.float32)
    return sound
