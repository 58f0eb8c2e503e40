"""What might a hostile client say? Requests after the schemas of METHODS, and what accidents make of them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import hypothesis
import msgpack
import msgspec.inspect as mi
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from lofi_core.rpc.methods import METHODS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

# It would end what is under attack. That it does is in tests/rpc.
SPARED = {"shutdown"}
NESTED_BEYOND_READING = b"\x91" * 3000
# Headers that promise what never comes, and types that no message has.
BAD_BYTES = [
    b"\xc1",
    b"\xdd\xff\xff\xff\xff",
    b"\xdf\xff\xff\xff\xff",
    b"\xc6\x7f\xff\xff\xff",
    b"\xc7\xff\x01",
]
BAD_BYTES += [b"\xdb\x00\x0f\xff\xff", b"\x94\x00", b"\x93\x02", b"\xcf" + b"\xff" * 8, b"\x00" * 40]
BAD_BYTES += [b"\xd8", b"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", NESTED_BEYOND_READING]

# Whoever sends a call puts a track that there is, and a path that may be written to, in place of these.
A_TRACK, A_PATH = "0" * 32, "here.flac"
CROSSED_SHAPE = 0.1  # of calls whose params are no map with something in it
WORDS = [
    "sine",
    "procedural",
    "null",
    "default",
    "jazz",
    "lofi-girl",
    "generation_",
    A_TRACK,
    "normal",
    "all",
]
PATHS = [
    A_PATH,
    "/",
    "/tmp",
    "/dev/null",
    "/dev/full",
    "/proc/self/mem",
    "../x.flac",
    "~/x.flac",
    "/tmp/a\0b.flac",
    "x",
]
NASTY = [
    "\x1b]0;owned\x07",
    "\u202egnp.exe",
    "a\n2026-01-01 00:00:00,000 ERROR   lofi: forged",
    "%s%n{0}",
    "\0",
    "%{system('id')}",
    "é" * 400,
]
NASTY += ["\ud7ff\ue000", "'; DROP TABLE tracks; --", "x" * 5000, "<b>&amp;", "$(id)`id`", "👩‍👩‍👧" * 50]

text = st.one_of(st.sampled_from(WORDS), st.sampled_from(PATHS), st.sampled_from(NASTY), st.text(max_size=40))
number = st.one_of(
    st.integers(-3, 70),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=True, allow_infinity=True),
)
atom = st.one_of(st.none(), st.booleans(), number, text, st.binary(max_size=20))
extension = st.builds(msgpack.ExtType, st.integers(0, 127), st.binary(max_size=8))
anything = st.recursive(
    atom | extension,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text | number, inner, max_size=4),
    max_leaves=12,
)


NAMED: dict[str, st.SearchStrategy[Any]] = {
    "backend": st.sampled_from(["sine", "procedural"]),
    "track_id": st.just(A_TRACK),
    "path": st.just(A_PATH),
    "device": st.sampled_from(["null", "default"]),
    "preset": st.sampled_from(["deep-work", "rainy-night"]),
    "format": st.sampled_from(["flac", "wav", "ogg", "opus", "mp3"]),
    "duration_sec": st.floats(1, 8),
    "prompts": st.lists(text, min_size=1, max_size=3),
}


def mostly(usual: st.SearchStrategy[Any], *others: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """The usual value, and each of the others one time in a dozen."""
    return st.sampled_from([usual] * 12 + list(others)).flatmap(lambda chosen: chosen)


def of_field(field: mi.Field) -> st.SearchStrategy[Any]:
    """Values for a parameter: mostly such that there is something to do, else by type, else anything."""
    named = NAMED.get(field.encode_name, valid(field.type))
    return mostly(named, valid(field.type), anything)


OF_TYPE: dict[type, Callable[[Any], st.SearchStrategy[Any]]] = {
    mi.UnionType: lambda kind: st.one_of(*map(valid, kind.types)),
    mi.IntType: lambda kind: st.integers(
        -1 if kind.ge is None else kind.ge, 2**32 if kind.le is None else kind.le
    ),
    mi.FloatType: lambda kind: st.floats(kind.ge or 0, 3.0 if kind.le is None else kind.le),
    mi.BoolType: lambda _: st.booleans(),
    mi.NoneType: lambda _: st.none(),
    mi.StrType: lambda _: text,
    mi.LiteralType: lambda kind: st.sampled_from(kind.values),
    mi.ListType: lambda kind: st.lists(valid(kind.item_type), max_size=4),
    mi.DictType: lambda _: st.dictionaries(text, anything, max_size=3),
    mi.Metadata: lambda kind: valid(kind.type),  # its description does not matter here
    mi.AnyType: lambda _: anything,
}


def valid(kind: mi.Type) -> st.SearchStrategy[Any]:
    """Values of a parameter's type, within its bounds where it has some."""
    return fields_of(kind.cls) if isinstance(kind, mi.StructType) else OF_TYPE[type(kind)](kind)


@cache
def fields_of(struct: type) -> st.SearchStrategy[dict[Any, Any]]:
    """A map after a struct: most values right, some anything, and now and then a field that there is not."""
    info = mi.type_info(struct)
    assert isinstance(info, mi.StructType)
    values = {field.encode_name: of_field(field) for field in info.fields}
    needed = {field.encode_name: values.pop(field.encode_name) for field in info.fields if field.required}
    right = st.fixed_dictionaries(needed, optional=values)
    wrong = st.builds(lambda known, more: known | more, right, st.dictionaries(text, anything, max_size=2))
    return mostly(right, wrong)


def _call(name: str) -> st.SearchStrategy[tuple[Any, Any]]:
    params = fields_of(METHODS[name].params).map(lambda fields: [fields] if fields else [])
    return st.tuples(st.sampled_from([name, name.encode()]), mostly(params, anything))


# (method, params): of every method alike, and of some that there are not.
calls = st.one_of(
    *[_call(name) for name in METHODS if name not in SPARED],
    st.tuples(text | st.binary(max_size=9), anything),
)


def drawn_calls(count: int, seed: int) -> list[tuple[Any, Any]]:
    """So many calls, always the same for a seed."""
    found: list[tuple[Any, Any]] = []

    @hypothesis.seed(seed)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(calls)
    def collect(call: tuple[Any, Any]) -> None:
        found.append(call)

    while len(found) < count:
        collect()
    return found[:count]


def crossed(call: tuple[Any, Any], others: Sequence[tuple[Any, Any]], chance: Random) -> tuple[Any, Any]:
    """A call with one value, or all its params, of another."""
    (method, params), (_, theirs) = call, chance.choice(others)
    match params, theirs:
        case [dict(mine)], [dict(more)] if mine and more:
            name = chance.choice([*mine])
            return method, [{**mine, name: more.get(name, more[chance.choice([*more])])}]
        case _:
            return (method, theirs) if chance.random() < CROSSED_SHAPE else call


def settled(call: tuple[Any, Any], track_id: str, path: str) -> tuple[Any, Any]:
    """A call with a track that there is and a path that may be written to, where it says so."""
    match call:
        case method, [dict(fields)]:
            meant = {A_TRACK: track_id, A_PATH: path}
            return method, [
                {name: meant.get(v, v) if isinstance(v, str) else v for name, v in fields.items()}
            ]
        case _:
            return call


def request(msgid: int, call: tuple[Any, Any]) -> bytes:
    """A call as it goes over the wire."""
    packed: bytes = msgpack.packb([0, msgid, *call], unicode_errors="surrogatepass")
    return packed


def notification(call: tuple[Any, Any]) -> bytes:
    """A call that wants no answer."""
    packed: bytes = msgpack.packb([2, *call], unicode_errors="surrogatepass")
    return packed


def mutated(frame: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    """A request after one to four accidents: bits, bytes, pieces lost, doubled, or of another request."""
    data = bytearray(frame)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        to = min(len(data), at + chance.randint(0, 12))
        match chance.randrange(7):
            case 0 if at < len(data):
                data[at] ^= 1 << chance.randrange(8)
            case 1 if at < len(data):
                data[at] = chance.randrange(256)
            case 2:
                data[at:at] = chance.choice(BAD_BYTES)
            case 3:
                del data[at:to]
            case 4:
                data[at:at] = data[at:to] * chance.randint(1, 50)
            case 5:
                del data[at:]
            case _:
                other = chance.choice(others)
                data[at:] = other[chance.randrange(len(other)) :]
    return bytes(data)
