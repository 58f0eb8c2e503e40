"""The method about numbers."""

from __future__ import annotations

import platform
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lofi_core import __version__
from lofi_core.memory import resident_bytes
from lofi_core.metrics.exposition import Family, exposition
from lofi_core.metrics.lag import LoopLag
from lofi_core.metrics.tally import Tally
from lofi_core.rpc import results as r
from lofi_core.rpc.handlers.backends import loaded_models
from lofi_core.rpc.methods import METHODS, PROTOCOL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lofi_core.jobs.engine import Engine
    from lofi_core.playback.control import Playback
    from lofi_core.rpc import params as p
    from lofi_core.rpc.connection import Connection
    from lofi_core.rpc.hub import Hub
    from lofi_core.tracks.library import Library


@dataclass(slots=True)
class MetricsMethods:
    """`metrics`.

    Attributes:
        requests: method → so many requests, counted by the dispatcher.
        tally: is told of the events of jobs.
    """

    hub: Hub
    engine: Engine
    library: Library
    playback: Playback
    requests: dict[str, int] = field(default_factory=lambda: dict.fromkeys(METHODS, 0))
    tally: Tally = field(default_factory=Tally)
    _lag: LoopLag = field(default_factory=LoopLag)
    _started: float = field(default_factory=time.monotonic)

    def metrics(self, _connection: Connection, _params: p.NoParams) -> r.Metrics:
        return r.Metrics(exposition([*self._daemon(), *self._jobs(), *self._kept(), *self._loop()]))

    def _daemon(self) -> Iterator[Family]:
        build = {"version": __version__, "protocol": str(PROTOCOL), "python": platform.python_version()}
        yield Family("lofi_build_info", "gauge", "What runs; the value is always 1.", [(build, 1)])
        uptime_sec = round(time.monotonic() - self._started, 3)
        yield _one("lofi_uptime_seconds", "How long the daemon has been serving.", uptime_sec)
        yield _one("lofi_resident_memory_bytes", "Memory that the daemon's process holds.", resident_bytes())
        yield _one("lofi_clients", "Clients that are connected.", len(self.hub.connections))
        told = "Requests and notifications served, by method, refused ones too."
        yield Family("lofi_rpc_requests_total", "counter", told, _by("method", self.requests))

    def _jobs(self) -> Iterator[Family]:
        queue, runner = self.engine.queue, self.engine.runner
        yield Family("lofi_jobs_total", "counter", "Jobs by how they ended.", _by("state", self.tally.ended))
        told = "Seconds of music in the tracks that were made, by backend."
        yield Family("lofi_audio_seconds_total", "counter", told, _by("backend", self.tally.audio_sec))
        told = "Seconds of work that those tracks took, by backend."
        yield Family("lofi_generation_seconds_total", "counter", told, _by("backend", self.tally.work_sec))
        yield _one("lofi_jobs_running", "Jobs that have the worker.", int(runner.current is not None))
        yield _one("lofi_queue_length", "Jobs that wait, paused ones included.", len(queue))
        yield _one("lofi_queue_capacity", "How many may wait.", queue.capacity)

    def _kept(self) -> Iterator[Family]:
        yield _one("lofi_tracks", "Tracks in the library.", self.library.count)
        yield _one("lofi_tracks_bytes", "Bytes of their files.", self.library.size_bytes)
        models = [
            ({"backend": model.backend, "weights": model.weights}, model.resident_bytes)
            for model in loaded_models(self.engine.models)
        ]
        yield Family("lofi_model_resident_bytes", "gauge", "Memory of each model that is loaded.", models)

    def _loop(self) -> Iterator[Family]:
        told = "How often the device got silence because nothing was rendered in time."
        underruns = self.playback.deck.player.underruns
        yield Family("lofi_playback_underruns_total", "counter", told, [({}, underruns)])
        lag_sec = self._lag.most_sec()
        told = "The longest that a timer of the event loop was late, in the last one to two minutes."
        known = () if lag_sec is None else (lag_sec,)
        yield Family("lofi_event_loop_lag_max_seconds", "gauge", told, [({}, value) for value in known])


def _one(name: str, told: str, value: float) -> Family:
    return Family(name, "gauge", told, [({}, value)])


def _by(label: str, values: Mapping[str, float]) -> list[tuple[dict[str, str], float]]:
    return [({label: name}, value) for name, value in values.items()]
