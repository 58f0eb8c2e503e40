"""Who submits the radio's jobs, follows them, and knows how fast each backend is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_core.errors import InvalidOption
from lofi_core.radio.making import STREAM_SPEED, Making
from lofi_core.radio.pace import Pace
from lofi_core.radio.station import feel_of, prepared

if TYPE_CHECKING:
    from collections.abc import Callable

    from lofi_core.config import Config
    from lofi_core.jobs.engine import Engine
    from lofi_core.jobs.job import Priority
    from lofi_core.jobs.request import Prepared
    from lofi_core.plugins import PluginHost
    from lofi_core.radio.flow import Feel
    from lofi_core.radio.session import Session
    from lofi_core.radio.station import Station
    from lofi_core.radio.status import Source

# The radio's name among those that are interested in a job.
CLIENT = "radio"


class Maker:
    """Submits and follows.

    Args:
        engine: does the work.
        plugins: who makes music.
        config: asked anew each time.
        clock: seconds.

    Attributes:
        jobs: ids of the radio's jobs that have not ended, those of an earlier radio too.
    """

    def __init__(
        self, engine: Engine, plugins: PluginHost, config: Callable[[], Config], clock: Callable[[], float]
    ) -> None:
        self.engine = engine
        self.plugins = plugins
        self._config = config
        self._clock = clock
        self._paces: dict[str, Pace] = {}
        self._weights: dict[str, str] = {}
        self.jobs: set[str] = set()

    def pace(self, backend: str) -> Pace:
        """How fast a backend is."""
        return self._paces.setdefault(backend, Pace())

    def prepare(self, station: Station, prompt: str, feel: Feel | None = None) -> Prepared:
        """A request for a piece; without the tempo and key when the backend does not take those."""
        try:
            request = prepared(station, prompt, self.plugins, self._config(), feel=feel)
        except InvalidOption:
            if feel is None:
                raise
            request = prepared(station, prompt, self.plugins, self._config())
        self._weights[request.spec.name] = request.schedule.weights
        expected = self.engine.calibration.expected_sec(request)
        self.pace(request.spec.name).learn(expected, request.request.duration_sec)
        return request

    def begin(self, request: Prepared, source: Source, wave: int, priority: Priority = "normal") -> Making:
        """Submit a request.

        Raises:
            QueueFull, ShuttingDown: it was not accepted.
        """
        loads = self.needs_load(request.record.name)
        job = self.engine.submit(request, CLIENT, priority)
        self.jobs.add(job.job_id)
        pace = self.pace(request.spec.name)
        return Making(job, source, wave, feel_of(request), pace, since=self._clock(), loads=loads)

    def hurry(self, making: Making) -> None:
        """Have a job come before those of others."""
        if making.job.priority != "high" and not making.job.has_ended:
            self.engine.submit(making.job.prepared, CLIENT, "high")

    def give_up(self, making: Making | None) -> None:
        """End a job, unless somebody else wants its track."""
        if making is not None:
            self.engine.cancel(making.job, CLIENT)

    def needs_load(self, backend: str) -> bool:
        """Whether a job of this backend has to load something first."""
        record = self.plugins.find(backend)
        return self.engine.models.needs_load(record, self._weights.get(record.name, ""))

    def expected_sec(self, station: Station) -> float | None:
        """Until a piece that is begun now can be heard, with nothing else going on; None: not known."""
        pace, spec = self.pace(station.backend), self.plugins.find(station.backend).spec
        is_fast = pace.speed is not None and pace.speed >= STREAM_SPEED
        streams = spec is not None and spec.streaming and is_fast
        return pace.heard_in_sec(
            station.duration_sec, loads=self.needs_load(station.backend), streams=streams
        )

    def learn(self, station: Station) -> None:
        """How fast was this station's backend, before this daemon? The words are all the same for that."""
        self.prepare(station, "music")


def makings_of(session: Session) -> list[Making]:
    """Every job of a radio that is on."""
    return [making for making in (session.making, session.bridging, session.leaving) if making is not None]
