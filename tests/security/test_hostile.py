"""Whatever is said to the daemon, it lives, logs no fault of its own, and serves everybody else."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import TYPE_CHECKING

from lofi_core.rpc.room import room_for_clients
from tests.rpc.raw import RawSocket
from tests.security.attack import attack
from tests.security.bystander import bystander
from tests.security.crowd import crowd

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import DaemonProcess

# `python -m benchmarks.hostile` does it with 100,000, and 500 clients.
MESSAGES, CLIENTS, HOSTILE, ROUNDS = 2_000, 100, 10, 2


def test_2000_hostile_messages_are_answered_and_nobody_else_notices(
    victim: DaemonProcess, tmp_path: Path
) -> None:
    with bystander(victim.socket) as served:
        outcome = attack(victim.socket, tmp_path, MESSAGES, seed=7)
    assert outcome.sound + outcome.broken == MESSAGES
    assert outcome.answers["ok"] > 100  # it was not refused at the door
    assert outcome.faults == []
    assert served.errors == ""
    assert served.pings > 0


def test_100_clients_of_which_10_are_hostile_are_served(victim: DaemonProcess) -> None:
    fared = asyncio.run(crowd(victim.socket, CLIENTS - HOSTILE, HOSTILE, ROUNDS))
    assert fared.errors == []
    assert fared.requests == fared.clients * 5 * ROUNDS
    assert fared.attempts > HOSTILE  # they were thrown out, and came again


def test_there_are_only_so_many_clients_and_one_that_goes_makes_room(victim: DaemonProcess) -> None:
    room = room_for_clients()  # of this process, too
    with ExitStack() as stack:

        def connected() -> RawSocket:
            one = RawSocket(victim.socket)
            stack.callback(one.socket.close)
            return one

        before = connected()
        crowded: list[RawSocket] = []
        while len(crowded) <= room:
            crowded += [connected() for _ in range(100)]
            assert before.is_served()  # and they are accepted, or the system would take no more
        ((_, msgid, (_, text), _),) = crowded[-1].rest()
        assert msgid == 0
        assert text.startswith(
            f"NOT_PERMITTED: this daemon serves {room} clients at once, and has as many\nhint: "
        )
        assert crowded[0].is_served()
        for one in crowded:
            one.socket.close()
        while before.ask([0, 1, "status", []])[3]["clients"] > 1:
            pass
        assert connected().is_served()
