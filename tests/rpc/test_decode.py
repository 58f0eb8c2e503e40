"""Params are understood in every dialect, and refused by name and value."""

import contextlib
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lofi_core.errors import InvalidParams
from lofi_core.rpc.decode import MAX_VALUES, decode_params, normalise
from lofi_core.rpc.params import (
    GenerateParams,
    HelloParams,
    NoParams,
    SubscribeParams,
    TracksListParams,
)
from tests.rpc.test_frames import values


def generate(**fields: Any) -> GenerateParams:
    return decode_params(msgpack.packb([{"prompt": "rain", **fields}]), GenerateParams)


def refusal(params: object, kind: type[Any] = GenerateParams) -> str:
    with pytest.raises(InvalidParams) as caught:
        decode_params(params if isinstance(params, bytes) else msgpack.packb(params), kind)
    return caught.value.text()


@pytest.mark.parametrize("params", [[], [{}], [[]]])
def test_nothing_may_be_sent_as_no_map_an_empty_map_or_an_empty_array(params: object) -> None:
    assert decode_params(msgpack.packb(params), NoParams) == NoParams()


@pytest.mark.parametrize("params", [b"\xdc\x00\x00", b"\xdc\x00\x01\x80", b"\x91\xde\x00\x00"])
def test_nothing_may_be_written_with_more_bytes_than_it_needs(params: bytes) -> None:
    assert decode_params(params, NoParams) == NoParams()


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ([{}, {}], "has 2 items"),
        ([[], []], "has 2 items"),
        ({}, "must be an array"),
        (None, "must be an array"),
        ("x", "must be an array"),
        ([None], "must hold a map"),
        ([["x"]], "must hold a map"),
    ],
)
def test_any_other_shape_is_refused(params: object, said: str) -> None:
    assert said in refusal(params, NoParams)


def test_text_may_come_as_bin_in_keys_and_values_at_any_depth() -> None:
    raw = msgpack.packb([{b"prompt": "café".encode(), b"options": {b"key": [b"value"]}}])
    params = decode_params(raw, GenerateParams)
    assert params.prompt == "café"
    assert params.options == {"key": ["value"]}


@pytest.mark.parametrize("seed", [7, 7.0])
def test_a_whole_float_is_an_integer(seed: float) -> None:
    assert generate(seed=seed).seed == 7


@pytest.mark.parametrize("duration", [30, 30.0])
def test_an_integer_is_a_float(duration: float) -> None:
    assert generate(duration_sec=duration).duration_sec == 30.0


def test_an_empty_array_is_an_empty_map_inside_params_too() -> None:
    assert generate(options=[]).options == {}
    assert decode_params(msgpack.packb([{"client": []}]), HelloParams).client is not None


def test_an_empty_list_of_events_stays_a_list() -> None:
    assert decode_params(msgpack.packb([{"events": []}]), SubscribeParams).events == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"seed": 7.5}, "seed: expected `int | null`, got `float` (is 7.5)"),
        ({"seed": float("nan")}, "(is nan)"),
        ({"seed": -1}, "seed: expected `int` >= 0 (is -1)"),
        ({"seed": 2**32}, "(is 4294967296)"),
        ({"prompt": 5}, "prompt: expected `str`, got `int` (is 5)"),
        ({"priority": "urgent"}, "priority: invalid enum value 'urgent'"),
        ({"duration_sec": "30"}, "duration_sec: expected `float`, got `str` (is '30')"),
        ({"play": 1}, "play: expected `bool`"),
        ({"options": ["x"]}, "options: expected `object`"),
    ],
)
def test_a_bad_value_is_refused_by_field_and_value(fields: dict[str, Any], said: str) -> None:
    assert said in refusal([{"prompt": "rain", **fields}])


def test_a_missing_field_is_named() -> None:
    assert refusal([{}]) == "INVALID_PARAMS: missing parameter `prompt`"


def test_an_unknown_field_is_named_with_the_one_that_was_meant() -> None:
    assert refusal([{"promt": "rain"}]) == (
        "INVALID_PARAMS: unknown parameter 'promt'\nhint: did you mean 'prompt'?"
    )


def test_an_unknown_field_like_nothing_known_gets_the_list() -> None:
    assert "known: limit, offset, query, favourite" in refusal([{"zzz": 1}], TracksListParams)


def test_an_unknown_field_of_a_method_without_fields_is_told_so() -> None:
    assert "takes no parameters" in refusal([{"x": 1}], NoParams)


@pytest.mark.parametrize("params", [b"\x91\x81\xa6prompt\xa2\xff\xfe", b"\x91\x81\xa6prompt\xc4\x02\xff\xfe"])
def test_invalid_utf8_is_refused_with_the_bytes(params: bytes) -> None:
    assert r"no UTF-8: invalid start byte b'\xff\xfe'" in refusal(params)


def test_a_map_with_unhashable_keys_is_refused() -> None:
    assert "cannot be read" in refusal(b"\x91\x81\x80\x01")


@pytest.mark.parametrize("depth", [100, 500, 900, 1020])
def test_params_nested_too_deep_are_refused(depth: int) -> None:
    assert refusal(b"\x91" * depth + b"\xc0", NoParams).startswith("INVALID_PARAMS: params")


def test_how_many_items_there_are_is_seen_from_their_head() -> None:
    assert refusal([{}] * 70_000, NoParams).startswith("INVALID_PARAMS: params must be an array of zero or")
    # Nothing behind it is read: there is nothing.
    assert "this one has 1048575 items" in refusal(b"\xdd\x00\x0f\xff\xff", NoParams)


@pytest.mark.parametrize(
    "many",
    [list(range(MAX_VALUES)), [[0] * 100] * 101, {str(number): 0 for number in range(MAX_VALUES + 1)}],
    ids=["a list", "lists", "a map"],
)
def test_more_values_than_any_method_takes_are_not_looked_at(many: object) -> None:
    with pytest.raises(InvalidParams, match="more than 10,000 values"):
        normalise({"option": many})
    assert "more than 10,000 values" in refusal([{"prompt": "rain", "option": many}])


def test_a_long_wrong_name_is_cut_short_in_the_reply() -> None:
    assert len(refusal([{"x" * 100_000: 1}])) < 1_000


@given(values)
def test_whatever_comes_is_params_or_refused(value: object) -> None:
    with contextlib.suppress(InvalidParams):
        assert isinstance(decode_params(msgpack.packb(value), TracksListParams), TracksListParams)


@given(values)
def test_normalising_twice_changes_nothing_more(value: object) -> None:
    try:
        once = normalise(value)
    except UnicodeDecodeError:
        return
    assert repr(normalise(once)) == repr(once)


@given(st.integers(-(2**53), 2**53))
def test_a_whole_float_normalises_to_its_integer(number: int) -> None:
    assert type(normalise(float(number))) is int
    assert normalise(float(number)) == number
