"""What did the device take, and when? Written down for tests and benchmarks."""

from __future__ import annotations

import os
import struct
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

# Names the file for a player that a daemon starts by itself.
VARIABLE = "LOFI_PLAYER_TAP"
_TAKEN = struct.Struct("<QII")


class Taken(NamedTuple):
    """One callback of the device.

    Attributes:
        at_ns: of the monotonic clock, which all processes of a machine share.
        frames: how many it got.
        ready: how many of those were there; the rest was silence.
    """

    at_ns: int
    frames: int
    ready: int


class Tap:
    """Two files that grow: the samples, float32 stereo without a header, and `times_of` them.

    A later player adds to both. Written to in the device's thread.
    """

    def __init__(self, path: Path) -> None:
        self._samples = path.open("ab", buffering=0)
        self._times = times_of(path).open("ab", buffering=0)

    def took(self, block: Samples, ready: int) -> None:
        """The device took [N, 2]."""
        self._samples.write(block.data)
        self._times.write(_TAKEN.pack(time.monotonic_ns(), len(block), ready))

    def close(self) -> None:
        """Close both."""
        self._samples.close()
        self._times.close()


def tap_of(path: str | None) -> Tap | None:
    """The tap at a path, or at the one that the environment names."""
    chosen = path or os.environ.get(VARIABLE)
    return Tap(Path(chosen)) if chosen else None


def times_of(path: Path) -> Path:
    """Where the times of a tap are."""
    return path.with_name(path.name + ".times")


def read_times(path: Path) -> Iterator[Taken]:
    """Every callback so far."""
    content = times_of(path).read_bytes()
    for fields in _TAKEN.iter_unpack(content[: len(content) // _TAKEN.size * _TAKEN.size]):
        yield Taken(*fields)
