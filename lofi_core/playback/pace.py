"""How fast does a job make sound, and how sure is that? Told by what it has made so far."""

from __future__ import annotations

from collections import deque
from itertools import pairwise
from math import sqrt
from statistics import fmean, pstdev

# News may come in a bunch: a speed over less than this says too much.
LAP_SEC = 0.25
LAPS = 12  # what was longer ago says little: models become slower or faster as a track gets longer
# Before there are laps enough to tell how even they are.
FIRST_MARGIN = 0.9
# However even the work is: the clock's own noise, and that of the news.
LEAST_DOUBT = 0.02
MOST_DOUBT = 0.5
DEVIATIONS = 2.0


class Pace:
    """Laps of at least `LAP_SEC` of work, from one piece of sound to a later one.

    Attributes:
        largest_sec: the longest piece of sound that came at a time.
        latest_sec: by how much one came later than its length and the speed say, at most.
        last_worked: busy seconds at the newest sound.
    """

    def __init__(self) -> None:
        self.largest_sec = self.latest_sec = 0.0
        self.last_worked = 0.0
        self._available_sec = 0.0
        self._first: tuple[float, float] | None = None  # busy and available seconds at the first sound
        self._laps: deque[tuple[float, float]] = deque(maxlen=LAPS + 1)

    def came(self, available_sec: float, worked_sec: float) -> None:
        """So much is there after so many seconds of work."""
        if available_sec <= self._available_sec:
            return
        piece_sec, took_sec = available_sec - self._available_sec, worked_sec - self.last_worked
        self.largest_sec = max(self.largest_sec, piece_sec)
        self._available_sec, self.last_worked = available_sec, worked_sec
        if len(self._laps) > 1:
            self.latest_sec = max(self.latest_sec, took_sec - piece_sec / self.speed)
        if self._first is None:
            self._first = (worked_sec, available_sec)
            self._laps.append(self._first)
        elif worked_sec - self._laps[-1][0] >= LAP_SEC:
            self._laps.append((worked_sec, available_sec))

    @property
    def is_measured(self) -> bool:
        """There are two laps to compare: without what came before the first sound, as a model's load."""
        return len(self._laps) > 2

    @property
    def speed(self) -> float:
        """Seconds of sound in a second of work, lately; until a lap is done, the lower of what it may be."""
        if self._first is None:
            return 0.0
        since_begin = self._available_sec / max(self.last_worked, 1e-3)
        worked, available = self._laps[0]
        if self._available_sec == available:
            return since_begin
        lately = (self._available_sec - available) / max(self.last_worked - worked, 1e-3)
        return lately if len(self._laps) > 1 else min(lately, since_begin)

    def cautious(self, left_sec: float) -> float:
        """The speed that the rest, so many seconds of sound, will hardly fall below.

        The mean of as many laps as are left is taken to lie within two standard deviations of that of the
        laps that were.
        """
        speed = self.speed
        if not self.is_measured:
            return speed * FIRST_MARGIN
        laps = [(a2 - a1) / (w2 - w1) for (w1, a1), (w2, a2) in pairwise(self._laps)]
        to_come = max(left_sec / max(fmean(laps) * LAP_SEC, 1e-6), 1.0)
        doubt = DEVIATIONS * pstdev(laps) / fmean(laps) * sqrt(1 / len(laps) + 1 / to_come)
        return speed * (1 - min(max(doubt, LEAST_DOUBT), MOST_DOUBT))
