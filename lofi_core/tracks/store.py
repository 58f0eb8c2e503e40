"""Where are tracks kept, so that the same request finds its track again? Files plus index, in one thread."""

from __future__ import annotations

import logging
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace as replace_fields

from lofi_core.errors import InvalidParams, UnknownTrack
from lofi_core.temporary import remove_leftovers, temporary_path
from lofi_core.tracks.destination import check_destination, choose_format
from lofi_core.tracks.failures import storage_failures
from lofi_core.tracks.layout import (
    is_track_id,
    kept_path,
    marks_path,
    size_of,
    sync_directory,
    track_path,
    tracks_dir,
)
from lofi_core.tracks.made_entry import made_entry, marks_of
from lofi_core.tracks.marks import read_marks, write_marks
from lofi_core.tracks.open_index import FILE_NAME, is_damage, open_index, replace_index
from lofi_core.tracks.reconcile import Found, agree, reconcile_steps
from lofi_core.tracks.shown import track_of
from lofi_core.tracks.track import time_text
from lofi_core.tracks.uses import RecentUses
from lofi_core.tracks.words import check_title

# encode, export and waveform are imported where they are used: they bring numpy, soundfile and mutagen, and a
# daemon that has made no track yet does without.

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Sequence
    from pathlib import Path

    from lofi_core.tracks.encode import EncodedTrack
    from lofi_core.tracks.failures import TrackDamaged
    from lofi_core.tracks.index import Entry, TrackIndex
    from lofi_core.tracks.spool import Spool
    from lofi_core.tracks.track import Exported, Track, TrackDraft

log = logging.getLogger("lofi.tracks")

MAX_BINS = 10_000


class TrackStore:
    """The tracks under one data directory. Made and used in one thread.

    Work that takes long comes as a generator that yields the fraction done, so that the thread can do other
    things between its steps; its return value is the result, and closing it undoes it.

    Attributes:
        renewals: how often a damaged index was replaced by a new one, which `reconcile` has to fill.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._uses = RecentUses()
        self.renewals = 0
        self._index: TrackIndex
        with storage_failures(f"opening the track store in {data_dir}", data_dir):
            data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)  # prompts are private
            tracks_dir(data_dir).mkdir(exist_ok=True)
            for directory in (data_dir, tracks_dir(data_dir)):
                remove_leftovers(directory)
            self._index, is_new = open_index(data_dir / FILE_NAME)
        self.renewals += is_new

    def encode(self, spool: Spool, draft: TrackDraft) -> Generator[float, None, EncodedTrack]:
        """Encode what is spooled to a temporary file; see `encode_steps`.

        Raises:
            ValueError: the draft's track id is not 32 hex digits.
        """
        from lofi_core.tracks.encode import encode_steps

        track_path(self._data_dir, draft.track_id)
        with storage_failures(f"preparing {tracks_dir(self._data_dir)}", self._data_dir):
            tracks_dir(self._data_dir).mkdir(parents=True, exist_ok=True)  # somebody may have tidied up
        loose = spool.path.with_suffix(".flac")  # goes with the other spools, whatever happens
        own = temporary_path(tracks_dir(self._data_dir), ".flac")
        return encode_steps(spool, draft, loose if draft.loose else own)

    def commit(self, encoded: EncodedTrack) -> Track:
        """Move the file and what is kept with it to their place and index them, all or nothing.

        A track of the same id is replaced; its favourite mark stays, and its title unless a new one is given.
        A loose one stays where it is, and outside of the index.

        Raises:
            TrackWriteFailed: the temporary file is removed.
        """
        if encoded.loose:
            return replace_fields(self._track(made_entry(encoded, None)), path=str(encoded.temporary))
        places = (track_path, kept_path, marks_path)
        path, kept, marks = (place(self._data_dir, encoded.track_id) for place in places)
        try:
            with storage_failures(f"storing track {encoded.track_id}", self._data_dir), self._index:
                before = self._index.get(encoded.track_id)
                # An index that is being made anew may not have it yet.
                entry = made_entry(encoded, marks_of(before) if before else read_marks(marks))
                self._index.put(entry, is_new=True)
                path.parent.mkdir(exist_ok=True)
                sync_directory(path.parent.parent)
                # Before the FLAC: with that in its place the track is there, whole.
                write_marks(marks, marks_of(entry))
                if encoded.kept is None:
                    kept.unlink(missing_ok=True)
                else:
                    encoded.kept.replace(kept)
                encoded.temporary.replace(path)
                sync_directory(path.parent)
        except BaseException as error:
            if is_damage(error.__cause__) and encoded.temporary.exists():
                raise  # it can be tried again, with a new index
            if not encoded.temporary.exists():  # moved, but the index would not have it
                path.unlink(missing_ok=True)
            if marks.exists() and not path.exists():
                marks.unlink(missing_ok=True)
            if encoded.kept is not None and not encoded.kept.exists():
                kept.unlink(missing_ok=True)
            self.discard(encoded)
            raise
        self._uses.note(entry.track_id)
        return self._track(entry)

    def discard(self, encoded: EncodedTrack) -> None:
        """Remove the file of a track that is not wanted after all."""
        with storage_failures(f"removing {encoded.temporary.name}", self._data_dir):
            encoded.temporary.unlink(missing_ok=True)
            if encoded.kept is not None:
                encoded.kept.unlink(missing_ok=True)

    def find(self, track_id: str, *, used: bool = False) -> Track | None:
        """The track, if its file is there. Where the index says otherwise, it is put right.

        Args:
            track_id: names none when it is no id.
            used: it is about to be played or handed out; `remove_least_used` takes those last.
        """
        with storage_failures(f"looking up track {track_id!r}", self._data_dir):
            entry = self._index.get(track_id)
            if entry is None and not is_track_id(track_id):
                return None
            if size_of(track_path(self._data_dir, track_id)) != (entry.size_bytes if entry else None):
                agree(self._data_dir, self._index, track_id, Found())
                entry = self._index.get(track_id)
        if entry is None:
            return None
        if used:
            self._note_use(track_id)
        return self._track(entry)

    def find_job(self, job_id: str) -> Track | None:
        """The track that a job made, if it is there and no other job made it again since."""
        with storage_failures(f"looking up job {job_id!r}", self._data_dir):
            entry = self._index.by_job(job_id)
        return self.find(entry.track_id) if entry else None

    def get(self, track_id: str, *, used: bool = False) -> Track:
        """The track; `used` as in `find`.

        Raises:
            UnknownTrack: there is none, or its file is gone.
        """
        track = self.find(track_id, used=used)
        if track is None:
            raise UnknownTrack(
                f"no track has the id {track_id!r}", "`lofi-core tracks list` shows what is there"
            )
        return track

    def list(
        self, limit: int = 50, offset: int = 0, query: str | None = None, *, favourite: bool | None = None
    ) -> tuple[Sequence[Track], int]:
        """A page of tracks, newest first.

        Args:
            limit: tracks at most.
            offset: tracks to skip.
            query: words that must all occur in prompt, title or backend, whatever their case.
            favourite: only those, or only the others.

        Returns:
            The page, and how many tracks match in all.
        """
        if limit < 0 or offset < 0:
            raise InvalidParams(f"limit is {limit}, offset is {offset}; neither may be negative")
        with storage_failures("listing the tracks", self._data_dir):
            entries, total = self._index.page(limit, offset, query, favourite=favourite)
        return [self._track(entry) for entry in entries], total

    def update(self, track_id: str, *, favourite: bool | None = None, title: str | None = None) -> Track:
        """Mark or rename a track; None leaves as it is, an empty title takes the title away.

        Raises:
            InvalidParams: the title is too long.
            UnknownTrack: there is none.
        """
        check_title(title)
        self.get(track_id)
        with storage_failures(f"updating track {track_id}", self._data_dir), self._index:
            entry = self._index.get(track_id)
            if entry is None:  # another process deleted it just now
                raise UnknownTrack(f"no track has the id {track_id!r}")
            changed = replace_fields(
                entry,
                favourite=entry.favourite if favourite is None else favourite,
                title=entry.title if title is None else title.strip() or None,
            )
            self._index.update(changed)
            write_marks(marks_path(self._data_dir, track_id), marks_of(changed))
        return self._track(changed)

    def delete(self, track_id: str) -> None:
        """Remove file, what is kept with it, and row.

        Raises:
            UnknownTrack: there is none.
            TrackWriteFailed: the file cannot be removed; the track stays.
        """
        track = self.get(track_id)
        with storage_failures(f"deleting track {track_id}", self._data_dir), self._index:
            self._index.remove(track_id)
            track_path(self._data_dir, track.track_id).unlink(missing_ok=True)
            kept_path(self._data_dir, track.track_id).unlink(missing_ok=True)
            marks_path(self._data_dir, track.track_id).unlink(missing_ok=True)

    def remove_least_used(
        self, max_bytes: int, keep: Collection[str] = (), recent_sec: float = 0.0
    ) -> str | None:
        """When all tracks together are larger than this, remove the one that was used longest ago.

        Args:
            max_bytes: files and what is kept with them.
            keep: ids that stay, as favourites do.
            recent_sec: what was made or used so lately, an hour at most, stays too; in this process whatever
                the clock says.

        Returns:
            Its id; None when none was removed: they fit, or all that are left stay.

        Raises:
            TrackWriteFailed: the file cannot be removed; the track stays.
        """
        with storage_failures("looking for tracks that nobody uses", self._data_dir):
            _, size_bytes = self._index.count_and_bytes()
            if size_bytes <= max_bytes:
                return None
            now = datetime.now(UTC)
            before = time_text(now - timedelta(seconds=recent_sec))
            kept = {*keep, *self._uses.within(recent_sec)}
            track_id = self._index.least_used(kept, before, time_text(now))
        if track_id is not None and self.find(track_id) is not None:  # its file may be gone already
            self.delete(track_id)
        return track_id

    def waveform(self, track_id: str, bins: int = 80) -> Generator[float, None, Sequence[float]]:
        """Peaks of 0 to 1 in `bins` equal parts of the track; see `waveform_steps`.

        Raises:
            InvalidParams: `bins` is out of range.
            UnknownTrack: there is no such track.
        """
        from lofi_core.tracks.damage import examined
        from lofi_core.tracks.waveform import waveform_steps

        if not 1 <= bins <= MAX_BINS:
            raise InvalidParams(f"bins is {bins}; must be 1 to {MAX_BINS}")
        steps = waveform_steps(track_path(self._data_dir, self.get(track_id).track_id), bins)
        return examined(steps, self.examine, track_id)

    def export(
        self, track_id: str, path: str, format_name: str | None = None, *, overwrite: bool = False
    ) -> Generator[float, None, Exported]:
        """Write a copy outside of the store; see `export_steps`, `check_destination` and `choose_format`."""
        track = self.get(track_id, used=True)
        chosen = choose_format(path, format_name, track.sample_rate)
        target = check_destination(path, self._data_dir, overwrite=overwrite)
        remove_leftovers(target.parent)  # of an export that was killed
        from lofi_core.tracks.damage import examined
        from lofi_core.tracks.export import export_steps

        stored = track_path(self._data_dir, track_id)
        steps = export_steps(
            lambda: stored.open("rb"), track.title, track.recipe, target, chosen, overwrite=overwrite
        )
        return examined(steps, self.examine, track_id, first=chosen == "flac")  # which is a mere copy

    def examine(self, track_id: str) -> Generator[float, None, TrackDamaged | None]:
        """Read all of a track. A damaged one is set aside, and what is returned says so."""
        from lofi_core.tracks.damage import examine_steps

        track = self.find(track_id)
        return (yield from examine_steps(self._data_dir, self._index, track)) if track else None

    def set_aside(self, track: Track, why: str) -> TrackDamaged | None:
        """Set a file aside that is not what its name says; None when another took its place meanwhile."""
        from lofi_core.tracks.damage import without
        from lofi_core.tracks.failures import TrackDamaged

        if self.find(track.track_id) != track:
            return None
        aside = without(self._data_dir, self._index, track)
        problem = f"the file of track {track.track_id} is not what its name says: {why}"
        return TrackDamaged(problem, f"it is {aside} now; `lofi-core reproduce` says what it is")

    def count_and_bytes(self) -> tuple[int, int]:
        """How many tracks there are, and the size of their files together."""
        with storage_failures("counting the tracks", self._data_dir):
            return self._index.count_and_bytes()

    def reconcile(self, found: Found) -> Generator[float, None, None]:
        """Make the index say what files there are; see `reconcile_steps`."""
        with storage_failures("comparing index and files", self._data_dir):
            yield from reconcile_steps(self._data_dir, lambda: self._index, found)

    def renew(self, why: object) -> None:
        """Put the damaged index aside and begin a new one, which `reconcile` and `find` fill.

        Raises:
            TrackWriteFailed: that cannot be done either.
        """
        with storage_failures("making the index anew", self._data_dir):
            self._index = replace_index(self._index, self._data_dir / FILE_NAME, why)
        self.renewals += 1

    def close(self) -> None:
        """Close the index."""
        self._index.close()

    def _note_use(self, track_id: str) -> None:
        self._uses.note(track_id)
        try:
            with self._index:
                self._index.use(track_id, time_text(datetime.now(UTC)))
        except sqlite3.Error as error:  # a full disk must not keep anybody from playing what is there
            log.warning("the use of track %s is not noted: %s", track_id, error)

    def _track(self, entry: Entry) -> Track:
        return track_of(entry, self._data_dir)
