"""Does the blocking client answer, wait, and complain as it should?"""

import contextlib
import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Event
from types import SimpleNamespace

import msgpack
import msgspec
import pytest

from lofi_core.errors import InvalidParams, NotPermitted, ParseError, QueueFull
from lofi_core.rpc import client as client_module
from lofi_core.rpc.client import Client, ConnectionLost, NoDaemon
from lofi_core.rpc.peer import peer_uid
from lofi_core.rpc.results import Pong
from tests.cli.conftest import without_privileges
from tests.cli.scripted import Hangup, ScriptedDaemon, Silence


def test_a_call_returns_the_result(scripted: ScriptedDaemon) -> None:
    scripted.answers["ping"] = {"status": "ok", "version": "1"}
    with Client(scripted.path) as client:
        assert client.call("ping") == {"status": "ok", "version": "1"}
        assert client.call_as(Pong, "ping") == Pong("1")


def test_params_travel_as_one_map_and_no_params_as_an_empty_array(scripted: ScriptedDaemon) -> None:
    with Client(scripted.path) as client:
        client.call("tracks_list", limit=3)
        client.call("ping")
    assert scripted.requests == [("tracks_list", {"limit": 3}), ("ping", {})]


def test_an_error_comes_back_as_its_own_class_with_its_hint(scripted: ScriptedDaemon) -> None:
    scripted.answers["generate"] = QueueFull("10 jobs wait", "try again later")
    with Client(scripted.path) as client, pytest.raises(QueueFull, match="10 jobs wait") as caught:
        client.call("generate", prompt="x")
    assert caught.value.hint == "try again later"


def test_events_that_come_before_the_answer_wait_their_turn(scripted: ScriptedDaemon) -> None:
    event = msgpack.packb([2, "queue_changed", [{"length": 1}]])
    scripted.raw_reply = event + msgpack.packb([1, 1, None, "pong"]) + event
    with Client(scripted.path) as client:
        assert client.call("ping") == "pong"
        assert [client.next_event(10), client.next_event(10)] == [("queue_changed", {"length": 1})] * 2


def test_the_answer_to_another_request_is_passed_over(scripted: ScriptedDaemon) -> None:
    scripted.raw_reply = msgpack.packb([1, 77, None, "late"]) + msgpack.packb([1, 1, None, "right"])
    with Client(scripted.path) as client:
        assert client.call("ping") == "right"


def test_an_error_without_a_request_is_the_answer_to_ours(scripted: ScriptedDaemon) -> None:
    scripted.raw_reply = msgpack.packb([1, 0, [1, "PARSE_ERROR: no"], None])
    with Client(scripted.path) as client, pytest.raises(ParseError, match="no"):
        client.call("ping")


def test_no_event_in_time_is_none(scripted: ScriptedDaemon) -> None:
    with Client(scripted.path) as client:
        assert client.next_event(0) is None


def test_events_go_on_until_the_daemon_leaves(scripted: ScriptedDaemon) -> None:
    scripted.events["subscribe"] = [("queue_changed", {"length": 1}), ("hangup", {})]
    with Client(scripted.path) as client:
        client.call("subscribe")
        events = client.events()
        assert next(events).name == "queue_changed"
        with pytest.raises(ConnectionLost, match="closed the connection"):
            next(events)


def test_nobody_at_the_socket_is_no_daemon(tmp_path: Path) -> None:
    with pytest.raises(NoDaemon, match="no daemon listens") as caught:
        Client(tmp_path / "nothing")
    assert caught.value.hint == "lofi-core serve --detach starts one"


def test_a_socket_left_behind_is_no_daemon(environ: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(environ / "s"))
    with pytest.raises(NoDaemon, match="no daemon listens"):
        Client(environ / "s")


def test_a_daemon_that_does_not_answer_is_given_up(scripted: ScriptedDaemon) -> None:
    scripted.answers["ping"] = Silence
    with (
        Client(scripted.path, timeout_sec=0.05) as client,
        pytest.raises(ConnectionLost, match="did not answer 'ping'"),
    ):
        client.call("ping")


def test_a_daemon_that_many_want_to_reach_is_waited_for(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits = Event()
    clock = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: waits.set())
    monkeypatch.setattr(client_module, "time", clock)
    with ExitStack() as stack:
        listening = stack.enter_context(socket.socket(socket.AF_UNIX))
        listening.bind(str(home / "busy"))
        listening.listen(0)
        with contextlib.suppress(BlockingIOError):
            while True:
                waiting = stack.enter_context(socket.socket(socket.AF_UNIX))
                waiting.setblocking(False)
                waiting.connect(str(home / "busy"))
        with ThreadPoolExecutor(1) as pool:
            late = pool.submit(Client, home / "busy", 20)
            assert waits.wait(20), late.exception()
            stack.enter_context(listening.accept()[0])
            late.result().close()


def test_a_daemon_that_hangs_up_is_noticed(scripted: ScriptedDaemon) -> None:
    scripted.answers["ping"] = Hangup
    with Client(scripted.path) as client, pytest.raises(ConnectionLost, match="closed the connection"):
        client.call("ping")


@pytest.mark.parametrize(
    "garbage", [b"HTTP/1.1 400 Bad Request\r\n", b"\xc1", msgpack.packb([1, 1]), msgpack.packb({})]
)
def test_a_stranger_at_the_socket_is_told_apart(scripted: ScriptedDaemon, garbage: bytes) -> None:
    scripted.raw_reply = garbage
    with (
        Client(scripted.path) as client,
        pytest.raises(ConnectionLost, match="does not speak the daemon's language"),
    ):
        client.call("ping")


def test_another_users_socket_is_refused(scripted: ScriptedDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "peer_uid", lambda _socket: os.getuid() + 1)
    with pytest.raises(NotPermitted, match=f"belongs to user {os.getuid() + 1}, not to you"):
        Client(scripted.path)


def test_a_socket_in_a_directory_that_we_may_not_enter_is_refused_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o000)
    with without_privileges(), pytest.raises(NotPermitted, match="this user may not use") as caught:
        Client(tmp_path / "locked" / "s")
    assert caught.value.hint
    assert "choose another path with --socket or LOFI_SOCKET" in caught.value.hint


def test_the_peer_is_known_by_its_user() -> None:
    one, other = socket.socketpair(socket.AF_UNIX)
    with one, other:
        assert peer_uid(one) == os.getuid()


def test_text_that_is_no_utf8_is_refused_before_it_is_sent(scripted: ScriptedDaemon) -> None:
    with Client(scripted.path) as client, pytest.raises(InvalidParams, match="no UTF-8"):
        client.call("generate", prompt="\udcff")
    assert scripted.requests == []


def test_a_result_of_another_shape_is_noticed(scripted: ScriptedDaemon) -> None:
    scripted.answers["ping"] = {"unexpected": 1}
    with Client(scripted.path) as client, pytest.raises(msgspec.ValidationError):
        client.call_as(Pong, "ping")
