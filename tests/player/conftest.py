"""Sound for the player's tests: files, and a player whose device writes down what it took."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from lofi_core.player.handle import Player
from lofi_core.player.protocol import AnyEvent, Item

if TYPE_CHECKING:
    from pathlib import Path

Samples = NDArray[np.float32]
RATE = 48_000
E = TypeVar("E", bound=AnyEvent)


def sine(seconds: float, hz: float = 220.0, *, level: float = 0.5, rate: int = RATE) -> Samples:
    """Stereo, [N, 2], the right side later than the left."""
    at = np.arange(round(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * hz * at[:, None] + [0.0, 0.5])).astype(np.float32)


def steepest(samples: Samples) -> float:
    """The largest step from one sample to the next: of a click, larger than its signal's."""
    return float(np.abs(np.diff(samples, axis=0)).max())


class Files:
    """Writes samples to files and makes items of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def item(self, name: str, samples: Samples, rate: int = RATE, **fields: Any) -> Item:
        path = self.folder / f"{name}.wav"
        soundfile.write(path, samples, rate, subtype="FLOAT")
        return Item(id=name, path=str(path), **fields)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


class Listener:
    """A player with everything it tells, in order."""

    def __init__(self, tap: Path, **options: Any) -> None:
        self.events: list[AnyEvent] = []
        self.tap = tap
        self._news = asyncio.Event()
        self._seen = 0
        self.player = Player(self._take, **{"device": "null", "tap": str(tap), **options})

    def _take(self, event: AnyEvent) -> None:
        self.events.append(event)
        self._news.set()

    async def next(self, kind: type[E], **fields: object) -> E:
        """The next event of that kind, after those that this has returned before."""
        async with asyncio.timeout(15):
            while True:
                while self._seen < len(self.events):
                    event = self.events[self._seen]
                    self._seen += 1
                    if isinstance(event, kind) and all(getattr(event, k) == v for k, v in fields.items()):
                        return event
                self._news.clear()
                await self._news.wait()

    @property
    def running(self) -> bool:
        return self.player.pid is not None

    def heard(self) -> Samples:
        """What the device has taken, [N, 2]. Whole once the player is closed."""
        return np.fromfile(self.tap, np.float32).reshape(-1, 2)


Listen = Callable[..., Listener]


@pytest.fixture
async def listen(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Listen]:
    """Start players on the null device; they end with the test."""
    started: list[Listener] = []

    def start(**options: Any) -> Listener:
        started.append(Listener(tmp_path / f"tap{len(started)}", **options))
        return started[-1]

    yield start
    for listener in started:
        await listener.player.close()


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait for what no event tells."""
    async with asyncio.timeout(15):
        while not condition():  # noqa: ASYNC110 - nobody could set an event
            await asyncio.sleep(0.01)


def first_sound(heard: Samples) -> Samples:
    """From the first sample on: the right side's sines begin with one that is not 0."""
    return heard[int(np.flatnonzero(heard[:, 1])[0]) :]
