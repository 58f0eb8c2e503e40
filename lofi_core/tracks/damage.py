"""Can all samples of a track be read? A file of which they cannot is set aside."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import soundfile

from lofi_core.errors import TrackWriteFailed
from lofi_core.tracks.failures import SYSTEM_ERROR, TrackDamaged, storage_failures
from lofi_core.tracks.layout import set_aside, track_path

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from lofi_core.tracks.index import TrackIndex
    from lofi_core.tracks.track import Track

R = TypeVar("R")


def damage_steps(path: Path) -> Generator[float, None, str | None]:
    """Decode all of a file; yields the fraction done.

    Returns:
        What is wrong with it; None when nothing is.

    Raises:
        TrackWriteFailed: the disk does not let us read it, which says nothing of what is in it.
    """
    at, rate, frames = 0, 1, 0
    with storage_failures(f"reading {path}", path):
        try:
            with soundfile.SoundFile(path) as file:
                rate, frames = file.samplerate, file.frames
                while len(block := file.read(1 + rate // 10, dtype="int32", always_2d=True)):
                    at += len(block)
                    yield min(1.0, at / frames)
        except soundfile.LibsndfileError as error:
            if error.code == SYSTEM_ERROR:
                raise
            return f"its samples cannot be read after {at / rate:.1f} s"
    return None if at == frames else f"it ends after {at / rate:.1f} of {frames / rate:.1f} s"


def examine_steps(
    data_dir: Path, index: TrackIndex, track: Track
) -> Generator[float, None, TrackDamaged | None]:
    """Read all of a track; where it is damaged, set its file aside and return what says so."""
    why = yield from damage_steps(track_path(data_dir, track.track_id))
    if why is None:
        return None
    aside = without(data_dir, index, track)
    return TrackDamaged(
        f"the file of track {track.track_id} is damaged: {why}",
        f"it is {aside} now; ask for the same words with --seed {track.seed}, and it is made again",
    )


def without(data_dir: Path, index: TrackIndex, track: Track) -> Path:
    """Set the file of a track aside. What was said of the track stays, for when it is made again.

    Returns:
        Where the file is now.
    """
    with storage_failures(f"setting track {track.track_id} aside", data_dir), index:
        aside = set_aside(data_dir, track_path(data_dir, track.track_id))
        index.remove(track.track_id)
    return aside


def examined(
    steps: Generator[float, None, R],
    examine: Callable[[str], Generator[float, None, TrackDamaged | None]],
    track_id: str,
    *,
    first: bool = False,
) -> Generator[float, None, R]:
    """Do what needs a track's samples; where that fails, see whether they are the cause.

    Args:
        steps: what is to be done.
        examine: reads all of the track.
        track_id: of the track.
        first: examine it before, because `steps` would not notice.

    Raises:
        TrackDamaged: they are.
    """
    damaged = (yield from examine(track_id)) if first else None
    if damaged is None:
        try:
            return (yield from steps)
        except TrackWriteFailed:
            damaged = yield from examine(track_id)
            if damaged is None:
                raise
    raise damaged
