"""A mixer with arrays in the place of files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from lofi_core.errors import LofiError
from lofi_core.player.decoders import TrackUnreadable
from lofi_core.player.mixer import Mixer
from lofi_core.player.protocol import AnyEvent, Item
from tests.player.conftest import RATE, Samples

if TYPE_CHECKING:
    from collections.abc import Iterable

RAMP = 480  # 10 ms


@dataclass
class Track:
    """An array in the place of a file; `there` frames of it can be read so far."""

    samples: Samples
    growing: bool = False
    there: int | None = None
    at: int = 0
    broken_at: int | None = None

    @property
    def total_frames(self) -> int | None:
        return None if self.growing else len(self.samples)

    @property
    def complete(self) -> bool:
        return not self.growing

    def ready(self, frames: int) -> int:
        if self.broken_at is not None and self.at + frames > self.broken_at:
            raise TrackUnreadable("broken.wav breaks off")
        there = len(self.samples) if self.there is None else self.there
        return max(0, min(frames, there - self.at))

    def read(self, frames: int) -> Samples:
        ready = self.ready(frames)
        self.at += ready
        return self.samples[self.at - ready : self.at].copy()

    def prefetch(self) -> bool:
        return False

    def seek(self, frame: int) -> None:
        self.at = frame

    def join(self, following: object) -> None:
        pass

    def close(self) -> None:
        pass


@dataclass
class Rig:
    """A mixer of arrays, with everything it told, and its output without the limiter's delay."""

    tracks: dict[str, Track | LofiError]
    crossfade_sec: float = 0.0
    events: list[AnyEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.mixer = Mixer(RATE, self._open, self.events.append)
        self.mixer.crossfade_sec = self.crossfade_sec
        self.mixer.load(self.items(self.tracks))
        self.out = np.zeros((0, 2), np.float32)

    def items(self, names: Iterable[str], **fields: Any) -> list[Item]:
        return [Item(id=name, path=f"/{name}", **fields) for name in names]

    def _open(self, item: Item) -> Track:
        track = self.tracks[item.id]
        if isinstance(track, LofiError):
            raise track
        return track

    def render(self, frames: int, block: int = 4_800) -> None:
        blocks = [min(block, frames - at) for at in range(0, frames, block)]
        self.out = np.concatenate([self.out, *[self.mixer.render(n) for n in blocks]])

    def heard(self) -> Samples:
        """All that was rendered: the delay's worth of samples comes after the last."""
        late = self.mixer.delay_frames
        self.out = np.concatenate([self.out, self.mixer._limiter.process(np.zeros((late, 2), np.float32))])
        return self.out[late:]

    def told(self, *kinds: type) -> list[tuple[str, str]]:
        wanted = [event for event in self.events if isinstance(event, kinds or object)]
        return [(type(event).__name__, getattr(event, "item_id", "")) for event in wanted]


def up(frames: int) -> Samples:
    return np.sin((np.arange(frames) + 0.5) / frames * np.pi / 2).astype(np.float32)[:, None]


def down(frames: int) -> Samples:
    return np.cos((np.arange(frames) + 0.5) / frames * np.pi / 2).astype(np.float32)[:, None]
