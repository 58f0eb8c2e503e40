"""Most reads bring one whole request: it is served at once, and as it would be in any other company."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import msgpack
import pytest

from tests.rpc.raw import packed
from tests.rpc.test_connection import Service, connected, finish

if TYPE_CHECKING:
    from tests.rpc.test_connection import Peer

pytestmark = pytest.mark.anyio

STREAM = [
    [0, 1, "echo", []],
    [2, "nobody", []],
    [0, 2, "fail", [{}]],
    [1, 9, None, None],
    [0, 3, "shout", []],
]


def written(peer: Peer) -> list[Any]:
    """What the connection wrote until now, without a turn of the event loop."""
    unpacker = msgpack.Unpacker()
    try:
        while data := peer.end.recv(65536, socket.MSG_DONTWAIT):
            unpacker.feed(data)
    except BlockingIOError:
        return list(unpacker)
    raise EOFError


async def test_the_answer_leaves_at_once_and_leaves_the_event_loop_nothing_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    peer = await connected(Service())
    left: list[object] = []
    with monkeypatch.context() as patched:
        patched.setattr(peer.connection._loop, "call_soon", lambda *call: left.append(call))
        peer.connection.data_received(packed([0, 1, "echo", []]))
    assert written(peer) == [[1, 1, None, "done"]]
    assert left == []
    await finish(peer)


@pytest.mark.parametrize("size", [1, 2, 7, 8, 9, 1000])
async def test_however_the_stream_is_split_the_answers_are_the_same(size: int) -> None:
    service = Service()
    peer = await connected(service)
    stream = packed(*STREAM)
    for start in range(0, len(stream), size):
        peer.connection.data_received(stream[start : start + size])
    answers = written(peer)
    assert [answer[:2] for answer in answers] == [[1, 1], [1, 2], [1, 3]]
    assert [params for _, params in service.served] == [[], [{}], []]
    await finish(peer)


async def test_an_answer_that_comes_later_is_written_too() -> None:
    service = Service()
    peer = await connected(service)
    peer.connection.data_received(packed([0, 1, "later", []]))
    assert written(peer) == []
    service.awaiting[0]("late")
    assert await peer.read() == [1, 1, None, "late"]
    await finish(peer)


async def test_a_request_waits_for_its_turn_behind_what_came_before_it() -> None:
    service = Service()
    peer = await connected(service)
    peer.connection.pause_writing()  # nothing is served meanwhile
    peer.connection.data_received(packed([0, 1, "echo", []]))
    peer.connection.data_received(packed([0, 2, "echo", []]))
    assert service.served == []
    peer.connection.resume_writing()
    assert [answer[1] for answer in written(peer)] == [1, 2]
    await finish(peer)
