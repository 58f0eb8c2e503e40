"""Who renders, and when? A thread that keeps the ring full; commands take effect between two blocks."""

from __future__ import annotations

import os
import threading
import time
import traceback
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from lofi_core.errors import InvalidParams, LofiError, brief
from lofi_core.memory import resident_bytes
from lofi_core.player import protocol
from lofi_core.player.envelopes import Ramp
from lofi_core.player.growing import Openers
from lofi_core.player.mixer import Mixer
from lofi_core.player.outlet import Outlet
from lofi_core.player.protocol import Position, Reply, Stats, StatsTold, Status
from lofi_core.player.ring import Ring
from lofi_core.player.wire import at_least_zero, playable, raw, within

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from lofi_core.player.protocol import AnyAnswer, AnyCommand, AnyEvent
    from lofi_core.player.tap import Tap

    Samples = NDArray[np.float32]

BLOCK_SEC = 0.1
BLOCKS_AHEAD = (
    3  # what a busy machine may keep the render thread waiting for, and how late a command is heard
)
MOST_BLOCKS_AHEAD = 20  # for a device that asks for much at a time
STATS_SEC = 10.0
LAST_FADE_SEC = 0.2
LAST_BLOCKS = 4  # the fade and as much silence: what a device holds when it is closed is lost
# Nothing happens for so long: look anyway, at a file that grows for instance.
IDLE_SEC = 0.05


class Engine:
    """The mixer, its thread and the ring. `send` gets replies and events, in the render thread.

    Args:
        rate: of the output, Hz.
        send: takes an answer and never blocks.
        device_name: the device in use, for `Status`.
        tap: gets all samples that the device takes.
    """

    def __init__(
        self,
        rate: int,
        send: Callable[[AnyAnswer], None],
        device_name: Callable[[], str | None],
        tap: Tap | None = None,
    ) -> None:
        self._rate = rate
        self._send = send
        self._device_name = device_name
        self._told: list[AnyEvent] = []
        self._openers = Openers(rate)
        self._block = round(BLOCK_SEC * rate)
        self.ring = Ring(self._block * MOST_BLOCKS_AHEAD)
        self.outlet = Outlet(self.ring, rate)
        self.mixer = Mixer(rate, self._openers.open, self._told.append, lambda: self.ring.filled)
        self._inbox: SimpleQueue[AnyCommand | None] = SimpleQueue()
        self._tap = tap
        self._second = 0  # of sound, for `Position`
        self._stats_at, self._stats_underruns = time.monotonic(), 0
        self._thread = threading.Thread(target=self._run, name="render", daemon=True)

    def start(self) -> None:
        """Begin to render."""
        self._thread.start()

    def submit(self, command: AnyCommand) -> None:
        """Let a command take effect at the next block. From any thread."""
        self._inbox.put(command)
        self.ring.room.set()

    def finish(self, timeout_sec: float) -> None:
        """Fade out, and return when that has been heard."""
        self._inbox.put(None)
        self.ring.room.set()
        self._thread.join(timeout_sec)
        if self._tap:
            self._tap.close()

    def pull(self, frames: int) -> Samples:
        """What the device plays next. In its thread."""
        block, ready = self.outlet.pull(frames)
        if self._tap:
            self._tap.took(block, ready)
        return block

    def stats(self) -> Stats:
        """How the stream went so far."""
        ring = self.ring
        return Stats(ring.underruns, ring.callbacks, ring.gaps_ms, resident_bytes())

    @property
    def _has_room(self) -> bool:
        """Is less ready than it should be: three blocks, or twice what the device takes at a time?"""
        ahead = max(self._block * BLOCKS_AHEAD, 2 * self.ring.largest)
        return self.ring.filled + self._block <= ahead and self.ring.free >= self._block

    @property
    def _renderable(self) -> int:
        """A block, usually; 0 is to wait. Of a file that grows what there is, once little is ready."""
        if self.mixer.silent or (self.mixer.held and self.ring.filled >= self._block):
            return 0
        there = self.mixer.can_render(self._block)
        if there < self._block < self.ring.filled:
            return 0
        return there or self._block

    def _run(self) -> None:
        try:
            self._render_until_the_end()
        except BaseException:  # noqa: BLE001 - a bug: better another process than one that is silent for ever
            traceback.print_exc()
            os._exit(1)

    def _render_until_the_end(self) -> None:
        while self._take_commands():
            if self.mixer.silent:
                self.ring.flows = False  # what is ready is heard to its end, and silence needs no room
            if self._has_room and (frames := self._renderable):
                self.ring.write(self.mixer.render(frames))
                self._flush()
                self._tell_position()
                self._tell_stats()
            elif not self.mixer.prefetch():
                self.ring.room.wait(IDLE_SEC)
                self.ring.room.clear()
            self._flush()
        self._fade_away()

    def _take_commands(self) -> bool:
        """Let all waiting commands take effect. False when it is time to end."""
        while True:
            try:
                command = self._inbox.get_nowait()
            except Empty:
                return True
            if command is None:
                return False
            self._send(self._answer(command))
            self._flush()

    def _answer(self, command: AnyCommand) -> Reply:
        at_frame = self.mixer.frame
        try:
            if isinstance(command, protocol.Play | protocol.Pause | protocol.Volume):
                return Reply(id=command.id, at_frame=self._apply_now(command))
            held = self.mixer.held
            result = raw(self._apply(command))
            if isinstance(command, protocol.Load | protocol.Stop | protocol.Skip | protocol.Seek):
                self._hold_or_go_on(was_held=held)
            return Reply(id=command.id, result=result, at_frame=at_frame)
        except LofiError as error:
            return Reply(id=command.id, error=error.text(), at_frame=at_frame)
        except Exception as error:  # noqa: BLE001 - one bad command must not end the sound
            return Reply(id=command.id, error=f"INTERNAL_ERROR: {brief(error)}", at_frame=at_frame)

    def _apply(self, command: AnyCommand) -> Any:  # noqa: PLR0911 - one line for each command
        mixer, rate = self.mixer, self._rate
        match command:
            case protocol.Load(items=items, position_sec=position_sec, paused=paused):
                frame = round(at_least_zero("position_sec", position_sec) * rate)
                self._check(items, [])
                return mixer.load(items, frame, paused=paused)
            case protocol.Queue(items=items, before=before):
                self._check(items, self._ids())
                return mixer.playlist.add(items, before)
            case protocol.Remove(item_id=item_id):
                return mixer.playlist.remove(item_id)
            case protocol.Grow():
                return self._openers.grow(mixer, command)
            case protocol.Stop(fade_sec=fade_sec):
                return mixer.stop(at_least_zero("fade_sec", fade_sec or 0.0))
            case protocol.Skip():
                item = mixer.skip()
                return item.id if item else None
            case protocol.Seek(position_sec=position_sec):
                return mixer.seek(round(at_least_zero("position_sec", position_sec) * rate))
            case protocol.Crossfade(crossfade_sec=seconds):
                mixer.crossfade_sec = within("crossfade_sec", seconds, protocol.MAX_CROSSFADE_SEC)
                return None
            case protocol.GetStatus():
                return self._status()
            case _:
                raise InvalidParams(f"{type(command).__name__} is no command of the mixer")

    def _apply_now(self, command: protocol.Play | protocol.Pause | protocol.Volume) -> int:
        """What does not wait behind the frames that are ready; the device's frame that it begins with."""
        match command:
            case protocol.Volume(volume=volume):
                return self.outlet.set_volume(within("volume", volume, 1.0))
            case protocol.Play():
                self.mixer.play()
            case protocol.Pause():
                self.mixer.pause()
        return self.outlet.hold(held=self.mixer.held)

    def _hold_or_go_on(self, *, was_held: bool) -> None:
        """Something else plays: what is ready of the one before was not heard, and never will be."""
        held = self.mixer.held
        if was_held or held:
            self.outlet.hold(held=True)
            self.outlet.drop()
            self.mixer.begin_anew()
        self.outlet.hold(held=held, at_once=was_held or held)

    def _ids(self) -> list[str]:
        current = self.mixer.current
        return [*self.mixer.playlist.ids, *([current.item.id] if current else [])]

    def _check(self, items: list[protocol.Item], there: list[str]) -> None:
        seen = set(there)
        for item in playable(items):
            if item.id in seen:
                raise InvalidParams(
                    f"the item {item.id!r} is in the queue already", "give each entry its own id"
                )
            seen.add(item.id)

    def _duration_sec(self) -> float | None:
        total = self.mixer.current.track.total_frames if self.mixer.current else None
        return None if total is None else total / self._rate

    def _status(self) -> Status:
        mixer = self.mixer
        return Status(
            state=mixer.state,
            item_id=mixer.current.item.id if mixer.current else None,
            position_sec=self.mixer.heard_sec,
            duration_sec=self._duration_sec(),
            queue=mixer.playlist.ids,
            volume=self.outlet.volume,
            crossfade_sec=mixer.crossfade_sec,
            device=self._device_name(),
            sample_rate=self._rate,
            at_frame=mixer.frame,
            stats=self.stats(),
        )

    def _flush(self) -> None:
        """Send what the mixer has told."""
        for event in self._told:
            self._send(event)
        self._told.clear()

    def _tell_position(self) -> None:
        current, second = self.mixer.current, self.mixer.frame // self._rate
        if second == self._second:
            return
        self._second = second
        if current is not None and self.mixer.state == "playing":
            self._send(
                Position(
                    item_id=current.item.id,
                    position_sec=self.mixer.heard_sec,
                    duration_sec=self._duration_sec(),
                )
            )

    def _tell_stats(self) -> None:
        now, underruns = time.monotonic(), self.ring.underruns
        due = now - self._stats_at
        if due >= STATS_SEC or (underruns > self._stats_underruns and due >= 1):
            self._stats_at, self._stats_underruns = now, underruns
            self._send(StatsTold(stats=self.stats()))

    def _fade_away(self) -> None:
        """Let what is ready be heard, then a fade and some silence. Not for ever: the device may be gone."""
        blocks, fade = 1, Ramp(1.0)  # one brings what the limiter still has
        if self.mixer.sounds:
            blocks = LAST_BLOCKS
            fade.go(0.0, round(LAST_FADE_SEC * self._rate))
        until = time.monotonic() + 2 * (LAST_FADE_SEC + BLOCK_SEC * BLOCKS_AHEAD) + 0.5
        while not self.mixer.held and time.monotonic() < until:
            if blocks and self._has_room:
                self.ring.write(self.mixer.render(self._block) * fade.gains(self._block))
                blocks -= 1
            elif blocks or self.ring.filled > self._block // 2:
                self.ring.room.wait(IDLE_SEC)
                self.ring.room.clear()
            else:
                break
        self.mixer.close()
