"""One client's end of the socket, with the limits lowered: stalls, floods, bounds and fairness."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgpack
import pytest

from lofi_core.errors import InternalError
from lofi_core.rpc import connection as limits
from lofi_core.rpc.connection import Connection
from lofi_core.rpc.messages import encode_notification
from tests.rpc.raw import PATIENCE_SEC, packed

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.anyio


@dataclass
class Service:
    """Answers `echo` at once and `later` when the test says; notes what was served and who went."""

    admits: bool = True
    served: list[tuple[int, Any]] = field(default_factory=list)
    awaiting: list[Callable[[object], None]] = field(default_factory=list)
    went: list[int] = field(default_factory=list)
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    def opened(self, connection: Connection, /) -> bool:
        return self.admits and connection.client_id > 0

    def closed(self, connection: Connection, /) -> None:
        self.went.append(connection.client_id)
        self.gone.set()

    def serve(
        self, connection: Connection, method: object, params: Any, reply: Callable[[object], None]
    ) -> None:
        self.served.append((connection.client_id, msgpack.unpackb(bytes(params))))
        if method == "later":
            self.awaiting.append(reply)
        else:
            reply("x" * 10_000 if method == "shout" else InternalError("no") if method == "fail" else "done")

    def knows(self, method: object) -> bool:
        return method in {"echo", "later", "shout", "fail"}


class Peer:
    """The client's side of a connection in this process."""

    def __init__(self, connection: Connection, end: socket.socket) -> None:
        self.connection = connection
        self.end = end
        self._unpacker = msgpack.Unpacker()

    async def send(self, *messages: object) -> None:
        await asyncio.get_running_loop().sock_sendall(self.end, packed(*messages))

    async def read(self) -> list[Any]:
        async with asyncio.timeout(PATIENCE_SEC):
            while True:
                try:
                    return list(self._unpacker.unpack())
                except msgpack.OutOfData:
                    data = await asyncio.get_running_loop().sock_recv(self.end, 65536)
                    if not data:
                        raise EOFError from None
                    self._unpacker.feed(data)


async def connected(service: Service, client_id: int = 1, already_sent: bytes = b"") -> Peer:
    ours, theirs = socket.socketpair()
    theirs.sendall(already_sent)
    theirs.setblocking(False)
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(lambda: Connection(client_id, service), sock=ours)
    return Peer(connection, theirs)


async def finish(*peers: Peer) -> None:
    for peer in peers:
        peer.end.close()
        peer.connection.close()
    await asyncio.sleep(0)


async def fill(peer: Peer) -> None:
    """Send until the kernel takes no more: the client stopped reading."""
    event = encode_notification("progress", "x" * 60_000)
    while not peer.connection._stall_timer:
        peer.connection.send(event)
        await asyncio.sleep(0)


async def until(happened: Callable[[], bool]) -> None:
    """Give the loop its turns until something has happened."""
    async with asyncio.timeout(PATIENCE_SEC):
        while not happened():  # noqa: ASYNC110 - the connection has no event to wait for
            await asyncio.sleep(0)


async def gone(service: Service) -> None:
    async with asyncio.timeout(PATIENCE_SEC):
        await service.gone.wait()


async def test_a_client_that_reads_nothing_for_a_while_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "STALL_SEC", 0.01)
    service = Service()
    peer = await connected(service)
    await fill(peer)
    await gone(service)
    await finish(peer)


async def test_a_client_that_reads_slowly_is_kept_until_it_stops() -> None:
    service = Service()
    peer = await connected(service)
    for _ in range(50):  # in one turn, so in one write: far more than the kernel holds
        peer.connection.send(encode_notification("progress", "x" * 60_000))
    await until(lambda: peer.connection._stall_timer is not None)
    for _ in range(3):
        waiting = peer.connection.transport.get_write_buffer_size()
        while peer.connection.transport.get_write_buffer_size() == waiting:
            await peer.read()
        peer.connection._look_for_stall()  # the timer's call
        assert not peer.connection.transport.is_closing()
    peer.connection._look_for_stall()
    await gone(service)
    await finish(peer)


async def test_a_client_that_reads_again_in_time_is_kept_and_gets_everything() -> None:
    service = Service()
    peer = await connected(service)
    await fill(peer)
    await peer.send([0, 5, "echo", []])
    while (message := await peer.read())[0] == 2:
        pass
    assert message == [1, 5, None, "done"]
    assert peer.connection._stall_timer is None
    await finish(peer)


async def test_a_backlog_over_the_bound_disconnects_at_once() -> None:
    service = Service()
    peer = await connected(service)
    await fill(peer)
    for _ in range(200):
        peer.connection.send(encode_notification("event", "x" * 60_000))
    await gone(service)
    await finish(peer)


async def test_progress_for_a_client_that_does_not_read_never_disconnects_it() -> None:
    service = Service()
    peer = await connected(service)
    await fill(peer)
    for _ in range(200):
        peer.connection.send(encode_notification("event", "x" * 60_000), coalesce_key="job")
    await asyncio.sleep(0)
    assert not service.gone.is_set()
    await finish(peer)


async def test_a_client_that_does_not_read_gets_nothing_served() -> None:
    service = Service()
    peer = await connected(service)
    await peer.send(*[[0, n, "shout", [n]] for n in range(500)])
    await until(lambda: peer.connection._stall_timer is not None)
    assert len(service.served) < 500
    answers = [(await peer.read())[1] for _ in range(500)]
    assert answers == list(range(500))
    await finish(peer)


async def test_slow_requests_leave_turns_to_other_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "TURN_SEC", 0.0)  # any request takes longer
    service = Service()
    flooding, other = await connected(service, 1), await connected(service, 2)
    await flooding.send(*[[2, "echo", []] for _ in range(limits.MAX_MESSAGES_PER_TURN)])
    await other.send([0, 1, "echo", []])
    assert await other.read() == [1, 1, None, "done"]
    assert service.served.index((2, [])) < 10
    await finish(flooding, other)


async def test_a_flood_of_requests_leaves_turns_to_other_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "TURN_SEC", float("inf"))
    service = Service()
    flooding, other = await connected(service, 1), await connected(service, 2)
    await flooding.send(*[[2, "echo", []] for _ in range(5 * limits.MAX_MESSAGES_PER_TURN)])
    await other.send([0, 1, "echo", []])
    assert await other.read() == [1, 1, None, "done"]
    await flooding.send([0, 2, "echo", []])
    assert await flooding.read() == [1, 2, None, "done"]
    assert service.served[-1][0] == 1
    assert len(service.served) == 5 * limits.MAX_MESSAGES_PER_TURN + 2
    turn = limits.MAX_MESSAGES_PER_TURN
    assert service.served.index((2, [])) in range(turn, 5 * turn)
    await finish(flooding, other)


async def test_only_so_many_requests_are_in_flight_and_the_next_waits_for_an_answer() -> None:
    service = Service()
    peer = await connected(service)
    await peer.send(*[[0, n, "later", []] for n in range(limits.MAX_REQUESTS_IN_FLIGHT + 1)])
    await until(lambda: len(service.awaiting) >= limits.MAX_REQUESTS_IN_FLIGHT)
    await asyncio.sleep(0)
    assert len(service.awaiting) == limits.MAX_REQUESTS_IN_FLIGHT
    service.awaiting[3]("third")
    assert await peer.read() == [1, 3, None, "third"]
    await until(lambda: len(service.awaiting) > limits.MAX_REQUESTS_IN_FLIGHT)
    await finish(peer)


async def test_while_requests_wait_nothing_more_is_read() -> None:
    peer = await connected(Service())
    requests, sent, refused = packed(*[[0, n, "later", []] for n in range(10_000)]), 0, 0
    while sent < 16 * len(requests) and refused < 50:
        try:
            sent += peer.end.send(requests)
        except BlockingIOError:
            refused += 1
        await asyncio.sleep(0)
    assert refused, "the kernel should make the client wait"
    assert len(peer.connection._inbox) < 100_000
    await finish(peer)


async def test_responses_come_in_completion_order() -> None:
    service = Service()
    peer = await connected(service)
    await peer.send([0, 1, "later", []], [0, 2, "later", []], [0, 3, "echo", []])
    assert (await peer.read())[1] == 3
    service.awaiting[1]("second")
    service.awaiting[0]("first")
    assert [await peer.read(), await peer.read()] == [[1, 2, None, "second"], [1, 1, None, "first"]]
    await finish(peer)


async def test_a_notification_is_executed_and_answered_with_nothing_even_when_it_fails() -> None:
    service = Service()
    peer = await connected(service)
    await peer.send([2, "fail", []], [2, "nobody_knows", [1, 2]], [0, 9, "echo", []])
    assert await peer.read() == [1, 9, None, "done"]
    assert len(service.served) == 2
    await finish(peer)


async def test_a_request_before_garbage_is_still_answered() -> None:
    service = Service()
    peer = await connected(service)
    await asyncio.get_running_loop().sock_sendall(peer.end, packed([0, 1, "echo", []]) + b"\xc1")
    assert await peer.read() == [1, 1, None, "done"]
    kind, msgid, (error_type, text), _ = await peer.read()
    assert (kind, msgid, error_type) == (1, 0, 1)
    assert text.startswith("PARSE_ERROR: ")
    with pytest.raises(EOFError):
        await peer.read()
    await finish(peer)


async def test_whoever_is_not_admitted_is_served_nothing() -> None:
    service = Service(admits=False)
    peer = await connected(service, already_sent=packed([0, 1, "echo", []]))
    with pytest.raises((EOFError, ConnectionResetError)):
        await peer.read()
    assert service.served == []
    await finish(peer)


@pytest.mark.parametrize("last", ["an end", "no message"])
async def test_who_reads_late_and_says_no_more_gets_every_answer(last: str) -> None:
    service = Service()
    peer = await connected(service)
    count = 20
    await peer.send(*([0, number, "later", []] for number in range(count)))
    await until(lambda: len(service.awaiting) == count)
    if last == "an end":
        peer.end.shutdown(socket.SHUT_WR)
    else:
        await asyncio.get_running_loop().sock_sendall(peer.end, b"\xc1")
    for reply in service.awaiting:
        reply("x" * 100_000)  # more than the kernel takes
        await asyncio.sleep(0)
    assert [(await peer.read())[1] for _ in range(count)] == list(range(count))
    if last == "no message":
        assert "PARSE_ERROR" in (await peer.read())[2][1]
    with pytest.raises(EOFError):
        await peer.read()
    await finish(peer)
