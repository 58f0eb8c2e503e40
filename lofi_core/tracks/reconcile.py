"""Do files and index agree? Where they do not, the files are right.

All of it runs in the store thread. What is decided is decided while the index is locked, so that another
process that stores a track just now is not taken for one that died over it.
"""

from __future__ import annotations

import logging
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lofi_core.temporary import is_left_over
from lofi_core.tracks.layout import (
    is_set_aside,
    kept_path,
    marks_path,
    set_aside,
    size_of,
    track_path,
    tracks_dir,
)
from lofi_core.tracks.marks import Marks, write_marks

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from lofi_core.tracks.index import TrackIndex

log = logging.getLogger("lofi.tracks")

FOLDERS = tuple(f"{number:02x}" for number in range(256))
_TRACK_FILE = re.compile(r"([0-9a-f]{32})\.(flac|npz|json)")
# Of what is found, so much is told one by one; the sum says the rest.
MOST_TOLD = 20


@dataclass(slots=True)
class Found:
    """What did not agree.

    Attributes:
        taken_back: files that the index has again, from the recipe in their tags.
        dropped: rows whose file is gone.
        set_aside: files that are no tracks of ours, or no whole ones.
        leftovers: temporary files of dead processes, and what belonged to tracks that are gone.
    """

    taken_back: int = 0
    dropped: int = 0
    set_aside: int = 0
    leftovers: int = 0

    def tell(self, text: str, *values: object) -> None:
        """Log one of the first of them."""
        if self.taken_back + self.dropped + self.set_aside + self.leftovers <= MOST_TOLD:
            log.warning(text, *values)

    def summary(self) -> str:
        """In words; empty when all agreed."""
        told = {
            "taken back into the index": self.taken_back,
            "dropped, their files are gone": self.dropped,
            "set aside, no tracks or no whole ones": self.set_aside,
            "leftovers removed": self.leftovers,
        }
        return "; ".join(f"{count} {what}" for what, count in told.items() if count)


def reconcile_steps(
    data_dir: Path, index: Callable[[], TrackIndex], found: Found
) -> Generator[float, None, None]:
    """Go through all folders. Yields the fraction done after each track that had to be looked at.

    Args:
        data_dir: whose tracks they are.
        index: the one in use; it may be renewed meanwhile.
        found: is counted up.

    Raises:
        sqlite3.Error, OSError: the index is damaged, or the disk does not let us.
    """
    root = tracks_dir(data_dir)
    _set_aside_strays(data_dir, root, found)
    yield 0.0
    for number, name in enumerate(FOLDERS):
        folder = _Folder(data_dir, root / name, found)
        differing = folder.differing(index())
        for done, track_id in enumerate(differing):
            agree(data_dir, index(), track_id, found)
            yield (number + done / len(differing)) / len(FOLDERS)
        folder.tidy(index())
        yield (number + 1) / len(FOLDERS)


def agree(data_dir: Path, index: TrackIndex, track_id: str, found: Found) -> None:
    """Make the row of one track say what its file is."""
    from lofi_core.tracks.file_entry import NotATrack, entry_of_file  # these bring numpy

    path = track_path(data_dir, track_id)
    with index:
        before = index.get(track_id)
        size_bytes = size_of(path)
        if before is not None and before.size_bytes == size_bytes:
            return
        if size_bytes is None:
            if before is not None:
                index.remove(track_id)
                kept_path(data_dir, track_id).unlink(missing_ok=True)
                marks_path(data_dir, track_id).unlink(missing_ok=True)
                found.dropped += 1
                found.tell("track %s is dropped from the index: its file is gone", track_id)
            return
        try:
            entry = entry_of_file(data_dir, track_id, before)
        except NotATrack as problem:
            aside = set_aside(data_dir, path)
            index.remove(track_id)  # what was said of it stays, for when it is made again
            found.set_aside += 1
            found.tell("%s is no whole track of ours, and is %s now: %s", path, aside, problem)
            return
        index.put(entry, is_new=False)
        found.taken_back += 1
        found.tell("track %s is taken back into the index, from the recipe in its file", track_id)


class _Folder:
    """One of the 256 folders, as it was a moment ago."""

    def __init__(self, data_dir: Path, path: Path, found: Found) -> None:
        self._data_dir = data_dir
        self._path = path
        self._found = found
        self._sizes: dict[str, int] = {}  # of the FLACs, by track id
        self._beside: list[str] = []
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    self._see(entry)
        except FileNotFoundError:
            return

    def differing(self, index: TrackIndex) -> list[str]:
        """Tracks of which file and row, as it seems, do not agree."""
        rows = index.sizes(self._path.name)
        return sorted(
            track_id
            for track_id in rows.keys() | self._sizes.keys()
            if rows.get(track_id) != self._sizes.get(track_id)
        )

    def tidy(self, index: TrackIndex) -> None:
        """Remove what belonged to tracks that are gone, and write what was said of those that are there."""
        for name in self._beside:
            track_id = name.partition(".")[0]
            if track_id in self._sizes:
                continue
            if name.endswith(".json") and is_set_aside(self._data_dir, track_id):
                continue  # it may be made again
            path = self._path / name
            with index:  # a track that is being stored has its FLAC last
                if path.exists() and not track_path(self._data_dir, track_id).exists():
                    path.unlink()
                    self._found.leftovers += 1
                    self._found.tell("%s is removed: its track is gone", name)
        for track_id, title, favourite in index.marked(self._path.name):
            path = marks_path(self._data_dir, track_id)
            if path.name not in self._beside and track_id in self._sizes:  # of a version without such files
                write_marks(path, Marks(title, favourite))

    def _see(self, entry: os.DirEntry[str]) -> None:
        match = _TRACK_FILE.fullmatch(entry.name)
        if match and match[1].startswith(self._path.name) and entry.is_file():
            if match[2] == "flac":
                self._sizes[match[1]] = entry.stat().st_size
            else:
                self._beside.append(entry.name)
        elif is_left_over(entry.name):
            self._path.joinpath(entry.name).unlink()
            self._found.leftovers += 1
        elif entry.name.endswith(".flac") and not entry.name.startswith("."):
            _set_one_aside(self._data_dir, self._path / entry.name, self._found)


def _set_aside_strays(data_dir: Path, root: Path, found: Found) -> None:
    for path in root.glob("[!.]*.flac"):
        _set_one_aside(data_dir, path, found)


def _set_one_aside(data_dir: Path, path: Path, found: Found) -> None:
    aside = set_aside(data_dir, path)
    found.set_aside += 1
    found.tell("%s has no name of a track there, and is %s now", path, aside)
