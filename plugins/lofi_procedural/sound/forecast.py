"""What the long-term spectrum of a piece will be, told from its score before a note of it is heard.

A partial that decays has an energy that can be written down, and so has noise of a known band. Summed over
the notes of a piece, semitone by semitone, they show which note booms and how far treble lies under bass.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from lofi_procedural.plan import SAMPLE_RATE
from lofi_procedural.sound import sustained
from lofi_procedural.sound.instruments import A4_HZ, A4_PITCH, KNOCK_ENERGY, LOUDNESS_CURVE, decay, partials
from lofi_procedural.sound.spectrum import response
from lofi_procedural.sound.textures import TEXTURES
from lofi_procedural.sound.timbres import TIMBRES
from lofi_procedural.sound.voices import VOICES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lofi_procedural.score import Bar, Hit
    from lofi_procedural.score.notes import Note
    from lofi_procedural.sound.kit import Kit
    from lofi_procedural.sound.timbres import Timbre
    from lofi_procedural.sound.types import Floats
    from lofi_procedural.sound.voices import Voice

PITCHES = np.arange(34, 125)  # 58 Hz to 10.5 kHz
PITCHES_HZ = A4_HZ * 2.0 ** ((PITCHES - A4_PITCH) / 12.0)
# Of its release a note is heard as long as this share of it at full level.
HEARD_RELEASE = 0.3
STROKE_FFT = 32_768


def of_notes(instrument: str, notes: Iterable[Note], beat_sec: float) -> Floats:
    """Energy around each of `PITCHES` of what one instrument plays."""
    pitch, velocity, beats = np.array([(note.pitch, note.velocity, note.beats) for note in notes]).T[
        :, :, None
    ]
    hz = A4_HZ * 2.0 ** ((pitch - A4_PITCH) / 12.0)
    if instrument in VOICES:
        return _of_held(VOICES[instrument], hz, velocity, beats * beat_sec)
    return _of_struck(TIMBRES[instrument], hz, velocity, beats * beat_sec)


def _of_struck(timbre: Timbre, hz: Floats, velocity: Floats, held_sec: Floats) -> Floats:
    where, amplitude, t60 = partials(timbre, hz, velocity)
    seconds = held_sec + HEARD_RELEASE * timbre.release_sec
    rate = 2.0 * decay(t60)
    level = (timbre.gain * velocity**LOUDNESS_CURVE) ** 2
    energy = level * 0.5 * amplitude**2 * (1.0 - np.exp(-rate * seconds)) / rate
    knocks = float(np.sum(level * (timbre.knock * (0.4 + velocity)) ** 2)) * KNOCK_ENERGY
    return _gather(where, energy) + knocks * _spread(response(PITCHES_HZ, 1.0, 1_900.0, order=2))


def _of_held(voice: Voice, hz: Floats, velocity: Floats, held_sec: Floats) -> Floats:
    number = np.arange(1, len(voice.amplitudes) + 1)
    seconds = held_sec + HEARD_RELEASE * voice.release_sec - 0.5 * voice.attack_sec
    level = (voice.gain * velocity) ** 2 * np.maximum(seconds, 0.05)
    energy = 0.5 * sustained.power(voice, velocity) * level
    breath = float(level.sum()) * voice.breath**2
    air: Floats = breath * _spread(response(PITCHES_HZ, *sustained.AIR_HZ, order=1))
    return _gather(hz * number, energy) + air


def of_hits(hits: Iterable[Hit], kit: Kit) -> Floats:
    """Energy around each of `PITCHES` of what the drums play."""
    force: defaultdict[str, float] = defaultdict(float)
    for hit in hits:
        force[hit.voice] += kit.level(hit) ** 2
    edges = PITCHES_HZ * 2 ** (-1 / 24)
    edges = np.append(edges, edges[-1] * 2 ** (1 / 12))
    total = np.zeros(len(PITCHES))
    for voice, energy in force.items():
        stroke = kit.stroke(voice)
        # In double precision with numpy 2, too: the tone of the whole piece follows from these sums.
        spectrum = np.fft.rfft(stroke.astype(np.float64), STROKE_FFT)
        sums = np.cumsum(np.abs(spectrum) ** 2)
        bins = np.interp(edges, np.fft.rfftfreq(STROKE_FFT, 1 / SAMPLE_RATE), sums)
        total += energy * np.diff(bins) * 2 / STROKE_FFT / SAMPLE_RATE
    return total


def of_textures(amounts: Mapping[str, float], seconds: float) -> Floats:
    """Energy around each of `PITCHES` of the textures' beds over so long."""
    total = np.zeros(len(PITCHES))
    for name, amount in amounts.items():
        texture = TEXTURES[name]
        colour = response(PITCHES_HZ, texture.low_hz, texture.high_hz, order=2) * PITCHES_HZ ** (
            texture.slope / 6.02
        )
        level = texture.level * amount * (1.0 - 0.5 * texture.swell)
        total += seconds * level**2 * _spread(colour)
    return total


def of_bars(
    bars: list[Bar], seats: Mapping[str, str | None], gains: Mapping[str, float], beat_sec: float
) -> Floats:
    """Energy around each of `PITCHES` of the notes of some bars."""
    total = np.zeros(len(PITCHES))
    for part, instrument in seats.items():
        notes = [note for bar in bars for note in bar.notes if note.part == part]
        if instrument and notes:
            total += gains[part] ** 2 * of_notes(instrument, notes, beat_sec)
    return total


def _gather(hz: Floats, energy: Floats) -> Floats:
    """Sum energies into the semitones they lie in."""
    at = np.rint(A4_PITCH + 12.0 * np.log2(hz / A4_HZ)).astype(np.intp) - PITCHES[0]
    inside = (at >= 0) & (at < len(PITCHES))
    spread = np.broadcast_to(energy, at.shape)
    return np.bincount(at[inside], spread[inside], len(PITCHES)).astype(np.float64)


def _spread(magnitude: Floats) -> Floats:
    """The share each semitone has of noise of this colour."""
    power = magnitude**2 * PITCHES_HZ
    share: Floats = power / power.sum()
    return share
