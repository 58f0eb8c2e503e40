"""What does a listener hear, and for how long is there nothing?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

QUIET = 1e-4  # samples below this are silence
GAP_SEC = 0.05  # silence shorter than this is part of the music


@dataclass(frozen=True, slots=True)
class Gap:
    """A silence: when it began, in seconds of virtual time, and how long it lasted."""

    at_sec: float
    seconds: float


class Ear:
    """Takes all sound of a simulation, whichever process it comes from, and measures silences to the sample.

    What is before the first sound does not count, nor what is excused: a pause or a stop that somebody asked
    for.

    Args:
        rate: of the samples, Hz.
        began_at: virtual time of the first sample, if nothing is lost.

    Attributes:
        gaps: the silences that were too long.
        steepest: the largest step from one sample to the next, and when.
        heard_sec: seconds of sound so far, short silences included.
        first_at: virtual time of the first sound.
    """

    def __init__(self, rate: int, began_at: float) -> None:
        self.rate = rate
        self.gaps: list[Gap] = []
        self.steepest = (0.0, 0.0)
        self.heard_sec = 0.0
        self.first_at: float | None = None
        self._began_at = began_at
        self._frame = 0  # of virtual time, since it began
        self._quiet_since: int | None = None  # None: nothing to complain of yet
        self._resumes = False  # silence counts from the end of a pause on
        self._last = np.zeros((1, 2), np.float32)

    @property
    def silence_sec(self) -> float:
        """All gaps together."""
        return sum(gap.seconds for gap in self.gaps)

    @property
    def longest_sec(self) -> float:
        """The longest gap."""
        return max((gap.seconds for gap in self.gaps), default=0.0)

    def hear(self, samples: Samples, until_sec: float, *, excused: bool = False) -> None:
        """Take the samples [N, 2] up to a moment of virtual time; what is missing before them is silence."""
        end = round((until_sec - self._began_at) * self.rate)
        begin = end - len(samples)
        if begin > self._frame:  # nobody played
            self._last = np.zeros((1, 2), np.float32)
        if self._resumes and not excused:
            self._quiet_since, self._resumes = begin, False
        loud = np.flatnonzero(np.maximum(np.abs(samples[:, 0]), np.abs(samples[:, 1])) > QUIET)
        if len(loud):
            self._measure(loud + begin)
        if excused:
            self._end_gap(begin)
            self._quiet_since, self._resumes = None, True
        self._watch_steps(samples, begin)
        self._frame = end

    def excuse(self) -> None:
        """Silence from here to the next sound was asked for; one before counts."""
        self._end_gap(self._frame)
        self._quiet_since, self._resumes = None, False

    def forgive(self, fade_sec: float = 0.0) -> None:
        """The silence that lasts was asked for, and so were gaps in so many last seconds of sound."""
        if self._quiet_since is not None:
            faded_at = self._began_at + self._quiet_since / self.rate - fade_sec
            self.gaps = [gap for gap in self.gaps if gap.at_sec < faded_at]
        self._quiet_since, self._resumes = None, False

    def _measure(self, loud: NDArray[np.int64]) -> None:
        """Frames with sound, ascending."""
        if self.first_at is None:
            self.first_at = self._began_at + int(loud[0]) / self.rate
        self._end_gap(int(loud[0]))
        lengths = np.diff(loud) - 1
        for at in np.flatnonzero(lengths >= GAP_SEC * self.rate):
            self._note(int(loud[at]) + 1, int(lengths[at]))
        self._quiet_since = int(loud[-1]) + 1
        self.heard_sec += (int(loud[-1]) + 1 - int(loud[0])) / self.rate

    def _end_gap(self, frame: int) -> None:
        if self._quiet_since is not None:
            self._note(self._quiet_since, frame - self._quiet_since)

    def _note(self, frame: int, frames: int) -> None:
        if frames >= GAP_SEC * self.rate:
            self.gaps.append(Gap(self._began_at + frame / self.rate, frames / self.rate))

    def _watch_steps(self, samples: Samples, begin: int) -> None:
        if not len(samples):
            return
        steps = np.abs(np.diff(np.concatenate([self._last, samples]), axis=0))
        if (steepest := float(steps.max())) > self.steepest[0]:
            at = int(steps.argmax()) // 2
            self.steepest = (steepest, self._began_at + (begin + at) / self.rate)
        self._last = samples[-1:].copy()
