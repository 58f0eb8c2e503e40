"""What of the playback outlives the daemon? One small file in the data directory."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from lofi_core.files import replace_file
from lofi_core.playback.playlist import MAX_ENTRIES, Repeat, entry_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from lofi_core.config import Audio
    from lofi_core.playback.playlist import Playlist
    from lofi_core.tracks.track import Track

log = logging.getLogger("lofi.playback")

FILE_NAME = "playback.json"
# How much of a track is heard again after a crash, at most.
POSITION_EVERY_SEC = 5.0


class Saved(Struct, frozen=True, kw_only=True):
    """The file's content.

    Attributes:
        tracks: track ids, in order.
        position: of the current one; the number of tracks when the last one is over.
        position_sec: into it.
        configured: what of `[audio]` volume, crossfade and device were set over. Where the configuration
            has another value since, that one counts.
    """

    tracks: list[str] = []
    position: int = 0
    position_sec: float = 0.0
    shuffle: bool = False
    repeat: Repeat = "off"
    volume: float = 1.0
    crossfade_sec: float = 3.0
    device: str = "default"
    configured: dict[str, float | str] = {}

    def over(self, audio: Audio) -> Saved:
        """The same, with the values of the configuration where that was changed later."""
        of_audio = msgspec.structs.asdict(audio)
        now = {name: value for name, value in of_audio.items() if name in self.__struct_fields__}
        changed = {name: value for name, value in now.items() if self.configured.get(name) != value}
        return msgspec.structs.replace(self, **changed, configured=now)


def load(path: Path, audio: Audio) -> Saved:
    """What was saved, or nothing: a damaged file costs the list, not the daemon."""
    try:
        saved = msgspec.json.decode(path.read_bytes(), type=Saved)
    except FileNotFoundError:
        saved = Saved()
    except (OSError, msgspec.MsgspecError) as error:
        log.warning("%s cannot be read, so the playlist begins empty: %s", path, error)
        saved = Saved()
    return saved.over(audio)


async def restore(playlist: Playlist, saved: Saved, find: Callable[[str], Awaitable[Track | None]]) -> bool:
    """Fill an empty playlist with the tracks that are still there. False when the current one is gone."""
    current = None
    for index, track_id in enumerate(saved.tracks[:MAX_ENTRIES]):
        if (track := await find(track_id)) is None:
            continue
        entry = entry_of(track)
        playlist.add(entry)
        if index == saved.position:
            current = entry
    if current is None:
        playlist.end()
    else:
        playlist.go_to(current)
    playlist.repeat = saved.repeat
    playlist.set_shuffle(saved.shuffle)
    return current is not None


def with_playlist(saved: Saved, playlist: Playlist, position_sec: float) -> Saved:
    """What to save of a playlist whose current entry is at a place; what is being made is left out."""
    current = playlist.current
    before = playlist.entries[: playlist.position]
    return msgspec.structs.replace(
        saved,
        tracks=[entry.track_id for entry in playlist.entries if entry.path is not None],
        position=sum(entry.path is not None for entry in before),
        position_sec=position_sec if current is not None and current.path is not None else 0.0,
        shuffle=playlist.shuffle,
        repeat=playlist.repeat,
    )


class Saver:
    """Writes the newest state, in a thread, one write at a time.

    Args:
        path: of the file.
        snapshot: what to write, asked for on the event loop when it is time.
    """

    def __init__(self, path: Path, snapshot: Callable[[], Saved]) -> None:
        self._path = path
        self._snapshot = snapshot
        self._due = asyncio.Event()
        self._writing = asyncio.Lock()
        self._warned = False
        self._last = _stamp(path)
        self._is_shared = False

    def note(self) -> None:
        """Something changed."""
        self._due.set()

    async def run(self) -> None:
        """Write whenever something changed, until cancelled."""
        while True:
            await self._due.wait()
            await self.save()

    async def finish(self) -> None:
        """Write what has not been written, and wait for it."""
        if self._due.is_set():
            await self.save()
        async with self._writing:
            pass

    async def save(self) -> None:
        """Write now. A disk that is full is told of once, and nothing stops for it."""
        async with self._writing:
            self._due.clear()
            content = msgspec.json.format(msgspec.json.encode(self._snapshot()))
            try:
                await asyncio.to_thread(self._replace, content)
                self._warned = False
            except OSError as error:
                if not self._warned:
                    log.warning("the playlist cannot be saved in %s: %s", self._path, error.strerror)
                self._warned = True

    def _replace(self, content: bytes) -> None:
        found = _stamp(self._path)
        if found not in {self._last, None} and not self._is_shared:
            self._is_shared = True
            log.warning(
                "%s was written by somebody else, such as another daemon with this data directory: "
                "whoever writes last decides what is played after a restart",
                self._path,
            )
        replace_file(self._path, content)
        self._last = _stamp(self._path)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Tells one writing of a file from another. None without one."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
