"""What is known of a radio that is on, from its start to its end. Touched on the event loop only."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lofi_core.radio.flow import Feel
from lofi_core.radio.program import Program
from lofi_core.radio.silence import Silence

if TYPE_CHECKING:
    from lofi_core.errors import LofiError
    from lofi_core.radio.making import Making
    from lofi_core.radio.station import Station

# A backend that failed gets another seed at once, then is left alone for longer and longer.
FIRST_RETRY_SEC, LAST_RETRY_SEC = 5.0, 300.0
# A device that is back is to be heard soon, however long it was away.
LAST_SOUND_RETRY_SEC = 15.0
# What was heard last does not come again as a bridge.
HEARD_REMEMBERED = 200
# So many prompts are kept, so that words take turns.
WORDED_REMEMBERED = 50


@dataclass(slots=True)
class Retry:
    """When may something that failed be tried again?

    Attributes:
        free: so many failures in a row cost no time.
        longest_sec: how long it is left alone at most.
        at: seconds of the loop's clock; 0: any time.
        failures: in a row.
        why: the last error in words, while it counts.
    """

    free: int = 1
    longest_sec: float = LAST_RETRY_SEC
    at: float = 0.0
    failures: int = 0
    why: str | None = None

    def failed(self, error: LofiError, now: float) -> None:
        """Once more."""
        self.failures += 1
        self.why = f"{error.code}: {error.message}"
        over = self.failures - self.free
        wait = 0.0 if over <= 0 else FIRST_RETRY_SEC * 2.0 ** min(over - 1, 10)
        self.at = now + min(wait, self.longest_sec)

    def wait(self, seconds: float, now: float, why: str | None = None) -> None:
        """Not now, though nothing failed."""
        self.at, self.why = now + seconds, why

    def went_well(self) -> None:
        """Begin to count anew."""
        self.at, self.failures, self.why = 0.0, 0, None


@dataclass(slots=True)
class Like:
    """What "more like this" asked for.

    Attributes:
        left: how many pieces are still to be made so.
    """

    prompt: str
    feel: Feel
    left: int


@dataclass(slots=True)
class Counts:
    """Since the radio was turned on.

    Attributes:
        played: pieces of all kinds that were begun.
        made: pieces of the station that were finished.
        bridges: tracks of the library and fresh ones that bridged.
        again: pieces heard before, because there was nothing else.
        failures: jobs that ended in an error.
    """

    played: int = 0
    made: int = 0
    bridges: int = 0
    again: int = 0
    failures: int = 0


@dataclass(slots=True)
class Session:
    """One radio that is on.

    Attributes:
        station: what it plays.
        follows_schedule: nobody named a station, so the time of day does.
        wave: grows when what was planned before comes second: another station, or more like this.
        tuned_wave: the station's first.
        tuned_at: when it went to this station.
        goes_over: what plays is to be left for this station's first sound.
        skip_wanted: what plays is to be left as soon as there is anything else.
        feel: of the station's newest piece.
        first_feel: of the station's first piece.
        like: what the next pieces are to be like.
        making: the station's piece that is being made, heard already or not.
        bridging: a fresh bridge that is being made.
        leaving: a piece that is still being made, and is left as soon as there is another.
        power: why nothing is made though nothing else is wrong.
        sleeps_at: when it ends by itself.
        fades: it is going silent.
        paused_since: when the listener held it.
        let_go: its models were unloaded in this pause.
        heard: track ids, the newest last.
        worded: prompts of the station's newest pieces, the newest last.
        unplayable: track ids that could not be heard.
        current_key: of the entry that was noted as playing last.
    """

    station: Station
    follows_schedule: bool = False
    wave: int = 0
    tuned_wave: int = 0
    tuned_at: float = 0.0
    goes_over: bool = True
    skip_wanted: bool = False
    feel: Feel = field(default_factory=Feel)
    first_feel: Feel = field(default_factory=Feel)
    like: Like | None = None
    making: Making | None = None
    bridging: Making | None = None
    leaving: Making | None = None
    power: str | None = None
    sleeps_at: float | None = None
    fades: bool = False
    paused_since: float | None = None
    let_go: bool = False
    current_key: int | None = None
    program: Program = field(default_factory=Program)
    silence: Silence = field(default_factory=Silence)
    counts: Counts = field(default_factory=Counts)
    make_retry: Retry = field(default_factory=Retry)
    bridge_retry: Retry = field(default_factory=Retry)
    sound_retry: Retry = field(default_factory=lambda: Retry(free=4, longest_sec=LAST_SOUND_RETRY_SEC))
    shelf_retry: Retry = field(default_factory=Retry)
    unplayable: set[str] = field(default_factory=set)
    worded: deque[str] = field(default_factory=lambda: deque(maxlen=WORDED_REMEMBERED))
    heard: deque[str] = field(default_factory=lambda: deque(maxlen=HEARD_REMEMBERED))

    def tune(self, station: Station, now: float) -> None:
        """Go to another station; what was planned for the last one comes second."""
        self.station, self.tuned_at, self.goes_over = station, now, True
        self.wave += 1
        self.tuned_wave = self.wave
        self.feel = self.first_feel = Feel()
        self.like = None
        for retry in (self.make_retry, self.shelf_retry):
            retry.went_well()

    def planned(self, prompt: str, feel: Feel) -> None:
        """The station's next piece is being made, and will be so."""
        self.worded.append(prompt)
        if self.first_feel == Feel():
            self.first_feel = feel
        self.feel = feel
        if self.like is not None:
            self.like.left -= 1
            self.like = self.like if self.like.left > 0 else None
