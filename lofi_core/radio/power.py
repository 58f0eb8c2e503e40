"""May music be made now, or does the machine run on its battery or have other things to do?"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from lofi_core.config import Radio

log = logging.getLogger("lofi.radio")

# A shorter time is told by few ticks of the system's clock, of which there are 100 a second.
LEAST_SEC = 1.0
# How much of the load that was known before still counts when another second has been looked at.
KEPT_PER_SEC = 0.9
# Held for load, music is made again when the load is below this share of what is allowed: not to and fro.
RELEASE_SHARE = 0.8


class Times(NamedTuple):
    """Processor time since some moment, in seconds, all processors together.

    Attributes:
        total: that went by: as much as there are processors, every second.
        busy: in which any process ran.
        own: in which this one ran, or those that it started.
        processors: how many there are.
    """

    total: float
    busy: float
    own: float
    processors: int


class Sensors(Protocol):
    """What the machine tells."""

    def on_battery(self) -> bool | None:
        """Whether it runs on its battery; None where it has none."""

    def times(self) -> Times:
        """Processor time until now. Looks at every process: some milliseconds where there are many."""


class Machine:
    """The machine itself, through psutil."""

    def on_battery(self) -> bool | None:
        """Whether it runs on its battery; None where it has none, or does not tell."""
        import psutil  # nobody needs it who has not asked for a pause

        sensor = getattr(psutil, "sensors_battery", None)  # not on every system
        try:
            battery = sensor() if sensor else None
        except (OSError, RuntimeError, ValueError) as error:  # drivers tell odd things
            log.debug("the battery cannot be read: %s", error)
            return None
        return None if battery is None or battery.power_plugged is None else not battery.power_plugged

    def times(self) -> Times:
        """Processor time until now."""
        import psutil

        times = psutil.cpu_times()
        # Linux counts a guest's time among the user's too.
        total = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
        # In stolen time the processor worked for another machine, and in iowait for nobody.
        idle = times.idle + getattr(times, "iowait", 0.0) + getattr(times, "steal", 0.0)
        return Times(total, total - idle, self._own(psutil), psutil.cpu_count() or 1)

    def _own(self, psutil: Any) -> float:
        """Of this process and what it started: the ended ones count as `children_…` of whoever waited."""
        own = psutil.Process()
        seconds = 0.0
        for process in (own, *own.children(recursive=True)):
            try:
                seconds += sum(process.cpu_times()[:4])  # user, system, and both of the children's
            except psutil.Error:  # ended by now, and soon among its parent's
                continue
        return seconds


class Conditions:
    """Watches what the configuration asks to watch. Each look goes from the last one to now.

    Args:
        sensors: what to ask.
    """

    def __init__(self, sensors: Sensors | None = None) -> None:
        self._sensors = sensors or Machine()
        self._last: Times | None = None
        self._load = 0.0
        self._is_loaded = False

    def on_battery(self) -> bool | None:
        """Whether the machine runs on its battery; None where it has none."""
        return self._sensors.on_battery()

    def load_of_others(self) -> float:
        """The share of all processors, 0 to 1, that other processes use: of late, a sudden one counts slowly.

        0 at the first look. May take some milliseconds: where that matters, call it in a thread.
        """
        now = self._sensors.times()
        last = self._last if self._last and self._last.total <= now.total else now
        passed = now.total - last.total
        seconds = passed / now.processors
        if seconds < LEAST_SEC:
            self._last = last
            return self._load
        self._last = now
        others = (now.busy - last.busy) - max(now.own - last.own, 0.0)
        share = min(max(others / passed, 0.0), 1.0)
        kept = KEPT_PER_SEC**seconds
        self._load = kept * self._load + (1 - kept) * share
        return self._load

    def verdict(self, config: Radio) -> str | None:
        """Why nothing is to be made now, in words; None when something may be.

        What the configuration does not ask about is not looked at.
        """
        if config.pause_on_battery and self.on_battery():
            return "on battery"
        limit = config.pause_above_load
        if limit <= 0:
            self._is_loaded, self._last, self._load = False, None, 0.0
            return None
        load = self.load_of_others()
        self._is_loaded = load > limit * (RELEASE_SHARE if self._is_loaded else 1.0)
        return f"other programs use {load:.0%} of the processors" if self._is_loaded else None
