"""What does a FLAC say of itself, so that the index can have it again?"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import mutagen
import soundfile

from lofi_core.errors import TrackWriteFailed
from lofi_core.tracks.encode import check_whole
from lofi_core.tracks.index import Entry
from lofi_core.tracks.layout import kept_path, marks_path, track_path
from lofi_core.tracks.marks import Marks, read_marks
from lofi_core.tracks.recipes import read_recipe
from lofi_core.tracks.tags import title_in_tags

if TYPE_CHECKING:
    from pathlib import Path


class NotATrack(Exception):
    """The file is not ours, or not whole; `str` says why."""


def entry_of_file(data_dir: Path, track_id: str, before: Entry | None) -> Entry:
    """The row that a file in the store's folders should have.

    Args:
        data_dir: whose file it is.
        track_id: of the file.
        before: the row it had, which knows best what people said of it.

    Raises:
        NotATrack: there should be none.
        OSError: the file cannot be read at all, which says nothing of what is in it.
    """
    path = track_path(data_dir, track_id)
    size_bytes = path.stat().st_size
    with path.open("rb"):  # a file we may not read is no damaged one
        pass
    try:
        recipe = read_recipe(path)
        frames = soundfile.info(str(path)).frames
        check_whole(path, frames)
        datetime.fromisoformat(recipe.created_at)
    except (TrackWriteFailed, ValueError, soundfile.SoundFileError, mutagen.MutagenError) as error:
        raise NotATrack(str(error)) from error
    if before is not None:
        marks = Marks(before.title, before.favourite)
    else:
        marks = read_marks(marks_path(data_dir, track_id)) or Marks(title_in_tags(path, recipe))
    kept = kept_path(data_dir, track_id)
    return Entry(
        track_id=track_id,
        title=marks.title,
        favourite=marks.favourite,
        frames=frames,
        size_bytes=size_bytes,
        kept_bytes=kept.stat().st_size if kept.exists() else 0,
        recipe=recipe,
    )
