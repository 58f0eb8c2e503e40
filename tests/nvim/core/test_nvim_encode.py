"""Is what Lua writes the msgpack that Python reads?"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Any

import msgpack
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.nvim.core.driver import Editor

# Where the form changes, and the numbers beside it.
BOUNDARIES = sorted(
    {
        edge + beside
        for edge in (0, -32, 2**7, 2**8, 2**15, 2**16, 2**31, 2**32, 2**53, -(2**7), -(2**8), -(2**15))
        for beside in (-1, 0, 1)
    }
    | {edge + beside for edge in (-(2**16), -(2**31), -(2**32), -(2**53)) for beside in (-1, 0, 1)}
    | {2**62, 2**63, 2**64 - 2048, -(2**63), 2**63 - 1024}
)
LENGTHS = [0, 1, 15, 16, 31, 32, 255, 256, 65535, 65536]
FLOATS = [
    0.5,
    -0.5,
    1 / 3,
    math.pi,
    5e-324,
    -5e-324,
    1.5e-308,
    2.2250738585072014e-308,
    1.7976931348623157e308,
]
EXTREMES = [math.inf, -math.inf, -0.0, 2.0**64, -(2.0**64), 1e300, 4.9e-320]

# What the interface of Neovim can hand to Lua.
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=30
)


def encoded(editor: Editor, lua: str, *arguments: Any) -> bytes:
    """The bytes for an expression of Lua; `...` are the arguments."""
    code = f"return vim.text.hexencode(assert(require('lofi.encode').encode({lua})))"
    return bytes.fromhex(editor.lua(code, *arguments))


def refusal(editor: Editor, lua: str) -> dict[str, str]:
    """The error that an expression of Lua gets instead."""
    code = f"local bytes, err = require('lofi.encode').encode({lua}); assert(bytes == nil); return err"
    err: dict[str, str] = editor.lua(code)
    return err


def as_lua_has_it(value: Any) -> Any:
    """Lua's numbers are doubles, and whole ones are written as integers."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, list):
        return [as_lua_has_it(item) for item in value]
    if isinstance(value, dict):
        return {key: as_lua_has_it(item) for key, item in value.items()}
    number = float(value)
    whole = math.isfinite(number) and number.is_integer() and -(2**63) <= number < 2**64
    is_negative_zero = number == 0 and math.copysign(1, number) < 0
    return int(number) if whole and not is_negative_zero else number


def same(a: Any, b: Any) -> bool:
    """Equal in value and type, with NaN equal to itself."""
    return bool(msgpack.packb(a) == msgpack.packb(b))


@pytest.mark.parametrize("number", BOUNDARIES)
def test_a_whole_number_takes_the_shortest_form(calculator: Editor, number: int) -> None:
    # A literal is rounded to a double, as every number of Lua's.
    assert encoded(calculator, str(number)) == msgpack.packb(int(float(number)))


@pytest.mark.parametrize("number", [*FLOATS, *EXTREMES])
def test_a_float_keeps_every_bit(calculator: Editor, number: float) -> None:
    assert encoded(calculator, "...", number) == b"\xcb" + struct.pack(">d", number)


def test_nan_is_written_and_ends_no_editor(calculator: Editor) -> None:
    assert math.isnan(msgpack.unpackb(encoded(calculator, "0 / 0")))


@pytest.mark.parametrize("length", LENGTHS)
def test_text_of_any_length(calculator: Editor, length: int) -> None:
    assert encoded(calculator, f"('x'):rep({length})") == msgpack.packb("x" * length)


@pytest.mark.parametrize("length", [0, 1, 15, 16, 65535, 65536])
def test_a_list_of_any_length(calculator: Editor, length: int) -> None:
    made = f"(function() local t = {{}} for i = 1, {length} do t[i] = i end return t end)()"
    assert encoded(calculator, made) == msgpack.packb(list(range(1, length + 1)))


@pytest.mark.parametrize("length", [1, 15, 16, 65535, 65536])
def test_a_map_of_any_length(calculator: Editor, length: int) -> None:
    made = f"(function() local t = {{}} for i = 1, {length} do t['k' .. i] = i end return t end)()"
    expected = {f"k{number}": number for number in range(1, length + 1)}
    assert msgpack.unpackb(encoded(calculator, made)) == expected


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=VALUES)
def test_any_value_is_read_back_by_python(calculator: Editor, value: Any) -> None:
    read = msgpack.unpackb(encoded(calculator, "...", value))
    assert same(sort(read), sort(as_lua_has_it(value)))


def sort(value: Any) -> Any:
    """Maps by their names, for Lua has no order; and one NaN for all."""
    if isinstance(value, float) and math.isnan(value):
        return math.nan
    if isinstance(value, dict):
        return {key: sort(value[key]) for key in sorted(value)}
    return [sort(item) for item in value] if isinstance(value, list) else value


def test_an_empty_table_is_a_list_and_an_empty_dict_a_map(calculator: Editor) -> None:
    assert encoded(calculator, "{}") == b"\x90"
    assert encoded(calculator, "vim.empty_dict()") == b"\x80"


def test_nil_inside_is_null(calculator: Editor) -> None:
    assert msgpack.unpackb(encoded(calculator, "{ a = vim.NIL, b = { 1, vim.NIL } }")) == {
        "a": None,
        "b": [1, None],
    }


def nested(depth: int, inside: str = "1") -> str:
    """An expression of Lua for so many tables inside one another."""
    return f"(function() local t = {inside} for _ = 1, {depth} do t = {{ a = t }} end return t end)()"


def test_thirty_tables_inside_one_another_are_written(calculator: Editor) -> None:
    read = msgpack.unpackb(encoded(calculator, nested(30)))
    for _ in range(30):
        read = read["a"]
    assert read == 1


def test_more_of_them_are_refused_by_their_place(calculator: Editor) -> None:
    err = refusal(calculator, nested(31))
    assert err["code"] == "INVALID_PARAMS"
    assert err["message"] == f"{'.'.join('a' * 30)} is nested deeper than 30 tables"


def test_a_table_that_holds_itself_is_refused(calculator: Editor) -> None:
    err = refusal(calculator, "(function() local t = { a = {} } t.a.b = t return t end)()")
    assert err["message"] == "a.b holds itself"


def test_a_table_that_occurs_twice_is_no_cycle(calculator: Editor) -> None:
    read = msgpack.unpackb(encoded(calculator, "(function() local t = { 1 } return { a = t, b = t } end)()"))
    assert read == {"a": [1], "b": [1]}


@pytest.mark.parametrize(
    ("lua", "message"),
    [
        ("{ options = { f = print } }", "options.f is a function, which cannot be sent"),
        ("{ prompt = 'a\\255b' }", "prompt is no UTF-8 text: "),
        ("{ ['\\255'] = 1 }", "a name in the params is no UTF-8 text: "),
        ("{ options = { 1, 2, x = 3 } }", "options has the key 1: a list has no holes and no named entries"),
        ("{ events = { [1] = 'a', [3] = 'b' } }", "events has the key "),
        ("{ [1.5] = 1 }", "the params has the key 1.5: "),
        ("print", "the params is a function, which cannot be sent"),
    ],
)
def test_what_cannot_be_sent_is_refused_by_its_name(calculator: Editor, lua: str, message: str) -> None:
    assert refusal(calculator, lua)["message"].startswith(message)


# The borders of each form of UTF-8, and what lies beyond them.
SOUND = ["", "a", "é", "🎹", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0010ffff"]
UNSOUND = [
    b"\x80",
    b"\xc0\x80",  # overlong
    b"\xc2",
    b"\xe0\x9f\x80",
    b"\xe2\x82",
    b"\xed\xa0\x80",  # a surrogate
    b"\xf0\x8f\x80\x80",
    b"\xf0\x9f\x8e",
    b"\xf4\x90\x80\x80",  # past the last character
    b"\xf5\x80\x80\x80",
    b"\xe2\x82\xe2\x82\xac",
    b"a\xffb",
]


@pytest.mark.parametrize("text", [*(text.encode() for text in SOUND), *UNSOUND])
def test_utf8_is_what_python_takes_for_it(calculator: Editor, text: bytes) -> None:
    assert calculator.lua("return require('lofi.encode').is_utf8(...)", text) == (text not in UNSOUND)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.binary() | st.lists(st.sampled_from([*(t.encode() for t in SOUND), *UNSOUND])).map(b"".join))
def test_utf8_of_random_bytes_too(calculator: Editor, text: bytes) -> None:
    try:
        text.decode()
    except UnicodeDecodeError:
        expected = False
    else:
        expected = True
    assert calculator.lua("return require('lofi.encode').is_utf8(...)", text) is expected
