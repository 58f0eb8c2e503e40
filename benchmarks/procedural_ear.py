"""What a track sounds like to librosa and pyloudnorm: tempo, key, percussion, spectrum, onsets, loudness."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import librosa
import numpy as np
import pyloudnorm

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE, HOP = 22_050, 256
NAMES = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
# How often each degree occurs in a key: Temperley, "Music and Probability" (2007), Kostka-Payne corpus.
MAJOR = (0.748, 0.060, 0.488, 0.082, 0.670, 0.460, 0.096, 0.715, 0.104, 0.366, 0.057, 0.400)
MINOR = (0.712, 0.084, 0.474, 0.618, 0.049, 0.460, 0.105, 0.747, 0.404, 0.067, 0.133, 0.330)
# A mode is looked for as the key on its note whose third it has.
THIRDS = {"dorian": "minor", "phrygian": "minor", "lydian": "major", "mixolydian": "major"}


class Ear:
    """Listens to samples [2, N] at 48 kHz; everything is worked out when it is asked for."""

    def __init__(self, samples: NDArray[np.float32], sample_rate: int) -> None:
        self._samples, self._sample_rate = samples, sample_rate
        self._mono = librosa.resample(samples.mean(axis=0), orig_sr=sample_rate, target_sr=RATE)

    @property
    def tempo_bpm(self) -> float:
        """Of librosa's beat tracker."""
        tempo, _ = librosa.beat.beat_track(y=self._mono, sr=RATE, hop_length=HOP)
        return float(np.atleast_1d(tempo)[0])

    @cached_property
    def keys(self) -> list[str]:
        """All 24 keys, the likeliest first, by the correlation of their profiles with the chroma."""
        chroma = librosa.feature.chroma_cqt(y=self._mono, sr=RATE, hop_length=HOP).mean(axis=1)
        fits = {
            f"{NAMES[tonic]} {mode}": float(np.corrcoef(np.roll(profile, tonic), chroma)[0, 1])
            for mode, profile in (("major", MAJOR), ("minor", MINOR))
            for tonic in range(12)
        }
        return sorted(fits, key=lambda key: -fits[key])

    @property
    def major(self) -> float:
        """1 for a major key, 0 for a minor one."""
        return float(self.keys[0].endswith("major"))

    @property
    def percussive_db(self) -> float:
        """Power of the percussive part of harmonic-percussive separation."""
        percussive = librosa.effects.percussive(self._mono, hop_length=HOP)
        return float(10 * np.log10(np.mean(percussive**2)))

    @property
    def flatness(self) -> float:
        """The median over time: near-silent frames at both ends count as perfectly flat."""
        return float(np.median(librosa.feature.spectral_flatness(y=self._mono, hop_length=HOP)))

    @property
    def centroid_hz(self) -> float:
        """The mean over time."""
        return float(librosa.feature.spectral_centroid(y=self._mono, sr=RATE, hop_length=HOP).mean())

    @property
    def onsets(self) -> float:
        """How many there are."""
        return float(len(librosa.onset.onset_detect(y=self._mono, sr=RATE, hop_length=HOP)))

    @property
    def lufs(self) -> float:
        """Integrated loudness."""
        meter = pyloudnorm.Meter(self._sample_rate)
        return float(meter.integrated_loudness(self._samples.T.astype(np.float64)))


def is_among(stated: str, keys: list[str]) -> bool:
    """Whether a stated key is one of those; a mode counts as the key on its note that has its third."""
    note, mode = stated.split()
    return f"{note} {THIRDS.get(mode, mode)}" in keys


def octave_of(heard: float, stated: float) -> float:
    """How far a tempo is from the stated one, of it, an octave allowed."""
    return min(abs(heard / (stated * octave) - 1) for octave in (0.5, 1.0, 2.0))


def folded(tempo: float) -> float:
    """A tempo in the octave from 50: a beat tracker may hear double, or half."""
    while tempo >= 100:
        tempo /= 2
    while tempo < 50:
        tempo *= 2
    return tempo
