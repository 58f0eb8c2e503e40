"""What does the library have that fits while the station's next piece is not there?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lofi_core.playback.bars import music_of
from lofi_core.radio.flow import Feel
from lofi_core.radio.mood import key_in, likeness, tempo_in

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from lofi_core.tracks.library import Library
    from lofi_core.tracks.track import Track

# Alike enough to stand in for a piece of the station.
ALIKE = 0.35
# A shorter one would be over before the next piece is there.
LEAST_SEC = 20.0
# How many tracks are looked at: the newest, and favourites beside them.
PAGE, PAGES = 100, 3


class Shelf:
    """The library, as a radio sees it.

    Args:
        library: where the tracks are.
        is_liked: whether the listener liked a track.
        is_disliked: whether a track must never be played.
    """

    def __init__(
        self, library: Library, is_liked: Callable[[str], bool], is_disliked: Callable[[str], bool]
    ) -> None:
        self._library = library
        self._is_liked = is_liked
        self._is_disliked = is_disliked

    async def alike(
        self, prompts: Sequence[str], heard: Sequence[str], without: Collection[str]
    ) -> Track | None:
        """A track of the same mood: one that the listener likes first, then the one heard longest ago.

        Args:
            prompts: of the station.
            heard: track ids, the newest last.
            without: track ids that must not be it.
        """
        tracks = [track for track in await self._tracks() if track.track_id not in without]
        fitting = [track for track in tracks if self._fits(track, prompts)]
        return best(fitting, prompts, heard, self._likes)

    async def anything(self, heard: Sequence[str], without: Collection[str]) -> Track | None:
        """What was heard longest ago; without any such, whatever there is."""
        for track_id in dict.fromkeys(heard):
            if track_id in without or self._is_disliked(track_id):
                continue
            if track := await self._library.find(track_id):
                return track
        left = [t for t in await self._tracks() if t.track_id not in without]
        return next((track for track in left if not self._is_disliked(track.track_id)), None)

    def _likes(self, track: Track) -> bool:
        return track.favourite or self._is_liked(track.track_id)

    def _fits(self, track: Track, prompts: Iterable[str]) -> bool:
        alike = max(likeness(track.prompt, prompt) for prompt in prompts)
        return alike >= ALIKE and track.duration_sec >= LEAST_SEC and not self._is_disliked(track.track_id)

    async def _tracks(self) -> list[Track]:
        favourites, _total = await self._library.list(limit=PAGE, favourite=True)
        found = {track.track_id: track for track in favourites}
        for page in range(PAGES):
            tracks, total = await self._library.list(limit=PAGE, offset=page * PAGE)
            found |= {track.track_id: track for track in tracks}
            if (page + 1) * PAGE >= total:
                break
        return list(found.values())


def best(
    tracks: Iterable[Track], prompts: Sequence[str], heard: Sequence[str], likes: Callable[[Track], bool]
) -> Track | None:
    """Liked before others, heard longest ago before lately, then the most alike."""
    order = {track_id: at for at, track_id in enumerate(heard)}

    def rank(track: Track) -> tuple[bool, float, float]:
        alike = max(likeness(track.prompt, prompt) for prompt in prompts)
        return not likes(track), order.get(track.track_id, -math.inf), -alike

    return min(tracks, key=rank, default=None)


def feel_of_track(track: Track) -> Feel:
    """Tempo and key: what its recipe says, else its words."""
    music = music_of(track)
    tempo_bpm, key = (music.tempo_bpm, music.key) if music else (None, None)
    return Feel(tempo_bpm or tempo_in(track.prompt), key or key_in(track.prompt))
