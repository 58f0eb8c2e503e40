"""A player process that is none: the real mixer and the real commands, in virtual time, heard by an `Ear`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from lofi_core.player.engine import BLOCK_SEC, Engine
from lofi_core.player.link import Link, PlayerGone
from lofi_core.player.mixer import PREPARE_SEC
from lofi_core.player.protocol import MAX_CROSSFADE_SEC, Device, ListDevices, Reply, Setup, UseDevice
from lofi_core.player.wire import Frames, decode_command, encode, raw

if TYPE_CHECKING:
    from collections.abc import Callable

    from lofi_core.player.protocol import AnyAnswer, AnyCommand, AnyEvent
    from tests.radio.clock import VirtualClock
    from tests.radio.ear import Ear

START_SEC = 0.4  # until a process takes its first command
NAME = "simulated"


class Room:
    """Where the sound goes. It outlives the processes that play into it.

    Args:
        clock: says how much has been played.
        ear: hears it.

    Attributes:
        processes: how many were started.
        spawns: False, and no process can be started.
    """

    def __init__(self, clock: VirtualClock, ear: Ear) -> None:
        self.clock = clock
        self.ear = ear
        self.processes = 0
        self.spawns = True
        self.playing: Process | None = None

    def link(self, take: Callable[[AnyEvent], None], carried_out: Callable[[AnyCommand], None]) -> Link:
        """In the place of `Link`."""
        return SimulatedLink(self, take, carried_out)

    def catch_up(self) -> None:
        """Let everything be heard up to now."""
        if self.playing is not None:
            self.playing.render_until_now()

    def kill(self) -> None:
        """The process dies, with kill -9."""
        if self.playing is not None:
            self.playing.die()


class SimulatedLink(Link):
    """The daemon's side: what it sends and gets is encoded and decoded as ever."""

    def __init__(
        self, room: Room, take: Callable[[AnyEvent], None], carried_out: Callable[[AnyCommand], None]
    ) -> None:
        super().__init__(take, carried_out)
        self._room = room
        self._player: Process | None = None

    @property
    def pid(self) -> int | None:
        return self._room.processes if self._player else None

    async def spawn(self) -> None:
        await asyncio.sleep(START_SEC)
        if not self._room.spawns:
            raise PlayerGone("no process can be started")
        self._room.processes += 1
        self._player = self._room.playing = Process(self._room, self)
        self.connection_made(cast("asyncio.BaseTransport", self._player))

    def kill(self) -> None:
        if self._player:
            self._player.die()

    async def ended(self) -> str:
        return "signal 9"


class Process:
    """The player's side, and the transport to it: the real engine, without its thread and its ring."""

    def __init__(self, room: Room, link: SimulatedLink) -> None:
        self._room, self._link = room, link
        self._loop = asyncio.get_running_loop()
        self._frames = Frames()
        self._rate = room.ear.rate
        self._began_at = room.clock.now
        self._engine = Engine(self._rate, self._send, lambda: NAME)
        self._block = round(BLOCK_SEC * self._rate)
        self._timer: asyncio.TimerHandle | None = None
        self._alive = True

    # -- a transport -----------------------------------------------------------------------------------

    def write(self, content: bytes) -> None:
        self._loop.call_soon(self._receive, content)

    def close(self) -> None:
        self._end(None)

    abort = close

    def die(self) -> None:
        """End without a word."""
        self._end(ConnectionResetError())

    # -- a process -------------------------------------------------------------------------------------

    def render_until_now(self) -> None:
        """Render what the device has taken since the last time, and not a frame ahead of it."""
        mixer, outlet, ear = self._engine.mixer, self._engine.outlet, self._room.ear
        while self._alive and (lacking := self._frame_now() - outlet.frame) > 0:
            frames = min(lacking, self._rate - outlet.frame % self._rate)
            if not mixer.held:
                self._engine.ring.write(mixer.render(frames))
            out, _ready = outlet.pull(frames)
            ear.hear(out, self._began_at + outlet.frame / self._rate, excused=mixer.held)
            self._engine._flush()
            self._engine._tell_position()
            mixer.prefetch()

    def _frame_now(self) -> int:
        return round((self._room.clock.now - self._began_at) * self._rate)

    def _receive(self, content: bytes) -> None:
        if not self._alive:
            return
        self.render_until_now()
        for command in map(decode_command, self._frames.feed(content)):
            match command:
                case Setup(volume=volume, crossfade_sec=crossfade_sec):
                    self._engine.outlet.set_volume(volume)
                    self._engine.mixer.crossfade_sec = crossfade_sec
                    self._answer(command, NAME)
                case UseDevice():
                    self._answer(command, NAME)
                case ListDevices():
                    self._answer(command, [Device(NAME, NAME)])
                case _:
                    self._engine.submit(command)
                    self._engine._take_commands()
        self._plan()

    def _plan(self) -> None:
        """Come again at the next block; at the next second where no block before it can bring any news."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        mixer = self._engine.mixer
        if mixer.state in {"stopped", "paused"} and not mixer.sounds:
            return  # until somebody asks for something
        voice = mixer.current
        remaining = voice.remaining if voice and not voice.waiting else None
        soon = (MAX_CROSSFADE_SEC + PREPARE_SEC + 1) * self._rate
        steady = remaining is not None and remaining > soon and not mixer._ending.goes_on
        step = self._rate if steady else self._block
        frame = (self._engine.outlet.frame // step + 1) * step
        self._timer = self._loop.call_at(self._began_at + frame / self._rate, self._tick)

    def _tick(self) -> None:
        self.render_until_now()
        self._plan()

    def _answer(self, command: AnyCommand, result: Any) -> None:
        self._send(Reply(id=command.id, result=raw(result), at_frame=self._engine.mixer.frame))

    def _send(self, answer: AnyAnswer) -> None:
        self._loop.call_soon(self._arrive, encode(answer))

    def _arrive(self, content: bytes) -> None:
        if self._alive:
            self._link.data_received(content)

    def _end(self, error: Exception | None) -> None:
        if not self._alive:
            return
        self.render_until_now()
        self._alive = False
        if self._timer is not None:
            self._timer.cancel()
        self._engine.mixer.close()
        if self._room.playing is self:
            self._room.playing = None
        self._loop.call_soon(self._link.connection_lost, error)
