"""What is the next sample? Tracks after and over each other, from a queue; no thread, no clock, no device."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lofi_core.errors import LofiError
from lofi_core.player.crossing import most_overlap, overlap_of
from lofi_core.player.ending import Ending
from lofi_core.player.envelopes import RAMP_SEC
from lofi_core.player.limiter import Limiter
from lofi_core.player.outgoing import Outgoing
from lofi_core.player.playlist import Playlist
from lofi_core.player.protocol import REBUFFER_SEC, Buffering, Ended, Failed, Paused, Reason, Resumed, Started
from lofi_core.player.voice import Voice, fade_last

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lofi_core.player.protocol import AnyEvent, Item, State
    from lofi_core.player.voice import Track

    Samples = NDArray[np.float32]

# The next track is opened this long before its turn.
PREPARE_SEC = 5.0


class Mixer:
    """Renders a queue of tracks. All depends on the calls and the frames between them, on nothing else.

    Commands take effect at the next frame that is rendered. All methods belong to one thread.

    Args:
        rate: of the output, Hz.
        open_track: opens an item's file; raises LofiError.
        tell: gets the events.
        unheard: how many of the rendered frames wait for the device.

    Attributes:
        frame: how many frames have been rendered.
        held: nobody listens until `play`; what is rendered meanwhile comes after what waits.
        delay_frames: how much later the output is than the tracks' positions: the limiter's look-ahead.
    """

    def __init__(
        self,
        rate: int,
        open_track: Callable[[Item], Track],
        tell: Callable[[AnyEvent], None],
        unheard: Callable[[], int] = lambda: 0,
    ) -> None:
        self.rate = rate
        self.frame = 0
        self.held = False
        self.crossfade_sec = 0.0
        self.current: Voice | None = None
        self.playlist = Playlist(open_track, self._report)
        self._tell = tell
        self._outgoing = Outgoing()
        self._unheard = unheard
        self._ending = Ending(rate)
        self._limiter = Limiter(rate)
        self.delay_frames = self._limiter.delay_frames
        self._ramp = round(RAMP_SEC * rate)

    @property
    def state(self) -> State:
        """What it does at the next frame."""
        if self.current is None and not self.playlist:
            return "stopped"
        if self.held:
            return "paused"
        return "buffering" if self.current is not None and self.current.waiting else "playing"

    @property
    def sounds(self) -> bool:
        """The next frames are, as far as one can know, no silence."""
        return not self.held and bool(self.current or self._outgoing)

    @property
    def silent(self) -> bool:
        """There is nothing to render until the next command."""
        return self.state == "stopped" and not self._outgoing and self._limiter.silent

    @property
    def heard_sec(self) -> float:
        """Where in the track that plays the device is: behind what has been rendered."""
        voice = self.current
        if voice is None:
            return 0.0
        return max(voice.position - self._unheard() - self.delay_frames, voice.begin) / self.rate

    def load(self, items: list[Item], frame: int = 0, *, paused: bool = False) -> None:
        """Play these instead, the first one from a frame."""
        self.held = self.held or paused
        self.stop()
        self.held = paused
        self.playlist.add(items)
        if items:
            self._advance(items[0], frame)

    def play(self) -> None:
        """Go on after a pause."""
        self._ending.take_back()
        if self.held:
            self.held = False
            if self.current is not None:
                self._tell(Resumed(item_id=self.current.item.id, position_sec=self.heard_sec))

    def pause(self) -> None:
        """Nobody listens from now on: what is left or begun later goes and comes without a fade."""
        if self.current is not None and not self.held:
            self.held = True
            self._tell(Paused(item_id=self.current.item.id, position_sec=self.heard_sec))

    def stop(self, fade_sec: float = 0.0) -> None:
        """Go silent and forget the queue: now, or when what plays, and what follows it, has faded out."""
        if fade_sec and self.state == "playing":
            self._ending.begin(fade_sec)
        else:
            self._stop(self._ramp)

    def skip(self) -> Item | None:
        """Go to the next track, over a crossfade. None when there is none: then it is silent."""
        self._ending.take_back()
        overlap = round(self.crossfade_sec * self.rate) or self._ramp
        if self.current is not None:
            coming = self.playlist.prepare()
            if coming is not None:
                overlap = max(min(overlap, coming.most_overlap), 1)
            self._let_go("skipped", overlap if coming is not None else self._ramp)
            if (voice := self._advance()) and not self.held:
                voice.fade(overlap, rising=True)
        return None if self.current is None else self.current.item

    def seek(self, frame: int) -> None:
        """Go to a frame of what plays, over a short crossfade. Past the end, it ends."""
        voice = self.current
        if voice is None:
            return
        total = voice.track.total_frames
        try:
            if not self.held and not voice.waiting:
                self._outgoing.add_tail(voice.tail(min(self._ramp, voice.track.ready(self._ramp))))
            voice.seek(frame if total is None else min(frame, total))
        except LofiError as error:
            self._fail(voice, error)
            return
        if not self.held and not voice.waiting:
            voice.fade(self._ramp, rising=True)

    def render(self, frames: int) -> Samples:
        """The next samples of the output, [frames, 2], within [-1, 1]."""
        out = np.zeros((frames, 2), np.float32)
        heard = self._ending.heard(frames)
        self._mix(out[:heard])
        self._ending.apply(out[:heard])
        sounds = self.current or self.playlist or self._outgoing
        if self._ending.is_over or (self._ending.goes_on and not sounds):
            self._stop(0)
        self.frame += frames
        return self._limiter.process(out)

    def can_render(self, frames: int) -> int:
        """How many of the next frames need not wait for a file that grows. What a fade takes is kept back."""
        voice = self.current
        if voice is None or voice.waiting or voice.track.total_frames is not None:
            return frames
        try:
            ready = voice.track.ready(frames + self._ramp)
        except LofiError:
            return frames  # told when it is rendered
        return frames if voice.track.complete else min(max(ready - self._ramp, 0), frames)

    def begin_anew(self) -> None:
        """What was rendered and not heard is dropped: what comes does not follow it."""
        self._limiter = Limiter(self.rate)

    def prefetch(self) -> bool:
        """Decode a block of what will be needed, the next track's too. False when there is nothing to do."""
        voice = self.current
        if voice is None:
            return False
        self._join_next(voice, 0)
        try:
            if voice.track.prefetch():
                return True
        except LofiError:
            return False  # told when its turn has come
        remaining = voice.remaining
        overlap = most_overlap(voice, self._crossfade, self.rate)
        if remaining is None or remaining > overlap + PREPARE_SEC * self.rate:
            return False
        return self.playlist.prefetch()

    def close(self) -> None:
        """Let go of all files."""
        self._outgoing.close()
        if self.current is not None:
            self.current.track.close()
        self.playlist.clear()

    @property
    def _crossfade(self) -> int:
        return round(self.crossfade_sec * self.rate)

    def _stop(self, frames: int) -> None:
        self._let_go("stopped", frames)
        self._outgoing.hasten(frames)
        self.playlist.clear()
        self.held = False
        self._ending.stopped(frames)

    def _mix(self, out: Samples) -> None:
        """Add everything that sounds to `out`, [N, 2]."""
        at = 0
        while at < len(out):
            voice = self.current or self._advance()
            if voice is None:
                self._outgoing.mix(out[at:])
                return
            until = self._until_crossfade(voice)
            if until == 0:
                self._cross(voice)
                continue
            frames = min(len(out) - at, len(out) if until is None else until)
            mixed = self._mix_current(voice, out[at : at + frames])
            self._outgoing.mix(out[at : at + mixed])
            at += mixed

    def _mix_current(self, voice: Voice, out: Samples) -> int:
        """Add the track that plays. How many frames are done: fewer at its end."""
        try:
            if voice.waiting and not self._is_back(voice):
                return len(out)
            self._join_next(voice, len(out))
            ready = voice.track.ready(len(out))
            block = voice.read(ready)
        except LofiError as error:
            self._fail(voice, error)
            return 0
        if ready < len(out) and not voice.track.complete:
            voice.waiting = True
            fade_last(block, self._ramp)
            self._tell(Buffering(**voice.place(self.rate), waiting=True))
            out[:ready] += block
            return len(out)
        out[:ready] += block
        if ready < len(out):
            self._end(voice, "finished")
        return ready

    def _is_back(self, voice: Voice) -> bool:
        """Has the growing file enough again?"""
        enough = round(REBUFFER_SEC * self.rate)
        if voice.track.ready(enough) < enough and not voice.track.complete:
            return False
        voice.waiting = False
        voice.fade(self._ramp, rising=True)
        self._tell(Buffering(**voice.place(self.rate), waiting=False))
        return True

    def _until_crossfade(self, voice: Voice) -> int | None:
        """How many frames until the next track comes in. None: not before this one has ended."""
        remaining = voice.remaining
        if not self._crossfade or not remaining or not self.playlist:
            return None
        overlap = most_overlap(voice, self._crossfade, self.rate)
        if remaining > overlap:
            return remaining - overlap  # or later, as the next one has it: soon enough to look
        coming = self.playlist.prepare()
        if coming is None:
            return None
        overlap = overlap_of(voice, coming, self._crossfade, self.rate)
        return max(remaining - overlap, 0) if overlap else None

    def _join_next(self, voice: Voice, frames: int) -> None:
        """Without a crossfade: let the next track know the end of this one, when that is near."""
        remaining = voice.remaining
        if self.crossfade_sec or remaining is None or remaining - frames > PREPARE_SEC * self.rate:
            return
        if coming := self.playlist.prepare():
            voice.track.join(coming.track)

    def _cross(self, voice: Voice) -> None:
        """The next track comes in over the end of this one."""
        overlap = voice.remaining or 1
        voice.fade(overlap, rising=False)
        self._outgoing.add(voice)
        self._tell(Ended(**voice.place(self.rate), reason="finished"))
        self.current = None
        if coming := self._advance():
            coming.fade(overlap, rising=True)

    def _advance(self, first: Item | None = None, frame: int = 0) -> Voice | None:
        """Make the next track that can be opened the one that plays; `first` begins at a frame."""
        voice = self.playlist.take()
        if voice is None:
            return None
        self.current = voice
        total = voice.track.total_frames
        duration_sec = None if total is None else total / self.rate
        if frame and voice.item is first:
            try:
                voice.seek(frame if total is None else min(frame, total))
            except LofiError as error:
                self._fail(voice, error)
                return self._advance()
            voice.fade(self._ramp, rising=True)
        self._tell(Started(**voice.place(self.rate), duration_sec=duration_sec))
        return voice

    def _let_go(self, reason: Reason, frames: int) -> None:
        """End what plays, over so many frames; without a sound while paused, or with none."""
        voice, self.current = self.current, None
        if self.held:
            self._outgoing.close()
        if voice is None:
            return
        if self.held or voice.waiting or not frames:
            voice.track.close()
        else:
            remaining = voice.remaining
            voice.fade(frames if remaining is None else min(frames, remaining), rising=False)
            self._outgoing.add(voice)
        self._tell(Ended(**voice.place(self.rate), reason=reason))

    def _end(self, voice: Voice, reason: Reason) -> None:
        self.current = None
        voice.track.close()
        self._tell(Ended(**voice.place(self.rate), reason=reason))

    def _fail(self, voice: Voice, error: LofiError) -> None:
        self._tell(Failed(error=error.text(), item_id=voice.item.id))
        self._end(voice, "error")

    def _report(self, item: Item, error: LofiError) -> None:
        """An item of the queue could not be opened."""
        self._tell(Failed(error=error.text(), item_id=item.id))
        self._tell(Ended(item_id=item.id, position_sec=0.0, reason="error"))
