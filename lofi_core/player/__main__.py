"""What the player process does: commands in, sound and events out, until the daemon is gone.

`python -m lofi_core.player FD`, where FD is one end of a socket pair. The first command is a `Setup`.
Nothing is ever written to standard output.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import socket
import sys
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING

import msgspec

from lofi_core.errors import LofiError
from lofi_core.player.device import Miniaudio, Output
from lofi_core.player.engine import Engine
from lofi_core.player.protocol import (
    MAX_CROSSFADE_SEC,
    AnyAnswer,
    AnyCommand,
    Failed,
    ListDevices,
    Position,
    Reply,
    Setup,
    StatsTold,
    UseDevice,
)
from lofi_core.player.tap import tap_of
from lofi_core.player.wire import Frames, decode_command, encode, raw, within

if TYPE_CHECKING:
    from collections.abc import Iterator

RECEIVE_BYTES = 65_536
FINISH_SEC = 3.0
# More unsent answers than this, and the daemon has stopped reading: news that will be old is left out.
MOST_UNSENT = 1_000
# The device's thread gets the interpreter after this long, not after 5 ms.
SWITCH_SEC = 0.001


class Outbox:
    """Sends answers from a thread of its own, so that a daemon that does not read cannot stop the sound."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._unsent: SimpleQueue[AnyAnswer] = SimpleQueue()
        threading.Thread(target=self._run, name="outbox", daemon=True).start()

    def send(self, answer: AnyAnswer) -> None:
        """Take an answer. From any thread; never blocks."""
        if isinstance(answer, Position | StatsTold) and self._unsent.qsize() > MOST_UNSENT:
            return
        self._unsent.put(answer)

    def _run(self) -> None:
        try:
            while True:
                self._connection.sendall(encode(self._unsent.get()))
        except OSError:
            return  # the daemon is gone; whoever receives notices


def commands(connection: socket.socket, outbox: Outbox) -> Iterator[AnyCommand]:
    """What the daemon asks for, until it is gone."""
    frames = Frames()
    while True:
        try:
            received = connection.recv(RECEIVE_BYTES)
            contents = frames.feed(received)
        except (OSError, ValueError):
            return  # gone, or no daemon of ours
        if not received:
            return
        for content in contents:
            try:
                yield decode_command(content)
            except msgspec.DecodeError as error:
                outbox.send(Failed(error=f"INTERNAL_ERROR: the player got what it does not know: {error}"))


def main(descriptor: int) -> None:
    """Play until the other end of the socket is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the daemon's terminal; the daemon decides
    sys.setswitchinterval(SWITCH_SEC)
    quieten()
    connection = socket.socket(fileno=descriptor)
    outbox = Outbox(connection)
    asked = commands(connection, outbox)
    setup = next(asked, None)
    if not isinstance(setup, Setup):
        return
    system = Miniaudio()
    rate = system.native_rate()
    engine = Engine(rate, outbox.send, lambda: output.name, tap_of(setup.tap))
    output = Output(system, engine.pull, rate, outbox.send, lambda: engine.ring.last_read)
    outbox.send(set_up(setup, engine, output))
    engine.start()
    threading.Thread(target=output.watch, name="device", daemon=True).start()
    for command in asked:
        if isinstance(command, UseDevice | ListDevices):
            outbox.send(answer_for_device(command, output, system))
        else:
            engine.submit(command)
    engine.finish(FINISH_SEC)
    output.close()


def quieten() -> None:
    """What C libraries print goes nowhere: ALSA fills pages where no card is. Our tracebacks are kept."""
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    faulthandler.enable(sys.stderr)


def set_up(setup: Setup, engine: Engine, output: Output) -> Reply:
    """Open the device. One that is not there now may be later: the default stands in."""
    try:
        engine.outlet.set_volume(within("volume", setup.volume, 1.0))
        engine.mixer.crossfade_sec = within("crossfade_sec", setup.crossfade_sec, MAX_CROSSFADE_SEC)
        output.begin(setup.device)
    except LofiError as error:
        return Reply(id=setup.id, error=error.text())
    return Reply(id=setup.id, result=raw(output.name))


def answer_for_device(command: UseDevice | ListDevices, output: Output, system: Miniaudio) -> Reply:
    """What concerns the device alone does not wait for the next block."""
    try:
        result = system.list() if isinstance(command, ListDevices) else output.use(command.device)
    except LofiError as error:
        return Reply(id=command.id, error=error.text())
    return Reply(id=command.id, result=raw(result))


if __name__ == "__main__":
    if len(sys.argv) != 2 or not sys.argv[1].isdecimal():
        sys.exit("usage: python -m lofi_core.player DESCRIPTOR (the daemon starts it)")
    main(int(sys.argv[1]))
