"""What a track sounds like to librosa, pyloudnorm and, where it is installed, Essentia."""

from __future__ import annotations

from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

import librosa
import numpy as np
import pyloudnorm

ESSENTIA = "essentia"  # a second opinion on keys, for whoever has it

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE, HOP = 22_050, 256
ESSENTIA_RATE = 44_100
NAMES = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
# How well each degree fits a key, major and minor.
PROFILES = {
    # How often it occurs: Temperley, "Music and Probability" (2007), Kostka-Payne corpus.
    "Temperley": (
        (0.748, 0.060, 0.488, 0.082, 0.670, 0.460, 0.096, 0.715, 0.104, 0.366, 0.057, 0.400),
        (0.712, 0.084, 0.474, 0.618, 0.049, 0.460, 0.105, 0.747, 0.404, 0.067, 0.133, 0.330),
    ),
    # How well listeners thought it fitted: Krumhansl and Kessler (1982).
    "Krumhansl-Kessler": (
        (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
        (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
    ),
}
# A mode is looked for as the key on its note whose third it has.
THIRDS = {"dorian": "minor", "phrygian": "minor", "lydian": "major", "mixolydian": "major"}


class Ear:
    """Listens to samples [2, N] at 48 kHz; everything is worked out when it is asked for."""

    def __init__(self, samples: NDArray[np.float32], sample_rate: int) -> None:
        self._samples, self._sample_rate = samples, sample_rate
        self._mono = self._at(RATE)

    def _at(self, rate: int) -> NDArray[np.float32]:
        heard: NDArray[np.float32] = librosa.resample(
            self._samples.mean(axis=0), orig_sr=self._sample_rate, target_sr=rate
        )
        return heard

    @property
    def tempo_bpm(self) -> float:
        """Of librosa's beat tracker."""
        tempo, _ = librosa.beat.beat_track(y=self._mono, sr=RATE, hop_length=HOP)
        return float(np.atleast_1d(tempo)[0])

    @cached_property
    def _chroma(self) -> NDArray[np.floating]:
        chroma = librosa.feature.chroma_cqt(y=self._mono, sr=RATE, hop_length=HOP)
        mean: NDArray[np.floating] = chroma.mean(axis=1)
        return mean

    def keys(self, profiles: str) -> list[str]:
        """All 24 keys, the likeliest first, by the correlation of their profiles with the chroma."""
        fits = {
            f"{NAMES[tonic]} {mode}": float(np.corrcoef(np.roll(profile, tonic), self._chroma)[0, 1])
            for mode, profile in zip(("major", "minor"), PROFILES[profiles], strict=True)
            for tonic in range(12)
        }
        return sorted(fits, key=lambda key: -fits[key])

    @property
    def key_of_essentia(self) -> str | None:
        """Its one answer, with the settings it has by itself (chroma and `bgate` profiles of its own)."""
        if find_spec(ESSENTIA) is None:
            return None
        extract = import_module(f"{ESSENTIA}.standard").KeyExtractor()
        note, scale, _ = extract(self._at(ESSENTIA_RATE).astype(np.float32))
        sharps = {"C#": "Db", "D#": "Eb", "Gb": "F#", "G#": "Ab", "A#": "Bb"}
        return f"{sharps.get(note, note)} {scale}"

    @property
    def major(self) -> float:
        """1 for a major key, 0 for a minor one."""
        return float(self.keys("Krumhansl-Kessler")[0].endswith("major"))

    @property
    def percussive_db(self) -> float:
        """Power of the percussive part of harmonic-percussive separation."""
        percussive = librosa.effects.percussive(self._mono, hop_length=HOP)
        return float(10 * np.log10(np.mean(percussive**2)))

    @property
    def flatness_db(self) -> float:
        """The median over time: near-silent frames at both ends count as perfectly flat."""
        flatness = np.median(librosa.feature.spectral_flatness(y=self._mono, hop_length=HOP))
        return float(10 * np.log10(flatness))

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
