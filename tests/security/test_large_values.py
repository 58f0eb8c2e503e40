"""A value as large as a message may be is answered at once, whatever parameter it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec.inspect as mi
import pytest

from lofi_core.rpc.methods import METHODS
from lofi_core.suggest import suggestion
from tests.rpc.raw import RawSocket
from tests.security.messages import SPARED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import DaemonProcess

SIZE = 1_000_000
NEEDED = {"prompt": "x", "track_id": "0" * 32, "job_id": "x", "backend": "sine", "path": "/nowhere/x.flac"}
NEEDED |= {"device": "null"}
LARGE: dict[type, list[Any]] = {
    mi.StrType: ["x" * SIZE, "a " * (SIZE // 2), "{a|" * (SIZE // 3)],
    mi.ListType: [["x"] * (SIZE // 4)],
    mi.DictType: [{f"k{number}": 1 for number in range(SIZE // 12)}, {"x" * SIZE: 1}],
}


def kinds(kind: mi.Type) -> Iterator[type]:
    match kind:
        case mi.Metadata(type=inner):
            yield from kinds(inner)
        case mi.UnionType(types):
            for part in types:
                yield from kinds(part)
        case _:
            yield type(kind)


def parameters() -> Iterator[Any]:
    """(method, parameter, the others that it needs) of all that take text, lists or maps."""
    for method in METHODS.values():
        info = mi.type_info(method.params)
        assert isinstance(info, mi.StructType)
        needed = {
            f.encode_name: NEEDED[f.encode_name]
            for f in info.fields
            if f.required and f.encode_name in NEEDED
        }
        for field in info.fields:
            for kind in kinds(field.type):
                if kind in LARGE and method.name not in SPARED:
                    yield pytest.param(
                        method.name, field.encode_name, needed, kind, id=f"{method.name}-{field.name}"
                    )


@pytest.fixture(scope="module")
def wire(victim: DaemonProcess) -> Iterator[RawSocket]:
    opened = RawSocket(victim.socket)
    yield opened
    opened.socket.close()


@pytest.mark.parametrize(("method", "name", "needed", "kind"), list(parameters()))
def test_a_value_of_a_megabyte_is_answered_and_is_no_fault_of_ours(
    wire: RawSocket, method: str, name: str, needed: dict[str, Any], kind: type
) -> None:
    for large in LARGE[kind]:
        _, _, error, _ = wire.ask([0, 1, method, [needed | {name: large}]])
        text = error[1] if error else ""
        assert not text.startswith(("INTERNAL_ERROR", "TRACK_WRITE_FAILED: listing")), text[:200]
        assert len(text) < 5000
    assert wire.is_served()


@pytest.mark.parametrize(
    ("method", "params", "said"),
    [
        ("tracks_list", {"query": "a " * 600}, "query: expected `str` of length <= 500"),
        ("subscribe", {"events": ["x"] * 201}, "events: expected `array` of length <= 200"),
        ("unsubscribe", {"events": ["x"] * 201}, "events: expected `array` of length <= 200"),
    ],
)
def test_what_is_compared_with_much_is_short(
    wire: RawSocket, method: str, params: dict[str, Any], said: str
) -> None:
    assert wire.error(method, [params]).startswith(f"INVALID_PARAMS: {said}")


def test_a_name_that_nobody_means_is_not_compared() -> None:
    assert suggestion("procedura", ["procedural"]) == "did you mean 'procedural'?"
    assert suggestion("x" * SIZE, ["x" * SIZE]) is None
