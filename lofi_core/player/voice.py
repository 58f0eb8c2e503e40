"""What does one track add to the mix? Its samples with its gain and its fades, and where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypedDict

import numpy as np

from lofi_core.player.envelopes import Fade

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lofi_core.player.protocol import Item

    Samples = NDArray[np.float32]


class Track(Protocol):
    """What a voice reads: `source.Source`, or an array in tests. Frames are of the device's rate."""

    @property
    def total_frames(self) -> int | None:
        """All frames; None while the file grows."""

    @property
    def complete(self) -> bool:
        """Nothing comes after what is ready."""

    def ready(self, frames: int) -> int:
        """How many of the next frames can be read now."""

    def read(self, frames: int) -> Samples:
        """The next samples, [N, 2]."""

    def prefetch(self) -> bool:
        """Get a block of what will be needed; False when there is enough."""

    def seek(self, frame: int) -> None:
        """Go to a frame."""

    def join(self, following: Any) -> None:
        """The track after this one, of the same kind, follows without a crossfade."""

    def close(self) -> None:
        """Let go of the file."""


class Place(TypedDict):
    """The fields of every `ItemEvent`."""

    item_id: str
    position_sec: float


class Voice:
    """A track that plays, comes in or goes out.

    Attributes:
        item: what it plays.
        track: where its samples come from.
        position: how many of the track's frames have been rendered.
        begin: where it began or was last sought to.
        waiting: its file has to grow before it goes on.
    """

    def __init__(self, item: Item, track: Track) -> None:
        self.item = item
        self.track = track
        self.position = 0
        self.begin = 0
        self.waiting = False
        self._gain = np.float32(10.0 ** (item.gain_db / 20.0))
        self._fades: list[Fade] = []

    @property
    def remaining(self) -> int | None:
        """How many frames it has left; None while nobody knows."""
        total = self.track.total_frames
        return None if total is None else max(total - self.position, 0)

    @property
    def most_overlap(self) -> int:
        """How many of its frames may overlap with another track: half of them, as far as one knows."""
        total = self.track.total_frames
        return 2**62 if total is None else total // 2

    @property
    def silent(self) -> bool:
        """It has faded out."""
        return any(not fade.rising and not fade.left for fade in self._fades)

    def place(self, rate: int) -> Place:
        """What it is and where, for an event."""
        return {"item_id": self.item.id, "position_sec": self.position / rate}

    def fade(self, frames: int, *, rising: bool) -> None:
        """Come in or go out over so many frames, from the gain that it has."""
        self._fades.append(Fade(frames, rising=rising))

    def seek(self, frame: int) -> None:
        """Go to a frame of the track, with all its gain."""
        self.track.seek(frame)
        self.position = self.begin = frame
        self._fades.clear()

    def read(self, frames: int) -> Samples:
        """The next samples, [N, 2], fewer at the end of what can be had."""
        block = self.track.read(frames)
        self.position += len(block)
        for fade in self._fades:
            block *= fade.gains(len(block))
        self._fades = [fade for fade in self._fades if fade.left or not fade.rising]
        if self._gain != 1:
            block *= self._gain
        return block

    def tail(self, frames: int) -> Samples:
        """The next samples going out: what is heard of it while it is already elsewhere."""
        self.fade(frames, rising=False)
        return self.read(frames)


def fade_last(block: Samples, frames: int) -> None:
    """Let a block end in silence, over at most its last frames."""
    frames = min(frames, len(block))
    if frames:
        block[-frames:] *= Fade(frames, rising=False).gains(frames)
