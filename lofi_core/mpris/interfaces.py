"""How are the members of MPRIS 2.2 called on the bus, and of what types are they?

https://specifications.freedesktop.org/mpris-spec/latest/ says what each means. dbus-fast reads the
annotations, so they are no strings here.
"""

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Annotated, Any, Concatenate, ParamSpec, TypeVar

from dbus_fast import DBusError, ErrorType, PropertyAccess
from dbus_fast.annotations import (
    DBusBool,
    DBusDict,
    DBusDouble,
    DBusInt64,
    DBusObjectPath,
    DBusSignature,
    DBusStr,
)
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property, dbus_signal

from lofi_core.errors import REQUEST_FAULT, LofiError, wire_type
from lofi_core.mpris.keys import Keys
from lofi_core.mpris.metadata import microseconds
from lofi_core.mpris.shown import View

READ = PropertyAccess.READ
RATE = 1.0
DBusStrings = Annotated[list[str], DBusSignature("as")]

I = TypeVar("I", bound=ServiceInterface)  # noqa: E741 - an interface
P = ParamSpec("P")


def answering(
    command: Callable[Concatenate[I, P], Coroutine[Any, Any, None]],
) -> Callable[Concatenate[I, P], Coroutine[Any, Any, None]]:
    """A command whose errors the caller gets as text, the remedy included."""

    @wraps(command)
    async def answer(self: I, /, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            await command(self, *args, **kwargs)
        except LofiError as error:
            asked_wrong = wire_type(error.code) == REQUEST_FAULT
            raise DBusError(
                ErrorType.INVALID_ARGS if asked_wrong else ErrorType.FAILED, error.text()
            ) from error

    return answer


class Root(ServiceInterface):
    """`org.mpris.MediaPlayer2`: who this is. There is no window, and the desktop may not end the daemon."""

    def __init__(self) -> None:
        super().__init__("org.mpris.MediaPlayer2")

    @dbus_method(name="Raise")
    def bring_up(self) -> None:
        raise DBusError(ErrorType.NOT_SUPPORTED, "lofi-core has no window")

    @dbus_method(name="Quit")
    def quit(self) -> None:
        raise DBusError(ErrorType.NOT_SUPPORTED, "`lofi-core shutdown` ends the daemon")

    @dbus_property(READ, name="CanQuit")
    def can_quit(self) -> DBusBool:
        return False

    @dbus_property(READ, name="CanRaise")
    def can_raise(self) -> DBusBool:
        return False

    @dbus_property(READ, name="HasTrackList")
    def has_track_list(self) -> DBusBool:
        return False

    @dbus_property(READ, name="Identity")
    def identity(self) -> DBusStr:
        return "lofi-core"

    @dbus_property(READ, name="SupportedUriSchemes")
    def supported_uri_schemes(self) -> DBusStrings:
        return []

    @dbus_property(READ, name="SupportedMimeTypes")
    def supported_mime_types(self) -> DBusStrings:
        return []


class PlayerInterface(ServiceInterface):
    """`org.mpris.MediaPlayer2.Player`: what plays, and the keys.

    Args:
        view: asked anew for every property.

    Attributes:
        keys: carries out the commands.
    """

    keys: Keys

    def __init__(self, view: View) -> None:
        super().__init__("org.mpris.MediaPlayer2.Player")
        self._view = view
        # As the specification has it: the one moves all the time, the other never changes.
        for silent in (PlayerInterface.position, PlayerInterface.can_control):
            silent.introspection.annotations["org.freedesktop.DBus.Property.EmitsChangedSignal"] = "false"

    @dbus_method(name="Next")
    @answering
    async def next(self) -> None:
        await self.keys.next()

    @dbus_method(name="Previous")
    @answering
    async def previous(self) -> None:
        await self.keys.previous()

    @dbus_method(name="Pause")
    @answering
    async def pause(self) -> None:
        await self.keys.pause()

    @dbus_method(name="PlayPause")
    @answering
    async def play_pause(self) -> None:
        await self.keys.toggle()

    @dbus_method(name="Stop")
    @answering
    async def stop(self) -> None:
        await self.keys.stop()

    @dbus_method(name="Play")
    @answering
    async def play(self) -> None:
        await self.keys.play()

    @dbus_method(name="Seek")
    @answering
    async def seek(self, offset: DBusInt64) -> None:
        await self.keys.seek(offset)

    @dbus_method(name="SetPosition")
    @answering
    async def set_position(self, track_id: DBusObjectPath, position: DBusInt64) -> None:
        await self.keys.set_position(track_id, position)

    @dbus_method(name="OpenUri")
    def open_uri(self, uri: DBusStr) -> None:
        raise DBusError(
            ErrorType.NOT_SUPPORTED, f"lofi-core plays what it made, not {uri}; `lofi-core generate` makes it"
        )

    @dbus_signal(name="Seeked")
    def seeked(self, position_sec: float) -> DBusInt64:
        return microseconds(position_sec)

    @dbus_property(READ, name="PlaybackStatus")
    def playback_status(self) -> DBusStr:
        return self._view.shown().playback_status

    @dbus_property(name="LoopStatus")
    def loop_status(self) -> DBusStr:
        return self._view.shown().loop_status

    @loop_status.setter
    @answering
    async def set_loop_status(self, loop: DBusStr) -> None:
        await self.keys.set_loop_status(loop)

    @dbus_property(name="Rate")
    def rate(self) -> DBusDouble:
        return RATE

    @rate.setter
    @answering
    async def set_rate(self, rate: DBusDouble) -> None:
        await self.keys.set_rate(rate)

    @dbus_property(name="Shuffle")
    def shuffle(self) -> DBusBool:
        return self._view.shown().shuffle

    @shuffle.setter
    @answering
    async def set_shuffle(self, on: DBusBool) -> None:
        await self.keys.set_shuffle(on)

    @dbus_property(READ, name="Metadata")
    def metadata(self) -> DBusDict:
        return self._view.shown().metadata

    @dbus_property(name="Volume")
    def volume(self) -> DBusDouble:
        return self._view.shown().volume

    @volume.setter
    @answering
    async def set_volume(self, level: DBusDouble) -> None:
        await self.keys.set_volume(level)

    @dbus_property(READ, name="Position")
    def position(self) -> DBusInt64:
        return microseconds(self._view.position_sec)

    @dbus_property(READ, name="MinimumRate")
    def minimum_rate(self) -> DBusDouble:
        return RATE

    @dbus_property(READ, name="MaximumRate")
    def maximum_rate(self) -> DBusDouble:
        return RATE

    @dbus_property(READ, name="CanGoNext")
    def can_go_next(self) -> DBusBool:
        return self._view.shown().can_go_next

    @dbus_property(READ, name="CanGoPrevious")
    def can_go_previous(self) -> DBusBool:
        return self._view.shown().can_go_previous

    @dbus_property(READ, name="CanPlay")
    def can_play(self) -> DBusBool:
        return self._view.shown().can_play

    @dbus_property(READ, name="CanPause")
    def can_pause(self) -> DBusBool:
        return self._view.shown().can_pause

    @dbus_property(READ, name="CanSeek")
    def can_seek(self) -> DBusBool:
        return self._view.shown().can_seek

    @dbus_property(READ, name="CanControl")
    def can_control(self) -> DBusBool:
        return True
