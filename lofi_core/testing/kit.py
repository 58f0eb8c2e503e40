"""One backend under examination: its hooks called as the daemon calls them, in this process."""

from __future__ import annotations

import os
import shutil
import tempfile
from functools import cached_property, partial
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec

from lofi_core.calls import generator_of, guarded
from lofi_core.cli.backend_options import parsed_options
from lofi_core.config import BackendConfig
from lofi_core.errors import LofiError, ModelLoadFailed
from lofi_core.hookspecs import ENTRY_POINT_GROUP
from lofi_core.jobs.request import Wish, prepare
from lofi_core.names import canonical_name
from lofi_core.plugins import PluginHost
from lofi_core.runtime import resolve_runtime
from lofi_core.settings import Flags, load_settings
from lofi_core.testing.conformance import Conformance, NotAsked, Unfit
from lofi_core.testing.take import Take, failed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lofi_core.backend import BackendSpec
    from lofi_core.config import Settings
    from lofi_core.jobs.request import Prepared
    from lofi_core.plugins import PluginRecord
    from lofi_core.runtime import Runtime
    from lofi_core.testing.daemon import KitDaemon
    from lofi_core.testing.fresh import Findings

T = TypeVar("T")

PROMPT, OTHER_PROMPT = "rainy night, jazzy rhodes, 75 bpm", "sunny morning, flute and fast drums, 120 bpm"
SEED, OTHER_SEED = 7, 8
DURATION_SEC = 3.0
NO_END = "it did not come to its end in a fresh process"


class _Model(NamedTuple):
    model: Any
    runtime: Runtime


class Kit:
    """What checks ask of. Costly things are made once, when a check first wants them.

    Args:
        conformance: which backend, and with what.
    """

    def __init__(self, conformance: Conformance) -> None:
        self.wanted = conformance
        self.notes: list[str] = []
        self._models: dict[str, _Model] = {}
        self._made: dict[str, Any] = {}

    def note(self, text: str) -> None:
        """Something worth telling that is no failure."""
        self.notes.append(text)

    @cached_property
    def room(self) -> Path:
        """A directory that goes with the kit. Its name is short: a socket's path has a limit."""
        return Path(tempfile.mkdtemp(prefix="lofi-"))

    @cached_property
    def settings(self) -> Settings:
        """The user's, but that every other backend is disabled, and so never imported."""
        settings = load_settings(Flags(), os.environ)
        wanted = canonical_name(self.wanted.backend)
        backends: dict[str, BackendConfig] = dict(settings.config.backends)
        for point in entry_points(group=ENTRY_POINT_GROUP):
            name = canonical_name(point.name)
            config = backends.get(name, BackendConfig())
            backends[name] = msgspec.structs.replace(config, enabled=name == wanted)
        if self.wanted.model_dir is not None and wanted in backends:
            model_dir = str(Path(self.wanted.model_dir).resolve())
            backends[wanted] = msgspec.structs.replace(backends[wanted], model_dir=model_dir)
        whole = msgspec.structs.replace(settings.config, backends=backends)
        return msgspec.structs.replace(settings, config=whole)

    @cached_property
    def runtime(self) -> Runtime:
        """What the configuration comes to on this machine."""
        return resolve_runtime(self.settings.config.runtime)

    @cached_property
    def plugins(self) -> PluginHost:
        """With the one backend in it."""
        return PluginHost(self.settings.config.backends, self.settings.paths.models, self.runtime)

    def described(self) -> tuple[PluginRecord, BackendSpec]:
        """The backend, ready to work.

        Raises:
            LofiError: it is not installed, broken, or lacks its model files.
        """
        return self.plugins.usable(self.wanted.backend)

    @cached_property
    def record(self) -> PluginRecord:
        """What became of its entry point.

        Raises:
            NotAsked: it does not work; the first check says why.
        """
        try:
            return self.described()[0]
        except LofiError as error:
            raise NotAsked(f"the backend cannot be used: {error.message}") from None

    @property
    def spec(self) -> BackendSpec:
        """What it says of itself, with its files in place."""
        assert self.record.spec is not None  # noqa: S101 - `usable` has seen to it
        return self.record.spec

    @property
    def duration_sec(self) -> float:
        """Of the tracks that are made."""
        wanted = DURATION_SEC if self.wanted.duration_sec is None else self.wanted.duration_sec
        return min(max(wanted, self.spec.min_duration_sec), self.spec.max_duration_sec)

    @cached_property
    def options(self) -> dict[str, Any]:
        """What was asked for, in the types of the options."""
        return parsed_options(self.wanted.options, self.record.options_schema)

    def prepare(
        self,
        *,
        prompt: str = PROMPT,
        seed: int = SEED,
        duration_sec: float | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Prepared:
        """Validate and plan a request, as `generate` does.

        Raises:
            LofiError: it is refused.
            NotAsked: the backend ended a fresh process, and would end this one.
        """
        self.unless_failed("fresh", NO_END)
        wish = Wish(
            prompt=prompt,
            duration_sec=self.duration_sec if duration_sec is None else duration_sec,
            backend=self.record.name,
            seed=seed,
            options={**self.options, **(options or {})},
        )
        return prepare(wish, self.plugins, self.settings.config)

    def planned(self, **wish: Any) -> Prepared:
        """Validate and plan a request that any backend takes.

        Raises:
            Unfit: the backend refused or raised, or answered something else than a plan.
        """
        try:
            return self.prepare(**wish)
        except LofiError as error:
            raise failed(error) from error

    @property
    def plan(self) -> Prepared:
        """The plan of an ordinary request.

        Raises:
            NotAsked: there is none; a check of its own says why.
        """
        _ = self.record
        try:
            return self.planned()
        except Unfit as problem:
            raise NotAsked(f"there is no plan: {problem.problem}") from None

    def begin(self, **wish: Any) -> Take:
        """Begin a track, no step of which is taken yet.

        Raises:
            Unfit: the backend refused or raised.
        """
        prepared = self.planned(**wish)
        try:
            loaded = self._loaded(prepared.schedule.weights)
            create = partial(
                self.plugins.generate,
                self.record.name,
                prepared.request,
                loaded.model,
                prepared.schedule,
                loaded.runtime.for_job(),
            )
            return Take(prepared, generator_of(self.record.name, create))
        except LofiError as error:
            raise failed(error) from error

    def make(self, **wish: Any) -> Take:
        """Make a track.

        Raises:
            Unfit: the backend refused, raised, or yielded what are no steps.
        """
        return self.begin(**wish).play()

    def kept(self, name: str, **wish: Any) -> Take:
        """A track that several checks look at, made once.

        Raises:
            Unfit: it cannot be made.
        """
        return self.once(name, partial(self.make, **wish))

    @property
    def base(self) -> Take:
        """The track that others are compared with.

        Raises:
            NotAsked: it cannot be made; a check of its own says why.
        """
        try:
            take = self.kept("base")
            _ = take.samples
        except Unfit as problem:
            raise NotAsked(f"there is no track to look at: {problem.problem}") from None
        return take

    def look(self) -> Findings:
        """What was seen of the backend in a process of its own.

        Raises:
            Unfit: that process did not come to its end.
        """
        from lofi_core.testing.fresh import look

        return self.once("fresh", partial(look, self))

    @property
    def fresh(self) -> Findings:
        """The same.

        Raises:
            NotAsked: that process did not come to its end; a check of its own says why.
        """
        try:
            return self.look()
        except Unfit:
            raise NotAsked(NO_END) from None

    @property
    def daemon(self) -> KitDaemon:
        """A real daemon with this backend, and nothing of the user's but the configuration.

        Raises:
            Unfit: it did not start.
        """
        from lofi_core.testing.daemon import KitDaemon

        return self.once("daemon", partial(KitDaemon, self))

    def close(self) -> None:
        """End the daemon, drop the models, remove what was written."""
        if "daemon" in self._made and not isinstance(self._made["daemon"], Unfit):
            self.daemon.stop()
        self._models.clear()
        self._made.clear()
        if "room" in self.__dict__:
            shutil.rmtree(self.room, ignore_errors=True)

    def once(self, name: str, make: Callable[[], T]) -> T:
        """What `make` returned the first time it was called, or raised."""
        if name not in self._made:
            try:
                self._made[name] = make()
            except Unfit as problem:
                self._made[name] = problem
        made: T | Unfit = self._made[name]
        if isinstance(made, Unfit):
            raise made
        return made

    def unless_failed(self, name: str, reason: str) -> None:
        """Go on, whether or not `name` was made.

        Raises:
            NotAsked: it was tried, and failed.
        """
        if isinstance(self._made.get(name), Unfit):
            raise NotAsked(reason)

    def _loaded(self, weights: str) -> _Model:
        if weights not in self._models:
            name = self.record.name
            runtime = self.runtime.for_model(lambda _fraction, _what: None, self.record.residency)
            load = partial(self.plugins.load_model, name, runtime, weights)
            self._models[weights] = _Model(guarded(name, "load_model", load, ModelLoadFailed), runtime)
        return self._models[weights]
