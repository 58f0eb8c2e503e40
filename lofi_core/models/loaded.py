"""One model in memory, and what is told of it while it comes."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from lofi_core.host.model import HostedModel

if TYPE_CHECKING:
    from lofi_core.backend import GenerateRequest, Schedule
    from lofi_core.errors import LofiError
    from lofi_core.plugins import PluginHost, PluginRecord
    from lofi_core.runtime import Runtime

Report: TypeAlias = Callable[[float, str], None]
Key: TypeAlias = tuple[str, str]


class Aside(Protocol):
    """Runs small calls in the worker thread, between two steps of whatever runs there."""

    async def aside(self, call: Callable[[], None]) -> None:
        """Run one, and come back when it is done."""


class Watcher(Protocol):
    """Is told what becomes of models. Event loop, but for `loading`, which comes from the worker thread."""

    def backend_changed(self, record: PluginRecord, error: LofiError | None = None) -> None:
        """A backend has another status; or could not be loaded, and why."""

    def loading(self, record: PluginRecord, fraction: float, what: str) -> None:
        """A loader is so far."""


@dataclass(eq=False, slots=True)
class Loaded:
    """One model in memory.

    Attributes:
        weights: which form of the backend's model it is.
        model: what the loader returned; or a stand-in, for one in a process of its own.
        runtime: what it was loaded on; `runtime.used` says what that came to.
        grown_bytes: by how much this process grew while it was loaded.
        users: the jobs that need it.
        asked_for: loaded for nobody yet, because somebody said so.
        idle_since: when it lost its last user; seconds of the monotonic clock.
    """

    record: PluginRecord
    weights: str
    model: Any
    runtime: Runtime
    grown_bytes: int = 0
    users: set[Hashable] = field(default_factory=set)
    asked_for: bool = False
    idle_since: float = field(default_factory=time.monotonic)

    @property
    def key(self) -> Key:
        """What it is looked up by."""
        return self.record.name, self.weights

    @property
    def hosted(self) -> HostedModel | None:
        """The model, if it is in a process of its own."""
        return self.model if isinstance(self.model, HostedModel) else None

    @property
    def has_ended(self) -> bool:
        """Whether the process that it was in is gone."""
        return self.hosted is not None and self.hosted.has_ended

    @property
    def resident_bytes(self) -> int:
        """What it takes: its own process, all of it; or by how much this one grew."""
        return self.hosted.resident_bytes if self.hosted else self.grown_bytes

    @property
    def most_bytes(self) -> int:
        """What it took at most, as far as that is seen: jobs may need more than the load."""
        return self.hosted.most_bytes if self.hosted else self.grown_bytes

    def generate(
        self, plugins: PluginHost, request: GenerateRequest, schedule: Schedule, runtime: Runtime
    ) -> Any:
        """Create the generator of one job, wherever the model is. Worker thread."""
        if self.hosted:
            return self.hosted.generate(request, runtime)
        return plugins.generate(self.record.name, request, self.model, schedule, runtime)


class LoadReport:
    """Passes on how far a load is: each percent once, never one that falls, and nothing after the load.

    A backend keeps the runtime it was loaded with, and may report to it at any time. Worker thread.
    """

    def __init__(self, pass_on: Report) -> None:
        self._pass_on = pass_on
        self._furthest = 0.0
        self._last: tuple[int, str] | None = None
        self.is_over = False

    def __call__(self, fraction: float, what: str) -> None:
        """The loader says that it is so far."""
        self._furthest = max(self._furthest, fraction)
        news = int(self._furthest * 100), what
        if self.is_over or news == self._last:
            return
        self._last = news
        self._pass_on(self._furthest, what)
