"""What do media keys and widgets do to the playback? As the MPRIS specification words it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_core.errors import InvalidParams
from lofi_core.mpris.metadata import MICROSECONDS, microseconds, object_path
from lofi_core.mpris.shown import LOOP_OF_REPEAT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from lofi_core.mpris.shown import View
    from lofi_core.playback.control import Playback
    from lofi_core.playback.playlist import Repeat

REPEAT_OF_LOOP: dict[str, Repeat] = {loop: repeat for repeat, loop in LOOP_OF_REPEAT.items()}


class Keys:
    """The commands. One that the properties say cannot be given does nothing, as the specification wants.

    All others raise what the playback raises.

    Args:
        playback: obeys.
        view: says what can be done.
        skip: goes to the next track, the playback's way or the radio's.
        moved: called with the place, in seconds, after a seek.
    """

    def __init__(
        self,
        playback: Playback,
        view: View,
        skip: Callable[[], Awaitable[None]],
        moved: Callable[[float], None],
    ) -> None:
        self._playback = playback
        self._view = view
        self._skip = skip
        self._moved = moved

    async def next(self) -> None:
        """Go to the next track, where there is one."""
        if self._view.shown().can_go_next:
            await self._skip()

    async def previous(self) -> None:
        """Begin the track anew, or go to the one before it."""
        if self._view.shown().can_go_previous:
            await self._playback.previous()

    async def play(self) -> None:
        """Play or go on, where there is something to play."""
        if self._view.shown().can_play:
            await self._playback.play()

    async def pause(self) -> None:
        """Hold the sound."""
        await self._playback.pause()

    async def toggle(self) -> None:
        """Hold the sound or go on. Raises UnknownTrack when there is nothing to play."""
        await self._playback.toggle()

    async def stop(self) -> None:
        """Go silent."""
        await self._playback.stop()

    async def seek(self, offset_us: int) -> None:
        """Go on or back by so many microseconds; past the end is a skip."""
        entry = self._view.entry
        if entry is None:
            return
        place_sec = self._view.position_sec + offset_us / MICROSECONDS
        if place_sec > entry.duration_sec:
            await self._skip()
        else:
            self._moved(await self._playback.seek(max(place_sec, 0.0)))

    async def set_position(self, path: str, position_us: int) -> None:
        """Go to a place in the track of that path; a place outside it, or another track, is ignored."""
        entry = self._view.entry
        if entry is None or path != object_path(entry):
            return
        if 0 <= position_us <= microseconds(entry.duration_sec):
            self._moved(await self._playback.seek(position_us / MICROSECONDS))

    async def set_loop_status(self, loop: str) -> None:
        """Repeat nothing, the track or the list. Raises InvalidParams for anything else."""
        if loop not in REPEAT_OF_LOOP:
            raise InvalidParams(f"LoopStatus is {loop!r}; must be one of {', '.join(REPEAT_OF_LOOP)}")
        await self._playback.set_mode(shuffle=None, repeat=REPEAT_OF_LOOP[loop], crossfade_sec=None)

    async def set_shuffle(self, on: bool) -> None:  # noqa: FBT001 - the word is its own name
        """Leave the order to chance, or not."""
        await self._playback.set_mode(shuffle=on, repeat=None, crossfade_sec=None)

    async def set_volume(self, level: float) -> None:
        """0 to 1; keys that step beyond come to the end of the scale. Raises InvalidParams for NaN."""
        await self._playback.sound.set_volume(min(max(level, 0.0), 1.0))

    async def set_rate(self, rate: float) -> None:
        """There is one rate only; 0 is a pause, as the specification has it."""
        if rate == 0:
            await self._playback.pause()
