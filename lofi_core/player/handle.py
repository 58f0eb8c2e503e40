"""How does the daemon play? A `Player`, whose process comes on first use, and again when it dies."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self

import msgspec

from lofi_core.errors import AudioDeviceError, from_text
from lofi_core.player import protocol
from lofi_core.player.link import Link, PlayerGone
from lofi_core.player.protocol import MAX_CROSSFADE_SEC, Device, DeviceChanged, Ended, Failed, Item, Status
from lofi_core.player.remembered import Deaths, Remembered
from lofi_core.player.wire import at_least_zero, playable, within

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lofi_core.player.protocol import AnyCommand, AnyEvent

START_SEC = 20.0  # to the reply to `Setup`, on a machine with its hands full
COMMAND_SEC = 10.0
MOST_STARTS = 6  # in a row; then what should play ends as `error`


class Player:
    """The daemon's side of the player process. All methods run on the event loop; two at once are fine.

    Commands raise `AudioDeviceError` when the player cannot be started or does not answer, `InvalidParams`
    for values that are none. A command under way when the process dies is given to the next one.

    Args:
        tell: gets every event, on the loop; `Failed` too when the process had to be started again.
        device: `default`, `null`, or a device's name or id.
        volume: 0 to 1.
        crossfade_sec: 0 to 12.
        idle_sec: after so long with nothing to play, or on hold, the process ends until the next command.
        tap: a file for all samples that the device takes, for tests.
    """

    def __init__(
        self,
        tell: Callable[[AnyEvent], None],
        *,
        device: str = "default",
        volume: float = 1.0,
        crossfade_sec: float = 0.0,
        idle_sec: float = 60.0,
        tap: str | None = None,
    ) -> None:
        within("volume", volume, 1.0)
        within("crossfade_sec", crossfade_sec, MAX_CROSSFADE_SEC)
        self._tell = tell
        self._idle_sec = idle_sec
        setup = protocol.Setup(device=device, volume=volume, crossfade_sec=crossfade_sec, tap=tap)
        self._remembered = Remembered(setup)
        self._link: Link | None = None
        self._starting = asyncio.Lock()
        self._watches: set[asyncio.Task[None]] = set()  # of the process, and of one that has just died
        self._deaths = Deaths()
        self._no_device: str | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._ending: asyncio.Task[None] | None = None
        self._closed = False
        self._asking = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        return self._link.pid if self._link else None

    @property
    def position_sec(self) -> float:
        """Where what plays is now, as far as the daemon can know without asking."""
        return self._remembered.position_sec

    @property
    def crossfade_sec(self) -> float:
        """How long tracks overlap."""
        return self._remembered.setup.crossfade_sec

    @property
    def fades_out(self) -> bool:
        """It stops at the end of a fade that goes on."""
        return self._remembered.ending

    @property
    def underruns(self) -> int:
        """How often a device got silence because nothing was rendered, as far as the processes have told."""
        return self._remembered.underruns

    async def start(self) -> None:
        """Have a process ready before there is anything to play."""
        await self._do(protocol.GetStatus())

    async def load(self, items: Sequence[Item], *, position_sec: float = 0.0, paused: bool = False) -> None:
        """Play these, and forget what was there. What played ends as `stopped`."""
        at_least_zero("position_sec", position_sec)
        await self._sound(protocol.Load(items=playable(items), position_sec=position_sec, paused=paused))

    async def queue(self, items: Sequence[Item], *, before: str | None = None) -> None:
        """Play these after what waits, or before the waiting item of that id; at once when nothing plays."""
        await self._sound(protocol.Queue(items=playable(items), before=before))

    async def remove(self, item_id: str) -> bool:
        """Take a waiting item out. False when none of that id waits."""
        return bool(await self._do(protocol.Remove(item_id=item_id)))

    async def grow(
        self, item_id: str, available_sec: float, *, final: bool = False, cross_at_sec: float | None = None
    ) -> bool:
        """So much of a growing item's file can be read; `final`: that is all. False when it does not grow."""
        at_least_zero("available_sec", available_sec)
        at_least_zero("cross_at_sec", cross_at_sec or 0.0)
        if self._link is None and not self._remembered.items:
            return False  # news of a track that nobody plays must not start a process
        news = protocol.Grow(
            item_id=item_id, available_sec=available_sec, final=final, cross_at_sec=cross_at_sec
        )
        return bool(await self._do(news))

    async def finished(self, item_id: str, available_sec: float, track: Item) -> bool:
        """A growing file is whole, and `track` is what stays of it. False when it does not grow.

        What plays reads on in the file that it has open; a later process opens the track.
        """
        grew = await self.grow(item_id, available_sec, final=True, cross_at_sec=track.cross_at_sec)
        self._remembered.replaced(item_id, track)
        return grew

    async def play(self) -> None:
        """Go on after a pause, where it was."""
        if self._remembered.items:
            await self._sound(protocol.Play())

    resume = play

    async def pause(self) -> None:
        """Hold the sound where it is."""
        if self._link is not None:
            await self._do(protocol.Pause())

    async def stop(self, fade_sec: float | None = None) -> None:
        """Go silent and forget the queue; with `fade_sec`, at the end of a fade, which `Ended` tells.

        `play`, `skip` and `load` end the fade, and what plays stays.
        """
        at_least_zero("fade_sec", fade_sec or 0.0)
        if self._link is not None or self._remembered.items:
            await self._do(protocol.Stop(fade_sec=fade_sec))

    async def skip(self) -> str | None:
        """Go to the next item; its id, or None when there is none."""
        if not self._remembered.items:
            return None
        result = await self._do(protocol.Skip())
        return None if result is None else str(result)

    async def seek(self, position_sec: float) -> None:
        """Go to a place in what plays. Past its end it ends; in a growing file it waits there."""
        at_least_zero("position_sec", position_sec)
        if self._remembered.items:
            await self._do(protocol.Seek(position_sec=position_sec))

    async def set_volume(self, volume: float) -> None:
        """0 to 1, on a perceptual scale."""
        await self._set(protocol.Volume(volume=within("volume", volume, 1.0)))

    async def set_crossfade(self, crossfade_sec: float) -> None:
        """How long tracks overlap, 0 to 12 seconds."""
        seconds = within("crossfade_sec", crossfade_sec, MAX_CROSSFADE_SEC)
        await self._set(protocol.Crossfade(crossfade_sec=seconds))

    async def use_device(self, device: str) -> str:
        """Play on another device, by name or id; the name of the one in use."""
        name = str(await self._do(protocol.UseDevice(device=device)))
        self._no_device = None
        return name

    async def devices(self) -> list[Device]:
        """What there is to play on."""
        return msgspec.convert(await self._do(protocol.ListDevices()), list[Device])

    async def status(self) -> Status | None:
        """What it does; None without a process."""
        if self._link is None:
            return None
        return msgspec.convert(await self._do(protocol.GetStatus()), Status)

    async def close(self) -> None:
        """Fade out and end the process."""
        self._closed = True
        for watch in self._watches:
            watch.cancel()  # it may hold the lock, over a start that nobody needs
        await self._end()

    async def _set(self, command: AnyCommand) -> None:
        """Something that the next process is told anyway."""
        if self._link is None:
            self._remembered.carried_out(command)
        else:
            await self._do(command)

    async def _sound(self, command: AnyCommand) -> None:
        """A command that makes sense only with a device."""
        await self._started()
        if self._no_device:
            raise from_text(self._no_device)
        await self._do(command)

    async def _do(self, command: AnyCommand) -> Any:
        """Carry out a command, by the next process if this one dies over it."""
        self._asking += 1
        try:
            for _ in range(2):
                link = await self._started()
                try:
                    reply = await link.ask(command, COMMAND_SEC)
                except PlayerGone:
                    continue
                except TimeoutError:
                    raise AudioDeviceError(f"the player did not answer within {COMMAND_SEC:g} s") from None
                if reply.error:
                    raise from_text(reply.error)
                return msgspec.msgpack.decode(reply.result)
            raise AudioDeviceError("the player ended twice before it answered")
        finally:
            self._asking -= 1
            self._see_whether_idle()

    async def _started(self) -> Link:
        """The process, started if there is none."""
        if self._link is not None and not self._link.gone.is_set():
            return self._link
        async with self._starting:
            if self._closed:
                raise AudioDeviceError("the player has been closed")
            if self._link is None or self._link.gone.is_set():
                self._link = await self._start()
            return self._link

    async def _start(self) -> Link:
        """A process that has its device, and plays on where the last one was."""
        remembered = self._remembered
        link = Link(self._take, remembered.carried_out)
        try:
            await link.spawn()
            reply = await link.ask(remembered.setup, START_SEC)
            self._no_device = reply.error
            self._forget_what_faded()
            if remembered.items:
                again = protocol.Load(
                    items=remembered.items, position_sec=remembered.position_sec, paused=remembered.paused
                )
                await link.ask(again, COMMAND_SEC)
        except (PlayerGone, TimeoutError, OSError) as error:
            await link.close()
            raise AudioDeviceError(f"the player did not start: {error}") from error
        except BaseException:
            link.kill()
            await link.close()
            raise
        watch = asyncio.create_task(self._watch_over(link), name="player")
        self._watches.add(watch)
        watch.add_done_callback(self._watches.discard)
        return link

    async def _watch_over(self, link: Link) -> None:
        """When the process dies while something plays, start another, which goes on there."""
        await link.gone.wait()
        self._remembered.stand_still()
        self._tell(Failed(error=f"AUDIO_DEVICE_ERROR: the player ended ({await link.ended()})"))
        self._forget_what_faded()
        for _ in range(MOST_STARTS):
            self._count_death()
            if self._remembered.silent:
                return
            try:
                await self._started()
            except AudioDeviceError as error:
                failure = error
            else:
                return
        self._tell(Failed(error=failure.text()))
        while self._remembered.items:
            self._give_up_first()

    def _count_death(self) -> None:
        if self._deaths.again() and self._remembered.items:
            self._give_up_first()

    def _give_up_first(self) -> None:
        position_sec = self._remembered.position_sec
        item = self._remembered.drop_first()
        text = f"AUDIO_DEVICE_ERROR: {item.path} is left out: the player did not survive it"
        self._tell(Failed(error=text, item_id=item.id))
        self._tell(Ended(item_id=item.id, position_sec=position_sec, reason="error"))

    def _forget_what_faded(self) -> None:
        """A process that died during the fade at the end is the end of it: its successor must not be loud."""
        if self._remembered.ending:
            position_sec, item = self._remembered.position_sec, self._remembered.items[0]
            self._remembered.carried_out(protocol.Stop())
            self._tell(Ended(item_id=item.id, position_sec=position_sec, reason="stopped"))

    async def _end(self, *, if_idle: bool = False) -> None:
        async with self._starting:
            if if_idle and (self._asking or not self._remembered.silent):
                return
            link, self._link = self._link, None
            self._remembered.stand_still()
            if self._idle:
                self._idle.cancel()
            for watch in self._watches:
                watch.cancel()
            if link:
                await link.close()

    def _see_whether_idle(self) -> None:
        """Set or stop the clock at whose end the process goes."""
        if self._idle:
            self._idle.cancel()
            self._idle = None
        if self._link is not None and self._remembered.silent and not self._asking:
            self._idle = asyncio.get_running_loop().call_later(self._idle_sec, self._go_idle)

    def _go_idle(self) -> None:
        self._ending = asyncio.create_task(self._end(if_idle=True), name="player ends")

    def _take(self, event: AnyEvent) -> None:
        self._remembered.happened(event)
        if isinstance(event, DeviceChanged):
            self._no_device = None if event.device else f"AUDIO_DEVICE_ERROR: {event.message}"
        self._tell(event)
        if isinstance(event, Ended | protocol.Paused):
            self._see_whether_idle()
