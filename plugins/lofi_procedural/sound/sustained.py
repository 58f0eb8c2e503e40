"""How instruments sound that are blown, bowed or held: pads, strings, organ, winds."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from lofi_procedural.plan import SAMPLE_RATE
from lofi_procedural.sound.curves import slow_curve
from lofi_procedural.sound.modal import HIGHEST_HZ, envelope, ring
from lofi_procedural.sound.spectrum import noise_band
from lofi_procedural.sound.voices import VOICES

if TYPE_CHECKING:
    from numpy.random import Generator

    from lofi_procedural.sound.types import Floats, Mono, Stereo
    from lofi_procedural.sound.voices import Voice

VIBRATO_HZ = 4.8
PLAYERS = 3
CENTRED_HZ = 320.0  # players stand the closer together the lower they play
FULL_HARMONICS = 2  # of a pad; those above come and go
SWEEP_SEC = 5.5
SCOOP_CENTS, SCOOP_SEC = 28.0, 0.035  # a blown note begins a little low
CYCLE = 1 << 14  # points of a stored cycle: read to the nearest, 75 dB over its own noise
AIR_HZ = (900.0, 7_000.0)
AIR_SAMPLES = 1 << 18
CHIFF, CHIFF_SEC = 2.5, 0.03  # how much more breath a note begins with


def play(name: str, hz: float, velocity: float, held_sec: float, rng: Generator) -> Stereo:
    """Render one held note; arguments as for `instruments.play`, but a frequency for the pitch."""
    voice = VOICES[name]
    attack, release = round(voice.attack_sec * SAMPLE_RATE), round(voice.release_sec * SAMPLE_RATE)
    held = max(attack, round(held_sec * SAMPLE_RATE))
    samples = held + release
    if voice.vibrato_cents:
        sound = _blow(voice, hz, velocity, samples, rng)
    else:
        sound = _section(voice, hz, samples, rng)
    sound *= envelope(samples, held, attack, release)
    sound *= np.float32(voice.gain * velocity)
    return sound


def power(voice: Voice, velocity: Floats) -> Floats:
    """Squared amplitude of each harmonic [..., K] at velocities [..., 1], on average over a note."""
    number = np.arange(1, len(voice.amplitudes) + 1)
    if not voice.vibrato_cents:
        swept = np.where(number > FULL_HARMONICS, 1.0 - 0.5 * voice.sweep, 1.0)
        return PLAYERS / 2 * (np.array(voice.amplitudes) * swept) ** 2 * np.ones_like(velocity)
    dark = number**-voice.bloom
    heard: Floats = (np.array(voice.amplitudes) * (dark + (1.0 - dark) * velocity)) ** 2
    return heard


def _section(voice: Voice, hz: float, samples: int, rng: Generator) -> Stereo:
    """Several players, a little apart in pitch and place: the beating is what keeps a pad alive.

    The upper harmonics swell and fade at a pace of their own, as if somebody turned a filter.
    """
    count = len(voice.amplitudes)
    number = np.tile(np.arange(1, count + 1, dtype=np.float64), PLAYERS)
    cents = np.repeat(np.linspace(-1.0, 1.0, PLAYERS), count) * voice.detune_cents
    partials = number * hz * 2.0 ** (cents / 1200.0)
    place = 0.45 * cents / max(voice.detune_cents, 1e-9)  # -0.45 (left) … 0.45 (right)
    place *= np.minimum(1.0, partials / CENTRED_HZ)
    level = np.tile(np.array(voice.amplitudes), PLAYERS)
    weight = level * np.sqrt(0.5 * np.stack((1.0 - place, 1.0 + place)))
    phase = np.broadcast_to(rng.uniform(0.0, 2 * np.pi, len(partials)), (2, len(partials)))
    held = np.full(len(partials), np.inf)
    if not voice.sweep:
        return ring(partials, weight, held, phase, samples)
    start, pace = rng.uniform(0.0, 2 * np.pi), 2 * np.pi / (SWEEP_SEC * rng.uniform(0.8, 1.25))
    low = number <= FULL_HARMONICS
    sound, upper = (
        ring(partials[part], weight[:, part], held[part], phase[:, part], samples) for part in (low, ~low)
    )
    opening = slow_curve(
        lambda time: 1.0 - 0.5 * voice.sweep * (1.0 - np.sin(start + pace * time)), 0, samples
    )
    sound += upper * opening.astype(np.float32)
    return sound


def _blow(voice: Voice, hz: float, velocity: float, samples: int, rng: Generator) -> Stereo:
    """One player with vibrato and breath, whose tone opens with force."""
    rate = 2 * np.pi * VIBRATO_HZ * (1 + 0.05 * rng.standard_normal())
    start = rng.uniform(0.0, 2 * np.pi)

    def moves(time: Floats) -> Floats:
        swing = np.clip((time - 0.15) / 0.5, 0.0, 1.0) * np.sin(rate * time + start)
        scoop = np.exp(-time / SCOOP_SEC)
        cents = voice.vibrato_cents * swing - SCOOP_CENTS * scoop
        opened = velocity * (1.0 + 0.15 * swing) + 0.25 * np.exp(-time / 0.08)
        blown = 1.0 + CHIFF * np.exp(-time / CHIFF_SEC)
        return np.stack((2.0 ** (cents / 1200.0), opened, 1.0 + 0.12 * swing, voice.breath * blown))

    bend, opened, swell, blown = slow_curve(moves, 0, samples)
    turns = np.cumsum(bend) * (hz / SAMPLE_RATE)
    at = ((turns % 1.0) * CYCLE).astype(np.intp)
    dark, brighter = _cycles(
        voice, sum(number * hz < HIGHEST_HZ for number in range(1, len(voice.amplitudes) + 1))
    )
    tone = dark[at] + brighter[at] * opened.astype(np.float32)
    tone *= swell.astype(np.float32)
    left, right = (_air(samples, int(rng.integers(AIR_SAMPLES))) for _ in range(2))
    sound: Stereo = tone + blown.astype(np.float32) * np.stack((left, right))
    return sound


@lru_cache(maxsize=64)
def _cycles(voice: Voice, harmonics: int) -> tuple[Mono, Mono]:
    """One cycle of a soft tone, and what is added at full force; its phases keep it from being all peak."""
    number = np.arange(1, harmonics + 1)
    full = np.array(voice.amplitudes)[:harmonics]
    turned = full * np.exp(-1j * np.pi * number * (number - 1) / len(voice.amplitudes))
    spectra = np.zeros((2, CYCLE // 2 + 1), np.complex128)
    soft = number**-voice.bloom
    spectra[:, 1 : harmonics + 1] = np.stack((turned * soft, turned * (1.0 - soft))) * (CYCLE / 2)
    dark, brighter = np.fft.irfft(spectra, CYCLE).astype(np.float32)
    return dark, brighter


def _air(samples: int, start: int) -> Mono:
    """A stretch of breath."""
    return np.take(_breath(), np.arange(start, start + samples), mode="wrap")


@cache
def _breath() -> Mono:
    """Noise of unit RMS, the same for all who blow; nobody begins at the same place of it."""
    return noise_band(np.random.Generator(np.random.Philox(7)), AIR_SAMPLES, *AIR_HZ, slope=0.0).astype(
        np.float32
    )
