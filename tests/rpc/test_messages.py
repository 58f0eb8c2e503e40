"""The envelope: what is a message, what can be answered, and how an answer looks."""

import contextlib
from typing import Any

import msgpack
import msgspec
import pytest
from hypothesis import given

from lofi_core.errors import ERRORS, InvalidPrompt, LofiError, NotPermitted, QueueFull
from lofi_core.rpc.messages import (
    BadMessage,
    Notification,
    Request,
    Response,
    decode,
    encode_error,
    encode_notification,
    encode_response,
)
from tests.rpc.raw import packed
from tests.rpc.test_frames import values

REQUEST_FAULTS = {code for code in ERRORS if code.startswith("INVALID_")} | {
    "METHOD_NOT_FOUND",
    "PARSE_ERROR",
}


def refused(frame: bytes) -> BadMessage:
    with pytest.raises(BadMessage) as caught:
        decode(frame)
    return caught.value


@pytest.mark.parametrize("msgid", [0, 1, 127, 128, 2**16, 2**31, 2**32 - 1])
def test_any_32_bit_message_id_is_kept(msgid: int) -> None:
    message = decode(packed([0, msgid, "ping", []]))
    assert isinstance(message, Request)
    assert msgpack.unpackb(encode_response(message.msgid, None))[1] == msgid


@pytest.mark.parametrize("msgid", [-1, 2**32, 1.5, "1", None])
def test_an_impossible_message_id_is_answered_with_id_0_and_closes(msgid: object) -> None:
    bad = refused(packed([0, msgid, "ping", []]))
    assert (bad.msgid, bad.closes, bad.problem.code) == (0, True, "PARSE_ERROR")


@pytest.mark.parametrize(
    "message", [0, None, "ping", {}, [], [0], [2, "ping"], [3, 1, "ping", []], [[0], 1, 2]]
)
def test_what_is_no_rpc_message_closes(message: object) -> None:
    assert refused(packed(message)).closes


def test_a_truncated_request_is_answered_by_its_id() -> None:
    assert refused(packed([0, 9, "ping"])).msgid == 9


def test_a_method_name_may_come_as_bin() -> None:
    message = decode(packed([0, 1, b"ping", []]))
    assert isinstance(message, Request)
    assert message.method == b"ping"


def test_a_response_is_a_message_too() -> None:
    assert isinstance(decode(packed([1, 1, None, "x"])), Response)


def test_a_request_with_invalid_utf8_is_answered_and_does_not_close() -> None:
    bad = refused(b"\x94\x00\x2a\xa2\xff\xfe\x90")
    assert (bad.msgid, bad.closes, bad.problem.code) == (42, False, "INVALID_PARAMS")


@pytest.mark.parametrize("frame", [b"\x93\x02\xa2\xff\xfe\x90", b"\x94\x01\x05\xa2\xff\xfe\xc0"])
def test_invalid_utf8_where_no_answer_is_awaited_gets_none(frame: bytes) -> None:
    bad = refused(frame)
    assert (bad.msgid, bad.closes) == (None, False)


@given(values)
def test_any_value_is_a_message_or_refused(value: object) -> None:
    with contextlib.suppress(BadMessage):
        assert isinstance(decode(msgpack.packb(value)), Request | Response | Notification)


def test_a_response_carries_a_struct_as_a_map() -> None:
    class Answer(msgspec.Struct):
        state: str

    assert msgpack.unpackb(encode_response(3, Answer("paused"))) == [1, 3, None, {"state": "paused"}]


def test_a_notification_carries_one_map() -> None:
    assert msgpack.unpackb(encode_notification("queue_changed", {"length": 2})) == [
        2,
        "queue_changed",
        [{"length": 2}],
    ]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (QueueFull("10 of 10 jobs wait", "wait"), [0, "QUEUE_FULL: 10 of 10 jobs wait\nhint: wait"]),
        (NotPermitted("no"), [0, "NOT_PERMITTED: no"]),
        (InvalidPrompt("the prompt is empty"), [1, "INVALID_PROMPT: the prompt is empty"]),
    ],
)
def test_an_error_is_neovims_pair_with_the_hint_on_a_second_line(
    error: LofiError, expected: list[Any]
) -> None:
    assert msgpack.unpackb(encode_error(5, error)) == [1, 5, expected, None]


@pytest.mark.parametrize("code", ERRORS)
def test_type_1_is_for_faults_of_the_request_alone(code: str) -> None:
    assert ERRORS[code]("x").wire()[0] == (1 if code in REQUEST_FAULTS else 0)
