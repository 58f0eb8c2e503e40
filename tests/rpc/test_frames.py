"""A byte stream is cut into the same messages wherever the socket splits it."""

import contextlib
import tracemalloc

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lofi_core.errors import ParseError
from lofi_core.rpc.frames import MAX_MESSAGE_BYTES, FrameReader

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
NEVER_USED = b"\xc1"  # the one byte that msgpack gives no meaning


def of_size(size: int) -> bytes:
    """A message of exactly so many bytes: bin32, whose header takes five."""
    return b"\xc6" + (size - 5).to_bytes(4, "big") + bytes(size - 5)


@given(st.lists(values, max_size=6), st.data())
def test_any_split_of_the_stream_gives_the_same_messages(messages: list[object], data: st.DataObject) -> None:
    encoded = [msgpack.packb(message) for message in messages]
    stream = b"".join(encoded)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    reader = FrameReader()
    assert [frame for piece in pieces for frame in reader.feed(piece)] == encoded


@given(st.lists(values, min_size=1, max_size=3))
def test_byte_by_byte_each_message_comes_with_its_last_byte(messages: list[object]) -> None:
    encoded = [msgpack.packb(message) for message in messages]
    reader = FrameReader()
    for message in encoded:
        *early, last = (list(reader.feed(bytes([byte]))) for byte in message)
        assert early == [[]] * len(early)
        assert last == [message]


@given(st.binary(max_size=200))
def test_whatever_comes_is_cut_without_loss_or_refused(garbage: bytes) -> None:
    frames: list[bytes] = []
    with contextlib.suppress(ParseError):
        frames.extend(FrameReader().feed(garbage))
    assert garbage.startswith(b"".join(frames))


def test_a_message_of_exactly_the_limit_passes() -> None:
    assert list(FrameReader().feed(of_size(MAX_MESSAGE_BYTES))) == [of_size(MAX_MESSAGE_BYTES)]


def test_a_message_one_byte_over_the_limit_is_refused_with_the_limit() -> None:
    with pytest.raises(ParseError, match=r"limit of 1048576"):
        list(FrameReader().feed(of_size(MAX_MESSAGE_BYTES + 1)))


def test_a_message_over_the_limit_is_refused_before_it_is_whole() -> None:
    reader = FrameReader(max_bytes=100)
    assert list(reader.feed(of_size(10_000)[:100])) == []
    with pytest.raises(ParseError):
        list(reader.feed(b"\x00"))


def test_the_limit_is_for_one_message_not_for_what_one_read_brings() -> None:
    assert len(list(FrameReader(max_bytes=100).feed(of_size(90) * 50))) == 50


@pytest.mark.parametrize("header", [b"\xdb", b"\xc6", b"\xdd", b"\xdf"])
def test_a_header_that_promises_four_gigabytes_just_waits(header: bytes) -> None:
    assert list(FrameReader().feed(header + b"\xff\xff\xff\xff")) == []


def test_sound_messages_before_garbage_are_handed_out() -> None:
    frames = FrameReader().feed(b"\x01\x02" + NEVER_USED)
    assert [next(frames), next(frames)] == [b"\x01", b"\x02"]
    with pytest.raises(ParseError, match="no msgpack"):
        next(frames)


def test_a_message_nested_too_deep_to_scan_is_called_that() -> None:
    with pytest.raises(ParseError, match="nested"):
        list(FrameReader().feed(b"\x91" * 5000 + b"\xc0"))


def test_a_reader_takes_little_memory_before_anything_came() -> None:
    tracemalloc.start()
    try:
        readers = [FrameReader() for _ in range(10)]
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken / len(readers) < 100_000  # a megabyte for each of 500 clients would be felt
