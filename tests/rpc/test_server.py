"""The socket of a real daemon: splits, dialects, garbage, and clients that misbehave."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from lofi_core.rpc.connection import MAX_MESSAGES_PER_TURN
from tests.conftest import DaemonProcess, events_until_end
from tests.rpc.raw import RawSocket, packed

if TYPE_CHECKING:
    from tests.rpc.conftest import Connect

LIMIT = 1024 * 1024


def test_a_request_that_comes_byte_by_byte_is_answered(wire: RawSocket) -> None:
    for byte in packed([0, 1, "ping", []]):
        wire.send(bytes([byte]))
    assert wire.read()[:3] == [1, 1, None]


def test_two_requests_in_one_write_get_two_replies(wire: RawSocket) -> None:
    assert wire.ask([0, 1, "ping", []], [0, 2, "hello", []])[1] == 1
    assert wire.read()[1] == 2


@pytest.mark.parametrize("msgid", [0, 2**31, 2**32 - 1])
def test_the_message_id_comes_back(wire: RawSocket, msgid: int) -> None:
    assert wire.ask([0, msgid, "ping", []])[1] == msgid


def test_a_method_name_may_be_bin(wire: RawSocket) -> None:
    assert wire.ask([0, 1, b"ping", []])[3]["status"] == "ok"


def test_responses_come_in_completion_order(wire: RawSocket) -> None:
    track = {"prompt": "x", "backend": "sine", "duration_sec": 60}
    assert wire.ask([0, 1, "generate", [track]], [0, 2, "ping", []])[1] == 2
    while (message := wire.read())[0] != 1:
        pass
    assert message[:3] == [1, 1, None]


def test_a_notification_is_executed_and_not_answered(wire: RawSocket) -> None:
    replies = [wire.ask([2, "subscribe", [{"events": ["queue_changed"]}]], [0, 1, "ping", []])]
    replies.append(wire.ask([0, 2, "subscribe", [{"events": []}]]))
    assert [reply[1] for reply in replies] == [1, 2]
    assert replies[1][3] == {"events": ["queue_changed"]}


def test_a_failing_notification_is_logged_and_not_answered(daemon: DaemonProcess, connect: Connect) -> None:
    wire = connect(daemon)
    assert wire.ask([2, "generate", [{"prompt": ""}]], [0, 1, "ping", []])[1] == 1
    assert daemon.stop() == 0
    assert "notification failed: INVALID_PROMPT" in "".join(daemon.log)


@pytest.mark.parametrize(
    "first",
    [
        [2, b"nvim_set_client_info", ["client", {}, "remote", {}, {}]],  # pynvim's first message
        [2, "nvim_error_event", [0, "E5108: error"]],
        [2, 5, None],
        [2, [[]], {}],
        [1, 7, None, "a response to a request nobody sent"],
    ],
)
def test_what_nobody_knows_and_nobody_awaits_is_ignored(wire: RawSocket, first: object) -> None:
    assert wire.ask(first, [0, 1, "ping", []])[:3] == [1, 1, None]


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x94\x00\x07\xa4\xff\xfe\xfd\xfc\x90",
        b"\x94\x00\x07\xa8generate\x91\x81\xa6prompt\xa2\xff\xfe",
        b"\x94\x00\x07\xa8generate\x91\x82\xa6prompt\xa1x\xa7options\x81\xa1k\xa2\xff\xfe",
        b"\x94\x00\x07\xa8generate\x91\x82\xa6prompt\xa1x\xa7options\x81\xa1k\xc4\x02\xff\xfe",
    ],
)
def test_invalid_utf8_is_an_error_reply_and_the_connection_lives(
    wire: RawSocket, request_bytes: bytes
) -> None:
    wire.send(request_bytes)
    _, msgid, (kind, text), _ = wire.read()
    assert (msgid, kind) == (7, 1)
    assert text.startswith("INVALID_PARAMS: ")
    assert "UTF-8" in text
    assert wire.is_served()


@pytest.mark.parametrize("depth", [100, 600, 1010])
@pytest.mark.parametrize("field", [b"", b"\x91\x82\xa6prompt\xa1x\xa7options\x81\xa1k"])
def test_deep_nesting_is_an_error_reply_and_the_connection_lives(
    wire: RawSocket, field: bytes, depth: int
) -> None:
    wire.send(b"\x94\x00\x07\xa8generate" + field + b"\x91" * depth + b"\xc0")
    _, msgid, (kind, text), _ = wire.read()
    assert (msgid, kind) == (7, 1)
    assert text.startswith("INVALID_")
    assert wire.is_served()


@pytest.mark.parametrize(
    "garbage",
    [
        b"\xc1",
        b"GET / HTTP/1.1\r\n\r\n",
        packed("hello"),
        packed([0, 1]),
        packed([0, 2**32, "ping", []]),
        packed([7, 1, "ping", []]),
        packed({"jsonrpc": "2.0"}),
        b"\x91" * 100_000,
    ],
)
def test_garbage_gets_one_error_and_only_that_connection_closes(
    served: DaemonProcess, connect: Connect, garbage: bytes
) -> None:
    other = connect(served)
    assert other.is_served()
    wire = connect(served)
    wire.send(garbage)
    ((kind, _msgid, (error_type, text), result),) = wire.rest()
    assert (kind, error_type, result) == (1, 1, None)
    assert text.startswith("PARSE_ERROR: ")
    assert other.is_served()


def test_garbage_without_an_id_is_answered_with_id_0(wire: RawSocket) -> None:
    wire.send(b"\xc1")
    assert wire.read()[1] == 0


def test_a_message_over_a_mebibyte_gets_one_error_and_only_that_connection_closes(
    served: DaemonProcess, connect: Connect
) -> None:
    other, wire = connect(served), connect(served)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        wire.send(b"\xc6\xff\xff\xff\xff" + bytes(64 * LIMIT))
    ((_, msgid, (_, text), _),) = wire.rest()
    assert msgid == 0
    assert f"over the limit of {LIMIT}" in text
    assert other.is_served()


def test_a_message_just_under_the_limit_is_answered(wire: RawSocket) -> None:
    wire.send(packed([0, 1, "generate", [{"prompt": "x" * (LIMIT - 100)}]]))
    assert wire.read()[2][1].startswith("INVALID_PROMPT: ")


def test_a_client_that_floods_and_does_not_read_holds_up_nobody(
    served: DaemonProcess, connect: Connect
) -> None:
    flooding, other = connect(served), connect(served)
    flooding.socket.setblocking(False)
    flood = packed(*[[0, n, "describe", []] for n in range(MAX_MESSAGES_PER_TURN)])
    sent = 0
    try:
        while sent < 64 * LIMIT:
            sent += flooding.socket.send(flood)
    except BlockingIOError:
        pass
    assert sent < 64 * LIMIT, "the daemon read on though nobody read its answers"
    assert other.is_served()
    assert other.ask([0, 1, "status", []])[3]["clients"] >= 2


def test_a_flooder_that_reads_after_all_gets_every_answer_in_order(wire: RawSocket) -> None:
    count = 3 * MAX_MESSAGES_PER_TURN
    wire.send(packed(*[[0, n, "describe", []] for n in range(count)]))
    assert [wire.read()[1] for _ in range(count)] == list(range(count))


def test_a_client_that_vanishes_loses_nothing(quiet: DaemonProcess) -> None:
    client, watcher = quiet.client(), quiet.client()
    watcher.call("subscribe", events=["generation_"])
    accepted = client.call("generate", prompt="x", backend="sine", duration_sec=30, seed=30)
    client.close()
    assert events_until_end(watcher, accepted["job_id"])[-1].name == "generation_complete"
    assert watcher.call("tracks_get", track_id=accepted["track_id"])["prompt"] == "x"


def test_a_client_that_vanishes_in_the_middle_of_a_request_leaves_no_trace(
    served: DaemonProcess, connect: Connect
) -> None:
    other, half = connect(served), connect(served)
    half.send(packed([0, 1, "generate", [{"prompt": "x"}]])[:-3])
    half.socket.close()
    while other.ask([0, 2, "status", []])[3]["clients"] > 1:  # earlier tests' connections go as well
        pass
    assert other.is_served()


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root and setpriv")
def test_another_user_is_told_so_and_served_nothing(daemon: DaemonProcess) -> None:
    for opened, permissions in (
        (daemon.socket.parents[1], 0o711),
        (daemon.socket.parent, 0o711),
        (daemon.socket, 0o666),
    ):
        opened.chmod(permissions)
    code = """
import contextlib, socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(20)
s.connect(sys.argv[1])
with contextlib.suppress(OSError):
    s.sendall(b"\\x94\\x00\\x01\\xa4ping\\x90")
with contextlib.suppress(ConnectionResetError):
    while chunk := s.recv(4096):
        print(chunk)
"""
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    python = [shutil.which("python3", path="/usr/bin:/bin") or sys.executable, "-I", "-c", code]
    done = subprocess.run(
        [*nobody, *python, str(daemon.socket)], capture_output=True, text=True, check=False, timeout=30
    )
    assert "NOT_PERMITTED: this daemon serves user 0 only, you are 65534" in done.stdout, done.stderr
    assert "status" not in done.stdout
    assert daemon.client().call("ping")["status"] == "ok"


def test_a_client_that_has_said_all_it_will_say_still_gets_its_replies(wire: RawSocket) -> None:
    wire.send(packed([0, 1, "tracks_list", []], [0, 2, "ping", []]))
    wire.socket.shutdown(socket.SHUT_WR)
    assert {message[1] for message in wire.rest()} == {1, 2}


def test_a_request_before_garbage_is_answered_before_the_connection_closes(wire: RawSocket) -> None:
    wire.send(packed([0, 1, "tracks_list", []]) + b"\xc1")
    answer, refusal = wire.rest()
    assert answer[:3] == [1, 1, None]
    assert "PARSE_ERROR" in refusal[2][1]


def test_a_request_that_is_too_large_gets_its_error_under_its_own_id(wire: RawSocket) -> None:
    wire.send(packed([0, 7, "generate", [{"prompt": "x" * (LIMIT + 1)}]])[: LIMIT + 20])
    assert [message[1] for message in wire.rest()] == [7]
