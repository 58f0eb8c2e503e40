"""A desktop: a session bus of its own, and a widget with media keys, made with another library than ours."""

from __future__ import annotations

import shutil
import subprocess
from collections import deque
from typing import TYPE_CHECKING, Any

import pytest
from jeepney import (
    DBusAddress,
    HeaderFields,
    MatchRule,
    MessageType,
    Properties,
    message_bus,
    new_method_call,
)
from jeepney.io.blocking import open_dbus_connection
from jeepney.wrappers import DBusErrorResponse, unwrap_msg

if TYPE_CHECKING:
    from pathlib import Path

    from jeepney import Message

WAIT_SEC = 20.0
NAME = "org.mpris.MediaPlayer2.lofi"
PATH = "/org/mpris/MediaPlayer2"
ROOT = "org.mpris.MediaPlayer2"
PLAYER = "org.mpris.MediaPlayer2.Player"


class SessionBus:
    """A real `dbus-daemon`, for one test."""

    def __init__(self, path: Path) -> None:
        program = shutil.which("dbus-daemon")
        if program is None:
            pytest.skip("needs dbus-daemon (Debian and Ubuntu: apt install dbus)")
        command = [program, "--session", "--nofork", "--print-address", f"--address=unix:path={path}"]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self._process.stdout is not None
        self.address = self._process.stdout.readline().strip()
        assert self.address, "dbus-daemon did not start"

    def kill(self) -> None:
        """As when a session ends badly."""
        self._process.kill()
        self._process.wait(WAIT_SEC)
        assert self._process.stdout is not None
        self._process.stdout.close()


class Widget:
    """What shows the player named, and has its keys. Waits for it to appear."""

    def __init__(self, address: str, name: str = NAME) -> None:
        self._connection = open_dbus_connection(bus=address)
        self.name = name
        self._signals: deque[Message] = deque()
        come = MatchRule(type="signal", interface=message_bus.interface, member="NameOwnerChanged")
        come.add_arg_condition(0, name)
        self._subscribe(come)
        with self._connection.filter(come) as appeared:
            if not self._ask(message_bus.NameHasOwner(name))[0]:
                self._connection.recv_until_filtered(appeared, timeout=WAIT_SEC)
        self.owner = self._ask(message_bus.GetNameOwner(name))[0]
        rule = MatchRule(type="signal", sender=self.owner, path=PATH)
        self._subscribe(rule)
        self._filter = self._connection.filter(rule, queue=self._signals)
        self._filter.__enter__()
        self._properties = Properties(DBusAddress(PATH, self.owner, PLAYER))

    def close(self) -> None:
        self._connection.close()

    def names(self) -> list[str]:
        """Every MPRIS player on the bus."""
        return [name for name in self._ask(message_bus.ListNames())[0] if name.startswith(ROOT)]

    def press(self, key: str, signature: str | None = None, *args: Any, interface: str = PLAYER) -> None:
        """Call a method. Raises DBusErrorResponse."""
        self._ask(new_method_call(DBusAddress(PATH, self.owner, interface), key, signature, args))

    def press_only(self, key: str) -> None:
        """Call a method and do not wait for the answer."""
        self._connection.send(new_method_call(DBusAddress(PATH, self.owner, PLAYER), key))

    def refusal(
        self, key: str, signature: str | None = None, *args: Any, interface: str = PLAYER
    ) -> tuple[str, str]:
        """The error that a method ends in: its name on the bus, and its text."""
        with pytest.raises(DBusErrorResponse) as refused:
            self.press(key, signature, *args, interface=interface)
        return refused.value.name, refused.value.data[0]

    def get(self, name: str) -> Any:
        return self._ask(self._properties.get(name))[0][1]

    def get_all(self, interface: str = PLAYER) -> dict[str, Any]:
        values = self._ask(Properties(DBusAddress(PATH, self.owner, interface)).get_all())[0]
        return {name: value for name, (_signature, value) in values.items()}

    def set(self, name: str, signature: str, value: Any) -> None:
        self._ask(self._properties.set(name, signature, value))

    def introspect(self) -> str:
        address = DBusAddress(PATH, self.owner, "org.freedesktop.DBus.Introspectable")
        return str(self._ask(new_method_call(address, "Introspect"))[0])

    def signal(self, member: str) -> tuple[Any, ...]:
        """The next signal of that name; others are dropped."""
        while True:
            message = self._connection.recv_until_filtered(self._signals, timeout=WAIT_SEC)
            if message.header.fields[HeaderFields.member] == member:
                return tuple(message.body)

    def changes(self) -> dict[str, Any]:
        """What the next `PropertiesChanged` of the player says."""
        interface, changed, invalidated = self.signal("PropertiesChanged")
        assert (interface, invalidated) == (PLAYER, [])
        return {name: value for name, (_signature, value) in changed.items()}

    def until(self, name: str, value: object) -> dict[str, Any]:
        """All changes up to the one that a property has this value now, the later over the earlier."""
        seen: dict[str, Any] = {}
        while name not in seen or seen[name] != value:
            seen |= self.changes()
        return seen

    def _subscribe(self, rule: MatchRule) -> None:
        self._ask(message_bus.AddMatch(rule))

    def _ask(self, message: Message) -> tuple[Any, ...]:
        reply = self._connection.send_and_get_reply(message, timeout=WAIT_SEC)
        assert reply.header.message_type in {MessageType.method_return, MessageType.error}
        return tuple(unwrap_msg(reply))
