"""Build everything, in order, and take it down in reverse.

`serve` is the daemon; `run_once` makes one track in this process, without a socket.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import anyio
from msgspec import UNSET

from lofi_core import __version__
from lofi_core.clock import watch_clock
from lofi_core.errors import ERRORS, InternalError, LofiError
from lofi_core.event_loop import calm_threads, choose_loop, run_on
from lofi_core.events import GenerationComplete, GenerationError, ShuttingDown
from lofi_core.files import keep_private
from lofi_core.jobs.announce import completion
from lofi_core.jobs.calibration import FILE_NAME as CALIBRATION_NAME
from lofi_core.jobs.calibration import Calibration
from lofi_core.jobs.engine import Engine
from lofi_core.jobs.journal import Journal
from lofi_core.jobs.journal_file import FILE_NAME as JOURNAL
from lofi_core.jobs.made import find_made
from lofi_core.jobs.restore import restore
from lofi_core.logs.file import LOG_NAME, begin_logging
from lofi_core.models.downloads import Downloads
from lofi_core.mpris.service import serve_mpris
from lofi_core.playback.control import Playback
from lofi_core.plugins import PluginHost
from lofi_core.radio.dial import Dial
from lofi_core.radio.memory import FILE_NAME, Remembered
from lofi_core.radio.power import Conditions
from lofi_core.radio.presets import presets_dir
from lofi_core.radio.radio import Radio
from lofi_core.rpc.data_claim import DataClaim
from lofi_core.rpc.dispatch import Dispatcher
from lofi_core.rpc.ending import wait_for_end
from lofi_core.rpc.handed import handed_socket
from lofi_core.rpc.handlers.backends import BackendMethods
from lofi_core.rpc.handlers.daemon import DaemonMethods
from lofi_core.rpc.handlers.jobs import JobMethods, prepare_params
from lofi_core.rpc.handlers.metrics import MetricsMethods
from lofi_core.rpc.handlers.models import ModelMethods
from lofi_core.rpc.handlers.playback import PlaybackMethods
from lofi_core.rpc.handlers.radio import RadioMethods
from lofi_core.rpc.handlers.tracks import TrackMethods
from lofi_core.rpc.hub import Hub
from lofi_core.rpc.idle import IdleExit
from lofi_core.rpc.listener import Listener
from lofi_core.rpc.server import Server
from lofi_core.rpc.watch import Watch
from lofi_core.runtime import resolve_runtime
from lofi_core.tracks.check import Checker
from lofi_core.tracks.library import Library
from lofi_core.tracks.limit import Limit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from anyio.abc import TaskGroup, TaskStatus

    from lofi_core.config import Config, Settings
    from lofi_core.event_loop import Loop
    from lofi_core.events import Event
    from lofi_core.rpc.params import GenerateParams, TracksExportParams
    from lofi_core.runtime import Runtime

log = logging.getLogger("lofi")

# How long the end waits for a backend to reach its next step boundary.
STEP_GRACE_SEC = 5.0


def serve(settings: Settings) -> int:
    """Serve until `shutdown`, SIGTERM or SIGINT. Returns the exit status.

    Raises:
        LofiError: the daemon cannot start, and why.
    """
    keep_private()
    begin_logging(settings.config.daemon.log_level, settings.paths.state / LOG_NAME)
    calm_threads(os.environ)
    wait_for_end(settings.paths.socket)
    loop = choose_loop(settings.config.daemon.event_loop)
    return run_on(loop, _serve, settings, loop)


def run_once(
    settings: Settings,
    params: GenerateParams,
    on_event: Callable[[Event], None],
    export: TracksExportParams | None = None,
) -> GenerationComplete:
    """Make one track in this process, with the same library as the daemon's.

    Args:
        settings: whose data directory gets the track.
        params: as `generate` takes them.
        on_event: called with every event of the job, on the event loop.
        export: where else to write it; its `track_id` is filled in here.

    Raises:
        LofiError: the request was refused or the job failed.
        KeyboardInterrupt: Ctrl-C; the job was cancelled and nothing was written.
    """
    keep_private()
    begin_logging("error")
    calm_threads(os.environ)
    return anyio.run(_run_once, settings, params, on_event, export)


async def _serve(settings: Settings, loop_name: Loop) -> int:
    stop = _Stop()
    paths = settings.paths
    handed = handed_socket(paths.socket, os.environ)
    with DataClaim(paths.data, paths.socket) as claim, Listener(paths.socket, handed) as listener:
        runtime = resolve_runtime(settings.config.runtime)
        plugins = PluginHost(settings.config.backends, settings.paths.models, runtime)
        hub = Hub(plugins.observe)
        road = _Road(hub.publish)
        async with _workshop(settings, plugins, runtime, road.publish, own_processes=True) as (
            library,
            engine,
            tasks,
        ):
            to_all = partial(hub.publish, audience=None)
            playback = await Playback.open(library, settings.paths.data, settings.config.audio, to_all)
            playback.start(tasks)
            limit = _limit(settings, library, playback, engine, to_all)
            limit.start(tasks)
            road.listeners += [playback.incoming.happened, limit.happened]
            playback.listeners.append(limit.happened)
            jobs = JobMethods(
                *(engine, library, playback, plugins),
                *(settings.config, hub, asyncio.get_running_loop()),
            )
            radio = _radio(settings, engine, library, playback, jobs, to_all)
            radio.serve(tasks)
            metrics = MetricsMethods(hub, engine, library, playback)
            road.listeners += [radio.job_happened, metrics.tally.happened]
            await restore(engine, library, plugins, settings.config)
            if settings.config.audio.mpris:
                tasks.start_soon(serve_mpris, playback, radio.skip, lambda: radio.status().state != "off")
            downloads = Downloads(plugins, hub.publish)
            downloads.start(tasks)
            groups = [
                DaemonMethods(
                    *(hub, engine, jobs, library, playback, radio, plugins),
                    *(settings.paths.socket, loop_name, stop.ask),
                ),
                jobs,
                BackendMethods(plugins, downloads, jobs, engine),
                ModelMethods(plugins, downloads, engine.models),
                TrackMethods(library, playback, to_all),
                PlaybackMethods(playback, radio),
                RadioMethods(radio),
                metrics,
            ]
            server = Server(
                hub,
                Dispatcher(groups, tasks, metrics.requests),
                [engine.forget_client, downloads.forget_client],
            )
            await tasks.start(_watch_signals, stop.ask)
            await server.start(listener)
            tasks.start_soon(Watch(listener, server, stop.ask).run)
            tasks.start_soon(watch_clock)
            checker = Checker(library, settings.paths.data, playback.forget, to_all)
            checker.start(tasks)
            playback.listeners.append(checker.happened)

            def is_busy() -> bool:
                jobs_or_sound = engine.table.live() or playback.deck.state in {"playing", "buffering"}
                return bool(hub.connections or jobs_or_sound or downloads.under_way) or radio.is_on

            tasks.start_soon(
                IdleExit(settings.config.daemon.idle_exit_sec, is_busy, server, listener, stop.ask).run
            )
            log.info("lofi-core %s serves %s, pid %d", __version__, listener.path, os.getpid())
            await stop.asked.wait()
            log.info("shutting down: %s", stop.reason)
            server.close_door(listener)
            hub.publish(ShuttingDown(stop.reason, engine.promised or UNSET), None)
            await radio.close()
            async with anyio.create_task_group() as ends:
                ends.start_soon(engine.close, STEP_GRACE_SEC)
                ends.start_soon(playback.close)  # fades out meanwhile
            await downloads.close()
            await server.close()
        claim.release()  # before the lock: whoever waits for that finds both
    return 0


def _radio(
    settings: Settings,
    engine: Engine,
    library: Library,
    playback: Playback,
    jobs: JobMethods,
    publish: Callable[[Event], None],
) -> Radio:
    def config() -> Config:  # a client may have set another default backend
        return jobs.config

    remembered = Remembered(settings.paths.data / FILE_NAME)
    dial = Dial(jobs.plugins, config, presets_dir(settings.paths.config), remembered)
    return Radio(engine, library, playback, dial, publish, Conditions())


def _limit(
    settings: Settings, library: Library, playback: Playback, engine: Engine, publish: Callable[[Event], None]
) -> Limit:
    def in_use() -> set[str]:
        listed = {entry.track_id for entry in playback.playlist.entries}
        return listed | {job.track_id for job in engine.table.live()}

    return Limit(library, settings.config.store.max_gb, in_use, publish)


class _Road:
    """Where the events of jobs go: to the clients, then to whoever else listens."""

    def __init__(self, to_clients: Callable[[Event, frozenset[object] | None], None]) -> None:
        self._to_clients = to_clients
        self.listeners: list[Callable[[Event], None]] = []

    def publish(self, event: Event, audience: frozenset[object] | None) -> None:
        self._to_clients(event, audience)
        for listen in self.listeners:
            listen(event)


class _Stop:
    """Who asked the daemon to end first, and that somebody did."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.reason = ""

    def ask(self, reason: str) -> None:
        self.reason = self.reason or reason
        # In the next turn of the loop, so that the reply to `shutdown` is on its way by then.
        asyncio.get_running_loop().call_soon(self.asked.set)


@asynccontextmanager
async def _workshop(
    settings: Settings,
    plugins: PluginHost,
    runtime: Runtime,
    publish: Callable[[Event, frozenset[object] | None], None],
    *,
    own_processes: bool,
) -> AsyncIterator[tuple[Library, Engine, TaskGroup]]:
    """Library and engine, running; left in reverse order, whatever happens inside."""
    library = await Library.open(settings.paths.data, settings.paths.cache)
    try:
        journal = Journal(library.worker, settings.paths.data / JOURNAL, keeps=own_processes)
        await journal.open()
        engine = Engine(
            plugins,
            library,
            runtime,
            settings.config,
            publish,
            journal,
            Calibration(settings.paths.state / CALIBRATION_NAME, runtime),
            own_processes=own_processes,
        )
        async with anyio.create_task_group() as tasks:
            engine.start(tasks)
            try:
                yield library, engine, tasks
            finally:
                with anyio.CancelScope(shield=True):
                    await engine.close(STEP_GRACE_SEC)
                    await journal.close()
                tasks.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True):
            await library.close()


async def _watch_signals(
    stop: Callable[[str], None], *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED
) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()
        async for number in signals:
            stop(signal.Signals(number).name)


async def _run_once(
    settings: Settings,
    params: GenerateParams,
    on_event: Callable[[Event], None],
    export: TracksExportParams | None,
) -> GenerationComplete:
    runtime = resolve_runtime(settings.config.runtime)
    plugins = PluginHost(settings.config.backends, settings.paths.models, runtime)
    prepared = prepare_params(params, plugins, settings.config)
    end: asyncio.Future[GenerationComplete] = asyncio.get_running_loop().create_future()

    def publish(event: Event, _audience: frozenset[object] | None) -> None:
        plugins.observe(event)
        on_event(event)
        if isinstance(event, GenerationComplete):
            end.set_result(event)
        elif isinstance(event, GenerationError):
            hint = event.hint if isinstance(event.hint, str) else None
            end.set_exception(ERRORS.get(event.code, InternalError)(event.message, hint))

    failure: LofiError | None = None

    # This process is the track's own.
    workshop = _workshop(settings, plugins, runtime, publish, own_processes=False)
    async with workshop as (library, engine, _tasks):
        try:
            track = await find_made(library, prepared) if params.cache else None
            if track is not None:
                on_event(completion(track))
                done = completion(track)
            else:
                engine.submit(prepared, client="this process", priority=params.priority)
                done = await end
            if export is not None:
                await library.export(done.track_id, export.path, export.format, overwrite=export.overwrite)
        except LofiError as error:
            failure = error  # raised in here it would come out as a group of one
    if failure is not None:
        raise failure
    return done
