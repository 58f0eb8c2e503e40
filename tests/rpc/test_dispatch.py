"""From a method's name to its handler, and whatever that does becomes one reply."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import anyio
import msgpack
import pytest

from lofi_core.errors import LofiError, QueueFull
from lofi_core.rpc.dispatch import Dispatcher
from lofi_core.rpc.messages import encode_response
from lofi_core.rpc.methods import METHODS

if TYPE_CHECKING:
    from collections.abc import Callable

    from lofi_core.rpc.connection import Connection

pytestmark = pytest.mark.anyio

nobody = cast("Connection", None)


async def outcome(method: object, handler: Callable[..., Any], params: object = ()) -> list[object]:
    """What one request is answered, with `handler` behind every method."""
    replies: list[object] = []

    def reply(result: object) -> None:
        refused = isinstance(result, LofiError)
        replies.append(result if refused else msgpack.unpackb(encode_response(1, result))[3])

    async with anyio.create_task_group() as tasks:
        groups: list[object] = [SimpleNamespace(**dict.fromkeys(METHODS, handler))]
        dispatcher = Dispatcher(groups, tasks, dict.fromkeys(METHODS, 0))
        dispatcher.serve(nobody, method, msgpack.packb(list(cast("Any", params))), reply)
    return replies


def brings(result: object) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """A sync and an async handler that return `result`, or raise it."""

    def now(_connection: Connection, _params: object) -> object:
        if isinstance(result, Exception):
            raise result
        return result

    async def later(connection: Connection, params: object) -> object:
        await asyncio.sleep(0)
        return now(connection, params)

    return now, later


@pytest.mark.parametrize("handler", brings({"status": "ok"}))
@pytest.mark.parametrize("name", ["ping", b"ping"])
async def test_a_result_is_the_reply(handler: Callable[..., Any], name: object) -> None:
    assert await outcome(name, handler) == [{"status": "ok"}]


@pytest.mark.parametrize("handler", brings(QueueFull("10 of 10")))
async def test_an_error_of_ours_is_the_reply(handler: Callable[..., Any]) -> None:
    (error,) = await outcome("ping", handler)
    assert isinstance(error, QueueFull)


@pytest.mark.parametrize("handler", brings(KeyError("secret")))
async def test_a_fault_of_ours_is_an_internal_error_and_in_the_log(
    handler: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    (error,) = await outcome("ping", handler)
    assert isinstance(error, LofiError)
    assert error.code == "INTERNAL_ERROR"
    assert "log" in str(error.hint)
    assert "KeyError: 'secret'" in caplog.text


@pytest.mark.parametrize("handler", brings(2**70))
async def test_a_result_that_cannot_be_encoded_is_an_internal_error(handler: Callable[..., Any]) -> None:
    (error,) = await outcome("ping", handler)
    assert isinstance(error, LofiError)
    assert error.code == "INTERNAL_ERROR"


@pytest.mark.parametrize(
    ("name", "hint"),
    [("pin", "did you mean 'ping'?"), (b"zzzzzz", "describe"), (5, ""), ([], ""), (None, "")],
)
async def test_an_unknown_method_is_not_found_whatever_its_name_is(name: object, hint: str) -> None:
    (error,) = await outcome(name, brings(1)[0])
    assert isinstance(error, LofiError)
    assert error.code == "METHOD_NOT_FOUND"
    assert hint in str(error.hint)


async def test_an_unknown_method_with_a_name_of_a_megabyte_gets_a_short_error() -> None:
    (error,) = await outcome("x" * 1_000_000, brings(1)[0])
    assert len(cast("LofiError", error).text()) < 300


async def test_bad_params_never_reach_the_handler() -> None:
    reached: list[object] = []
    (error,) = await outcome("ping", lambda *_: reached.append(1), [{"x": 1}])
    assert cast("LofiError", error).code == "INVALID_PARAMS"
    assert reached == []
