"""How does a spool become a finished 24-bit FLAC under a temporary name?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import soundfile

from lofi_core import __version__
from lofi_core.errors import InferenceFailed, TrackWriteFailed
from lofi_core.tracks.digest import SampleDigest
from lofi_core.tracks.failures import storage_failures
from lofi_core.tracks.gain import choose_gain_db
from lofi_core.tracks.kept import write_kept
from lofi_core.tracks.layout import sync_file
from lofi_core.tracks.spool import BLOCK_FRAMES
from lofi_core.tracks.tags import write_tags
from lofi_core.tracks.track import Recipe, time_text

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from numpy.typing import NDArray

    from lofi_core.tracks.spool import Spool
    from lofi_core.tracks.track import TrackDraft

FULL_SCALE = 2**23  # of a 24-bit sample


@dataclass(frozen=True, slots=True)
class EncodedTrack:
    """A whole file that is not in the store yet; it is either committed or discarded.

    Attributes:
        kept: the file of the arrays kept with it, where there are any.
        kept_bytes: its size, else 0.
        loose: it never will be in the store; whoever has it removes it.
    """

    temporary: Path
    track_id: str
    title: str | None
    frames: int
    size_bytes: int
    recipe: Recipe
    kept: Path | None = None
    kept_bytes: int = 0
    loose: bool = False


def encode_steps(spool: Spool, draft: TrackDraft, temporary: Path) -> Generator[float, None, EncodedTrack]:
    """Measure, apply the gain, write, tag and fsync. Yields the fraction done after each block.

    Closing the generator before its end, or any failure, removes the file.

    Raises:
        InferenceFailed: the spool is empty.
        TrackWriteFailed: the disk is full, read-only or gone.
    """
    if spool.frames == 0:
        raise InferenceFailed(
            f"backend {draft.backend!r} ended without any audio",
            "yield the samples as Step.audio before the generator ends",
        )
    recipe = _recipe(spool, draft)
    kept = temporary.with_suffix(".npz") if draft.kept else None
    kept_bytes = 0
    try:
        with storage_failures(f"writing track {draft.track_id}", temporary.parent):
            digest = yield from _write_flac(spool, temporary, recipe.gain_db)
            recipe = msgspec.structs.replace(recipe, samples_sha256=digest)
            write_tags(temporary, "flac", draft.title, recipe)
            check_whole(temporary, spool.frames)
            sync_file(temporary)
            size_bytes = temporary.stat().st_size
            if kept is not None:
                kept_bytes = write_kept(kept, draft.kept)
    except BaseException:
        temporary.unlink(missing_ok=True)
        if kept is not None:
            kept.unlink(missing_ok=True)
        raise
    return EncodedTrack(
        *(temporary, draft.track_id, draft.title, spool.frames, size_bytes, recipe, kept, kept_bytes),
        loose=draft.loose,
    )


def quantise(samples: NDArray[np.float32], gain_db: float) -> NDArray[np.int32]:
    """Samples [C, N] in [-1, 1] as 24-bit integers in the upper bytes of int32 [N, C], rounded to nearest."""
    scaled = samples.T.astype(np.float64) * (FULL_SCALE * 10 ** (gain_db / 20))
    return np.clip(np.rint(scaled), -FULL_SCALE, FULL_SCALE - 1).astype(np.int32) << 8


def check_whole(path: Path, frames: int) -> None:
    """Decode the end of a file that was just written: libsndfile may not notice that a disk filled up."""
    with soundfile.SoundFile(path) as file:
        tail = min(file.frames, 4096)
        file.seek(file.frames - tail)
        decoded = len(file.read(tail, dtype="int32"))
        if file.frames != frames or decoded != tail:
            raise TrackWriteFailed(
                f"{path.name} holds {file.frames} frames instead of {frames}, or its end cannot be read",
                f"free some space on the disk that holds {path.parent}",
            )


def _write_flac(spool: Spool, path: Path, gain_db: float) -> Generator[float, None, str]:
    """The samples, all of them; returns their digest."""
    rate, channels = spool.sample_rate, spool.channels
    digest = SampleDigest()
    with soundfile.SoundFile(path, "x", rate, channels, subtype="PCM_24", format="FLAC") as file:
        for number, block in enumerate(spool.blocks(), start=1):
            samples = quantise(block, gain_db)
            file.write(samples)
            digest.add(samples)
            yield min(1.0, number * BLOCK_FRAMES / spool.frames)
    return digest.text()


def _recipe(spool: Spool, draft: TrackDraft) -> Recipe:
    measured = spool.measure()
    gain_db = choose_gain_db(measured.loudness_lufs, measured.true_peak_dbtp, draft.loudness)
    return Recipe(
        prompt=draft.prompt,
        seed=draft.seed,
        backend=draft.backend,
        model_version=draft.model_version,
        duration_sec=draft.requested_duration_sec,
        options=draft.options,
        licence=draft.licence,
        software="lofi-core",
        software_version=__version__,
        package=draft.package,
        package_version=draft.package_version,
        sample_rate=spool.sample_rate,
        channels=spool.channels,
        loudness_lufs=_after_gain(measured.loudness_lufs, gain_db),
        true_peak_dbtp=_after_gain(measured.true_peak_dbtp, gain_db),
        gain_db=gain_db,
        generation_time_sec=round(draft.generation_time_sec, 3),
        job_id=draft.job_id,
        created_at=time_text(datetime.now(UTC)),
        extra={**draft.extra, **({"kept": sorted(draft.kept)} if draft.kept else {})},
    )


def _after_gain(level_db: float, gain_db: float) -> float | None:
    return round(level_db + gain_db, 2) if math.isfinite(level_db) else None
