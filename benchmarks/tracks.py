"""How fast is the track store: meters, spool, FLAC, exports, and lookups among many tracks?

`OPENBLAS_NUM_THREADS=1 python benchmarks/tracks.py` prints medians of five, with 60 s of 48 kHz stereo.
"""

from __future__ import annotations

import hashlib
import shutil
import statistics
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from lofi_core.tracks.index import Entry, TrackIndex
from lofi_core.tracks.loudness import LoudnessMeter
from lofi_core.tracks.reconcile import Found
from lofi_core.tracks.spool import Spool
from lofi_core.tracks.store import TrackStore
from lofi_core.tracks.track import Track, TrackDraft
from lofi_core.tracks.true_peak import TruePeakMeter

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from numpy.typing import NDArray

SECONDS, RATE, RUNS, MANY = 60, 48_000, 5, 20_000


def main() -> None:
    """Run everything in a temporary directory."""
    audio = np.random.default_rng(0).normal(0, 0.1, (2, SECONDS * RATE)).clip(-1, 1).astype(np.float32)
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        measure_meters(audio)
        track, store = measure_store(root, audio)
        measure_exports(root, store, track)
        store.close()
        measure_lookups(root, track)
        measure_check(root / "many")


def measure_meters(audio: NDArray[np.float32]) -> None:
    """The two meters, alone and together."""

    def run(*kinds: Callable[[], Any]) -> None:
        meters = [kind() for kind in kinds]
        for start in range(0, audio.shape[1], RATE):
            for meter in meters:
                meter.add(audio[:, start : start + RATE])
        for meter in meters:
            meter.finish()

    def loudness() -> LoudnessMeter:
        return LoudnessMeter(RATE, 2)

    def true_peak() -> TruePeakMeter:
        return TruePeakMeter(2)

    report("loudness", lambda: run(loudness))
    report("true peak", lambda: run(true_peak))
    report("both meters", lambda: run(loudness, true_peak))


def measure_store(root: Path, audio: NDArray[np.float32]) -> tuple[Track, TrackStore]:
    """Spool, encode, waveform."""
    store = TrackStore(root / "data")
    names = iter(range(RUNS + 1))

    def spooled() -> Spool:
        spool = Spool(root / f"{next(names)}.wav", RATE, 2)
        for start in range(0, audio.shape[1], RATE):
            spool.append(audio[:, start : start + RATE])
        return spool

    report("append: write and measure", lambda: spooled().discard())
    spool = spooled()
    draft = draft_of("0" * 32)
    report("encode: gain, FLAC, tags, fsync", lambda: store.discard(end_of(store.encode(spool, draft))))
    track: Track = store.commit(end_of(store.encode(spool, draft)))
    report("waveform", lambda: end_of(store.waveform(track.track_id)))
    return track, store


def draft_of(track_id: str) -> TrackDraft:
    """What an engine would say of a track."""
    return TrackDraft(
        track_id=track_id,
        job_id="0" * 16,
        prompt="benchmark",
        requested_duration_sec=SECONDS,
        seed=0,
        backend="benchmark",
        model_version="1",
        options={},
        package="benchmark",
        package_version="1",
        generation_time_sec=1.0,
    )


def measure_exports(root: Path, store: TrackStore, track: Track) -> None:
    """Every format."""
    for name in ("flac", "wav", "ogg", "opus", "mp3"):
        target = str(root / f"out.{name}")
        report(f"export {name}", partial(export, store, track.track_id, target))


def export(store: TrackStore, track_id: str, target: str) -> None:
    """Write one copy."""
    end_of(store.export(track_id, target, overwrite=True))


def measure_lookups(root: Path, track: Track) -> None:
    """The index with many rows."""
    index = TrackIndex(root / "many.db")
    with index:
        for number in range(MANY):
            recipe = msgspec.structs.replace(track.recipe, prompt=f"rainy night number {number}, rhodes")
            track_id = hashlib.sha256(str(number).encode()).hexdigest()[:32]
            entry = Entry(
                track_id=track_id, title=None, favourite=False, frames=1, size_bytes=1, recipe=recipe
            )
            index.put(entry, is_new=True)
    print(f"with {MANY} tracks, ms:")
    for name, call in {
        "find": lambda: index.get(track_id),
        "page of 100": lambda: index.page(100, 0, None, favourite=None),
        "page of a search": lambda: index.page(100, 0, "rainy 199", favourite=None),
        "count": index.count_and_bytes,
    }.items():
        print(f"  {name:32} {median_sec(call) * 1000:8.2f}")
    index.close()


def measure_check(data_dir: Path) -> None:
    """Index and files compared, and the index made anew, with many short tracks."""
    store = TrackStore(data_dir)
    spool = Spool(data_dir / "spool.wav", RATE, 2)
    spool.append(np.zeros((2, RATE), np.float32))
    made: Path = end_of(store.encode(spool, draft_of("1" * 32))).temporary
    for number in range(MANY):
        track_id = hashlib.sha256(str(number).encode()).hexdigest()[:32]
        folder = data_dir / "tracks" / track_id[:2]
        folder.mkdir(exist_ok=True)
        shutil.copyfile(made, folder / f"{track_id}.flac")
    print(f"with {MANY} files, s:")
    for name in ("index made anew", "index and files compared"):
        start = time.perf_counter()
        end_of(store.reconcile(Found()))
        print(f"  {name:32} {time.perf_counter() - start:8.2f}")
    store.close()


def end_of(steps: Generator[float, None, Any]) -> Any:
    """Run a store generator to its end."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def median_sec(call: Callable[[], object]) -> float:
    """Median wall-clock seconds of a call."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def report(name: str, call: Callable[[], object]) -> None:
    """Print how many times faster than real time a call is."""
    print(f"{name:34} {SECONDS / median_sec(call):8.0f} x real time")


if __name__ == "__main__":
    main()
