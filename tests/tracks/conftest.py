"""Real stores, spools and tracks in a temporary directory."""

from __future__ import annotations

import hashlib
import resource
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from lofi_core.tracks.spool import Spool
from lofi_core.tracks.store import TrackStore
from lofi_core.tracks.track import Track, TrackDraft

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from lofi_core.tracks.encode import EncodedTrack

    Samples = NDArray[np.float32]


def make_noise(seconds: float, rate: int = 48_000, channels: int = 2, seed: int = 1) -> Samples:
    """Noise with music's slope, peak 0.9, its level moving as a song's does."""
    rng = np.random.default_rng(seed)
    frames = round(seconds * rate)
    spectrum = np.fft.rfft(rng.standard_normal((channels, frames)))
    spectrum /= np.sqrt(np.maximum(np.arange(spectrum.shape[1]), 20))
    noise = np.fft.irfft(spectrum, frames) * (1.1 + np.sin(np.arange(frames) / rate * 2))
    scaled: Samples = (0.9 * noise / np.abs(noise).max()).astype(np.float32)
    return scaled


def complete(steps: Generator[float, None, Any]) -> Any:
    """Run a store generator to its end and return its result."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def draft(name: str = "a", **changes: Any) -> TrackDraft:
    """A draft whose id is the hash of `name`."""
    fields: dict[str, Any] = {
        "track_id": hashlib.md5(name.encode()).hexdigest(),
        "job_id": f"job-{name}",
        "prompt": f"prompt {name}",
        "requested_duration_sec": 0.5,
        "seed": 7,
        "backend": "sine",
        "model_version": "1",
        "options": {"hz": 440},
        "package": "lofi-sine",
        "package_version": "0.1",
        "generation_time_sec": 1.5,
    }
    return TrackDraft(**{**fields, **changes})


@pytest.fixture
def anyio_backend() -> str:
    """The library lives on asyncio's loop, as the daemon does."""
    return "asyncio"


Noise = Callable[..., "Samples"]


@pytest.fixture(scope="session")
def pink_noise() -> Noise:
    """`pink_noise(seconds, rate=48_000, channels=2, seed=1)`; see `make_noise`."""
    return make_noise


class Studio:
    """A store with what it takes to put tracks into it."""

    complete = staticmethod(complete)
    draft = staticmethod(draft)

    def __init__(self, root: Path) -> None:
        self.root = root
        self.data_dir = root / "data"
        self.store = TrackStore(self.data_dir)
        self._spools: list[Spool] = []

    def spool(self, audio: Samples, rate: int = 8_000) -> Spool:
        """A spool that holds `audio`, [C, N]."""
        spool = Spool(self.root / f"spool{len(self._spools)}.wav", rate, len(audio))
        self._spools.append(spool)
        spool.append(audio)
        return spool

    def encode(self, audio: Samples, rate: int = 8_000, **fields: Any) -> EncodedTrack:
        """Encode `audio` under a draft with these fields."""
        encoded: EncodedTrack = complete(self.store.encode(self.spool(audio, rate), draft(**fields)))
        return encoded

    def add(self, name: str = "a", **fields: Any) -> Track:
        """Store half a second of noise."""
        return self.store.commit(self.encode(make_noise(0.5, 8_000), name=name, **fields))

    def leftovers(self) -> list[Path]:
        """Temporary files anywhere under the root."""
        return list(self.root.rglob(".tmp-*"))

    def close(self) -> None:
        """Close the store and every spool."""
        self.store.close()
        for spool in self._spools:
            spool.discard()

    def reopen(self) -> None:
        """What a restart does."""
        self.store.close()
        self.store = TrackStore(self.data_dir)


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    made = Studio(tmp_path)
    yield made
    made.close()


@pytest.fixture
def full_disk() -> Callable[[int], Any]:
    """`with full_disk(limit_bytes):` no file may grow past the limit, as on a disk that fills up."""

    @contextmanager
    def limit(limit_bytes: int) -> Iterator[None]:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limit
