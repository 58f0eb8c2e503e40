"""Which backends are installed, and what is wrong with those that do not work?

Each entry point of the group `lofi.backends` is loaded alone, so that a broken one becomes a record with its
error and nothing else. A disabled one is never imported.
"""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pluggy

from lofi_core import hookspecs
from lofi_core.backend import BackendSpec, GenerateRequest, Schedule
from lofi_core.calls import guarded
from lofi_core.config import BackendConfig
from lofi_core.described import checked_spec, options_schema
from lofi_core.device import be_private
from lofi_core.errors import (
    BackendNotInstalled,
    BackendNotReady,
    InferenceFailed,
    InvalidBackend,
    LofiError,
    ModelLoadFailed,
    brief,
)
from lofi_core.installed import Installed, find_installed
from lofi_core.names import canonical_name
from lofi_core.remedies import damage, not_installed
from lofi_core.runtime import Runtime
from lofi_core.suggest import suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from lofi_core.events import Event

log = logging.getLogger("lofi.plugins")

Status = Literal["not_installed", "downloading", "ready", "loading", "loaded", "disabled", "error"]

REQUIRED_HOOKS = ("describe_backend", "make_schedule", "generate")
HOOKS = [name for name, value in vars(hookspecs).items() if hasattr(value, f"{hookspecs.PROJECT}_spec")]


@dataclass(slots=True)
class PluginRecord:
    """One entry point and what became of it.

    Attributes:
        model_dir: where the backend's model files belong.
        variant: the configured one, if any.
        residency: as configured; None leaves it to the backend.
        installed: the variant whose files are in place, if any.
        spec: None for a backend that is disabled or broken.
        options_schema: JSON Schema of what users may set.
        module: what the entry point names.
    """

    name: str
    model_dir: Path
    module: str = ""
    variant: str | None = None
    residency: Literal["staged", "resident"] | None = None
    installed: Installed | None = None
    package: str | None = None
    package_version: str | None = None
    status: Status = "ready"
    error: str | None = None
    spec: BackendSpec | None = None
    options_schema: dict[str, Any] | None = None

    @property
    def files_dir(self) -> Path:
        """Where the files of the variant in place lie; else where they belong."""
        return self.installed.directory if self.installed else self.model_dir


class PluginHost:
    """Loads the plugins and calls their hooks, one backend at a time.

    Args:
        configured: `[backends.NAME]`, by canonical name.
        models_dir: holds a directory of model files for each backend that has no `model_dir` of its own.
        runtime: what the backends will run on; they are told when they describe themselves.
    """

    def __init__(
        self,
        configured: Mapping[str, BackendConfig] | None = None,
        models_dir: Path = Path(),
        runtime: Runtime | None = None,
    ) -> None:
        be_private()
        self._runtime = runtime or Runtime()
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self.records: dict[str, PluginRecord] = {}
        for entry_point in _installed():
            config = (configured or {}).get(canonical_name(entry_point.name), BackendConfig())
            own_dir = Path(config.model_dir).expanduser() if config.model_dir else None
            record = _record(entry_point, own_dir or models_dir / entry_point.name)
            record.variant, record.residency = config.variant, config.residency
            self._add(entry_point, record, enabled=config.enabled)

    def find(self, name: str) -> PluginRecord:
        """The record a client means by `name`.

        Raises:
            InvalidBackend: there is none.
        """
        wanted = canonical_name(name)
        for record in self.records.values():
            if name == record.name or wanted == canonical_name(record.name):
                return record
        close = suggestion(wanted, self.records)
        raise InvalidBackend(
            f"no backend {name!r} is installed",
            close or f"installed: {', '.join(self.records) or 'none'}; see `lofi-core backends`",
        )

    def described(self, name: str) -> tuple[PluginRecord, BackendSpec]:
        """The record of a backend that says what it is, with its spec.

        Raises:
            InvalidBackend: there is none of that name.
            BackendNotReady: it is disabled or broken.
        """
        record = self.find(name)
        if record.status == "disabled":
            hint = f"set enabled = true under [backends.{record.name}] in the configuration"
            raise BackendNotReady(f"backend {record.name!r} is disabled", hint)
        if record.spec is None:
            hint = f"mend or uninstall the package {record.package!r}"
            raise BackendNotReady(f"backend {record.name!r} is broken: {record.error}", hint)
        return record, record.spec

    def usable(self, name: str) -> tuple[PluginRecord, BackendSpec]:
        """The record of a backend that can be asked to work, with its spec.

        Raises:
            InvalidBackend: there is none of that name.
            BackendNotReady: it is disabled or broken.
            BackendNotInstalled: its model files are missing.
        """
        record, spec = self.described(name)
        if record.status == "error":  # it could not use its files; they may be others now
            self.look_again(record)
        self.look_for_models(record)
        if record.status == "error":
            hint = f"`lofi-core pull {record.name}` checks its files"
            raise BackendNotReady(f"backend {record.name!r} cannot use its files: {record.error}", hint)
        if record.status == "downloading":
            raise BackendNotInstalled(
                f"{record.name}: its files are being downloaded", "wait until they are there"
            )
        if record.status == "not_installed":
            raise not_installed(record.name, spec.models, record.model_dir, record.variant)
        return record, record.spec or spec

    def look_for_models(self, record: PluginRecord) -> None:
        """Note whether a backend's files are in place; people put them there and remove them at any time."""
        waits = record.status in {"ready", "not_installed", "downloading"}
        if record.spec is None or not waits or not record.spec.models:
            return
        found = find_installed(record.spec.models, record.model_dir, record.variant)
        if found:
            record.status = "ready"
        elif record.status == "ready":
            record.status = "not_installed"
        if found != record.installed:
            record.installed = found
            self._describe_again(record)

    def look_again(self, record: PluginRecord) -> None:
        """Files were brought or taken away: whatever was said of them before does not count any more."""
        if record.spec is not None and record.status in {"downloading", "error"}:
            record.status, record.error, record.installed = "not_installed", None, None
        self.look_for_models(record)

    def make_schedule(self, name: str, request: GenerateRequest) -> Schedule:
        """Ask a backend for its plan.

        Raises:
            LofiError: the backend refuses the request.
            InferenceFailed: it raised anything else, or answered something else than a schedule.
        """
        model_dir = self.records[name].files_dir
        ask = partial(self._call, name, "make_schedule", request=request, model_dir=model_dir)
        schedule = guarded(name, "make_schedule", ask)
        if not isinstance(schedule, Schedule):
            found = type(schedule).__name__
            problem = f"backend {name!r}: make_schedule answered {found}, not a Schedule"
            raise InferenceFailed(problem, "return Schedule([Stage(name, steps), …])")
        return schedule

    def describe(self, record: PluginRecord) -> Any:
        """What the backend says of itself, unchecked, with the files that are in place now."""
        variant = record.installed.variant if record.installed else record.variant
        ask = partial(self._call, record.name, "describe_backend")
        return ask(model_dir=record.files_dir, variant=variant, runtime=self._runtime)

    def load_model(
        self, name: str, runtime: Runtime, weights: str = "", loader: Callable[[], Any] | None = None
    ) -> Any:
        """Run the loader. Worker thread. None for a backend without one.

        Args:
            name: the backend's.
            runtime: handed to the loader.
            weights: the schedule's.
            loader: called in place of the backend's own.

        Raises:
            ModelLoadFailed: a file is not what was downloaded.
        """
        record = self.records[name]
        in_place = (name, record.spec.models if record.spec else (), record.installed)
        if cut_short := damage(*in_place, read=False):
            raise cut_short
        own = partial(self._call, name, "load_model", model_dir=record.files_dir)
        try:
            return loader() if loader else own(runtime=runtime, weights=weights)
        except MemoryError:
            raise
        except Exception as error:
            if damaged := damage(*in_place, read=True):
                # Of files of one's own it may be beside the point that they are not the published ones.
                problem = f"{damaged.message}; its loader said: {brief(error)}"
                raise ModelLoadFailed(problem, damaged.hint) from error
            raise

    def generate(
        self, name: str, request: GenerateRequest, model: Any, schedule: Schedule, runtime: Runtime
    ) -> Any:
        """Create the generator. Worker thread. What comes back is checked by the caller."""
        return self._call(name, "generate", request=request, model=model, schedule=schedule, runtime=runtime)

    def has_loader(self, name: str) -> bool:
        """Whether the backend has anything to load."""
        return bool(self._caller(name, "load_model").get_hookimpls())

    def tool(self, name: str, hook: str) -> Callable[..., Any] | None:
        """One of the hooks that are for the command line only; None when the backend has it not."""
        caller = self._caller(name, hook)
        return caller if caller.get_hookimpls() else None

    def taken(self, name: str, hook: str) -> set[str]:
        """The arguments of a hook that the backend's implementation names; it is not told the others."""
        implementations = self._caller(name, hook).get_hookimpls()
        return {argument for each in implementations for argument in (*each.argnames, *each.kwargnames)}

    def observe(self, event: Event) -> None:
        """Show an event to every plugin that wants to see events. One that raises is logged."""
        if not self._manager.hook.observe_event.get_hookimpls():
            return
        for name, record in self.records.items():
            if record.spec is None:
                continue
            with contextlib.suppress(LofiError):  # it is logged; the event goes on to everyone else
                guarded(name, "observe_event", partial(self._call, name, "observe_event", event=event))

    def _call(self, name: str, hook: str, **arguments: Any) -> Any:
        return self._caller(name, hook)(**arguments)

    def _caller(self, name: str, hook: str) -> pluggy.HookCaller:
        # Never one call over all backends: a generator function that answers "not mine" still returns a
        # generator, and `firstresult` would take it.
        own = self._manager.get_plugin(name)
        others = [plugin for plugin in self._manager.get_plugins() if plugin is not own]
        return self._manager.subset_hook_caller(hook, others)

    def _add(self, entry_point: EntryPoint, record: PluginRecord, *, enabled: bool) -> None:
        if record.name in self.records:
            other = self.records[record.name].package
            log.error("package %s: backend %r is taken by package %s", record.package, record.name, other)
            record.status, record.error = "error", f"the name is taken by the package {other!r}"
            record.name = f"{record.name} ({record.package})"
        elif not enabled:
            record.status = "disabled"
        else:
            self._load(entry_point, record)
        self.records[record.name] = record

    def _load(self, entry_point: EntryPoint, record: PluginRecord) -> None:
        try:
            plugin = entry_point.load()
            self._manager.register(plugin, record.name)
            self._check_hooks(record.name)
            self._describe(record)
            self.look_for_models(record)
        except KeyboardInterrupt:
            raise  # somebody's Ctrl-C, not the plugin's
        except BaseException as error:
            log.warning("backend %s is broken: %s", record.name, brief(error), exc_info=True)
            record.status, record.error = "error", brief(error)
            record.spec = record.options_schema = None
            if self._manager.has_plugin(record.name):
                self._manager.unregister(name=record.name)

    def _describe_again(self, record: PluginRecord) -> None:
        try:
            self._describe(record)
        except Exception as error:
            log.warning("backend %s cannot use its files: %s", record.name, brief(error), exc_info=True)
            record.status, record.error = "error", brief(error)

    def _describe(self, record: PluginRecord) -> None:
        record.spec = checked_spec(record.name, self.describe(record))
        record.options_schema = options_schema(record.spec)

    def _check_hooks(self, name: str) -> None:
        for caller in self._manager.get_hookcallers(self._manager.get_plugin(name)) or ():
            if not caller.has_spec() and not all(made.optionalhook for made in caller.get_hookimpls()):
                close = suggestion(caller.name, HOOKS) or f"hooks: {', '.join(HOOKS)}"
                raise TypeError(f"there is no hook {caller.name!r}; {close}")
        missing = [hook for hook in REQUIRED_HOOKS if not self._caller(name, hook).get_hookimpls()]
        if missing:
            raise TypeError(f"implements no {', no '.join(missing)} (are they marked @hookimpl?)")


def _installed() -> Iterable[EntryPoint]:
    found = entry_points(group=hookspecs.ENTRY_POINT_GROUP)
    # Ours first, whatever order the path gives.
    return sorted(found, key=lambda entry_point: (entry_point.name != "procedural", entry_point.name))


def _record(entry_point: EntryPoint, model_dir: Path) -> PluginRecord:
    distribution = entry_point.dist
    return PluginRecord(
        name=entry_point.name,
        model_dir=model_dir,
        module=entry_point.value,
        package=distribution.metadata["Name"] if distribution else None,
        package_version=distribution.version if distribution else None,
    )
