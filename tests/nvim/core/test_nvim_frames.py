"""Is every message read, however the stream is split, and does none of them end the editor?"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgpack
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.nvim.core.test_nvim_encode import VALUES, as_lua_has_it, same, sort

if TYPE_CHECKING:
    from tests.nvim.core.driver import Editor

MESSAGES = st.lists(VALUES | st.binary(max_size=300).map(lambda data: [1, data]), min_size=1, max_size=6)

CUT = """
    local frames, found = require("lofi.frames").new(), {}
    for _, chunk in ipairs(...) do
      for _, frame in ipairs(frames:feed(chunk)) do
        found[#found + 1] = { vim.text.hexencode(frame.bytes), frame.depth }
      end
    end
    return found
"""
READ = """
    local frames, found = require("lofi.frames").new(), {}
    local unpack, encode = vim.mpack.Unpacker(), require("lofi.encode").encode
    for _, chunk in ipairs(...) do
      for _, frame in ipairs(frames:feed(chunk)) do
        local value = unpack(frame.bytes)
        found[#found + 1] = vim.text.hexencode(assert(encode(value)))
      end
    end
    return found
"""


def cut(editor: Editor, chunks: list[bytes]) -> list[tuple[bytes, int]]:
    """Each message's bytes and depth."""
    return [(bytes.fromhex(found), depth) for found, depth in editor.lua(CUT, chunks)]


def in_pieces(stream: bytes, places: list[int]) -> list[bytes]:
    """The stream, split at these places."""
    borders = sorted({0, len(stream), *(place % (len(stream) + 1) for place in places)})
    return [stream[start:end] for start, end in pairwise(borders)]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(messages=MESSAGES, places=st.lists(st.integers(0, 2**16), max_size=40))
def test_messages_are_cut_where_they_end(calculator: Editor, messages: list[Any], places: list[int]) -> None:
    packed = [msgpack.packb(message) for message in messages]
    found = cut(calculator, in_pieces(b"".join(packed), places))
    assert [data for data, _ in found] == packed


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(messages=st.lists(VALUES, min_size=1, max_size=4), places=st.lists(st.integers(0, 2**16), max_size=40))
def test_what_python_writes_is_read(calculator: Editor, messages: list[Any], places: list[int]) -> None:
    stream = b"".join(msgpack.packb(message) for message in messages)
    found = calculator.lua(READ, in_pieces(stream, places))
    read = [msgpack.unpackb(bytes.fromhex(data)) for data in found]
    assert same(sort(read), sort(as_lua_has_it(messages)))


def test_one_byte_at_a_time(calculator: Editor) -> None:
    messages = [[1, 2**32 - 1, None, {"a" * 300: [0.5] * 20, "b": b"x" * 70_000, "c": {}}], [2, "x", []]]
    packed = [msgpack.packb(message) for message in messages]
    stream = b"".join(packed)
    pieces = [stream[at : at + 1] for at in range(len(stream))]
    assert [data for data, _ in cut(calculator, pieces)] == packed


@pytest.mark.parametrize("size", [1, 2, 4, 8, 16, 3, 255, 256, 65536])
def test_extensions_are_passed_over(calculator: Editor, size: int) -> None:
    packed = msgpack.packb([msgpack.ExtType(5, b"x" * size), 7])
    assert cut(calculator, [packed + b"\x01"]) == [(packed, 1), (b"\x01", 0)]


@pytest.mark.parametrize(
    "number", [-33, -129, -(2**15) - 1, -(2**31) - 1, 2**7, 2**8, 2**16, 2**32, 2**64 - 1]
)
def test_numbers_of_all_widths_are_passed_over(calculator: Editor, number: int) -> None:
    packed = msgpack.packb([number, {"a": number}])
    assert cut(calculator, [packed]) == [(packed, 2)]


@pytest.mark.parametrize(("value", "depth"), [(1, 0), ([], 1), ({"a": []}, 2), ([{"a": [1]}, [2]], 3)])
def test_the_depth_of_a_message_is_known(calculator: Editor, value: Any, depth: int) -> None:
    assert cut(calculator, [msgpack.packb(value)]) == [(msgpack.packb(value), depth)]


def test_the_depth_is_of_one_message_only(calculator: Editor) -> None:
    packed = msgpack.packb([[[1]]]) + msgpack.packb([1])
    assert [depth for _, depth in cut(calculator, [packed])] == [3, 1]


def test_a_byte_that_msgpack_does_not_have_is_an_error(calculator: Editor) -> None:
    code = "return { pcall(function() return require('lofi.frames').new():feed('\\193') end) }"
    assert calculator.lua(code) == [False, "a byte that msgpack does not have"]


def test_a_message_without_end_is_an_error_at_once(calculator: Editor) -> None:
    code = "return { pcall(function(head) return require('lofi.frames').new():feed(head) end, ...) }"
    assert calculator.lua(code, b"\xc6\xff\xff\xff\xff") == [False, "a message of more than 64 MiB"]


@pytest.mark.parametrize("kind", ["map", "mixed"])
def test_neovim_itself_reads_what_is_let_through(calculator: Editor, kind: str) -> None:
    """The limit is true: one more container ends some editors, as is told in frames.lua."""
    value: Any = 1
    for level in range(30):
        value = {"a": value} if kind == "map" or level % 2 else [value]
    code = "return vim.text.hexencode(assert(require('lofi.encode').encode((vim.mpack.Unpacker()(...)))))"
    packed = msgpack.packb(value)
    assert bytes.fromhex(calculator.lua(code, packed)) == packed
    assert cut(calculator, [packed])[0][1] == calculator.lua("return require('lofi.frames').MAX_DEPTH")
