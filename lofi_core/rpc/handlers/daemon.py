"""Methods about the daemon itself and about events."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import UNSET

from lofi_core import __version__
from lofi_core.events import EVENTS
from lofi_core.memory import resident_bytes
from lofi_core.rpc import results as r
from lofi_core.rpc.describe import describe
from lofi_core.rpc.handlers.backends import loaded_models
from lofi_core.rpc.handlers.playback import playback_status
from lofi_core.rpc.methods import METHODS, PROTOCOL

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lofi_core.event_loop import Loop
    from lofi_core.jobs.engine import Engine
    from lofi_core.playback.control import Playback
    from lofi_core.plugins import PluginHost
    from lofi_core.radio.radio import Radio
    from lofi_core.rpc import params as p
    from lofi_core.rpc.connection import Connection
    from lofi_core.rpc.handlers.jobs import JobMethods
    from lofi_core.rpc.hub import Hub
    from lofi_core.tracks.library import Library


@dataclass(slots=True)
class DaemonMethods:
    """`hello`, `describe`, `ping`, `status`, `subscribe`, `unsubscribe`, `shutdown`."""

    hub: Hub
    engine: Engine
    jobs: JobMethods
    library: Library
    playback: Playback
    radio: Radio
    plugins: PluginHost
    socket_path: Path
    event_loop: Loop
    ask_to_end: Callable[[str], None]
    started_at: str = field(
        default_factory=lambda: datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )
    _started: float = field(default_factory=time.monotonic)

    def hello(self, connection: Connection, params: p.HelloParams) -> r.Hello:
        if params.client is not None:
            name = "".join(filter(str.isprintable, params.client.name[:200]))[:40]
            connection.name = f"{name} (client {connection.client_id})"
        return r.Hello(
            name="lofi-core",
            version=__version__,
            protocol=PROTOCOL,
            pid=os.getpid(),
            started_at=self.started_at,
            methods=list(METHODS),
            events=list(EVENTS),
        )

    def describe(self, _connection: Connection, _params: p.NoParams) -> r.Description:
        return describe()

    def ping(self, _connection: Connection, _params: p.NoParams) -> r.Pong:
        return r.Pong(version=__version__)

    def status(self, connection: Connection, params: p.NoParams) -> r.Status:
        queue = self.jobs.queue_status(connection, params)
        return r.Status(
            version=__version__,
            pid=os.getpid(),
            uptime_sec=round(time.monotonic() - self._started, 3),
            socket=str(self.socket_path),
            clients=len(self.hub.connections),
            running=queue.running,
            queue=r.QueueCount(self.engine.queue.pending, self.engine.queue.capacity, len(queue.paused)),
            playback=playback_status(self.playback),
            radio=self.radio.brief(),
            backends=[r.BackendBrief(name, record.status) for name, record in self.plugins.records.items()],
            models_loaded=self.engine.models.names(),
            models=loaded_models(self.engine.models),
            device=self.engine.device,
            event_loop=self.event_loop,
            tracks=self._tracks(),
            tasks=len(asyncio.all_tasks()),
            rss_bytes=resident_bytes(),
            eta=self.engine.calibration.accuracy(),
        )

    def _tracks(self) -> r.TrackCount:
        check, found = self.library.check, self.library.check.found
        told = r.TracksCheck(
            *(check.state, check.percent, check.rebuilding),
            *(found.taken_back, found.dropped, found.set_aside, found.leftovers),
        )
        return r.TrackCount(self.library.count, self.library.size_bytes, told)

    def subscribe(self, connection: Connection, params: p.SubscribeParams) -> r.Subscriptions:
        return r.Subscriptions(connection.subscriptions.add(params.events, params.scope))

    def unsubscribe(self, connection: Connection, params: p.SubscribeParams) -> r.Subscriptions:
        return r.Subscriptions(connection.subscriptions.remove(params.events, params.scope))

    def shutdown(self, connection: Connection, _params: p.NoParams) -> r.Stopping:
        self.ask_to_end(f"asked by {connection.name}")
        return r.Stopping(kept_jobs=self.engine.promised or UNSET)
