"""What waits for a slow client: all that matters, in order, and not without bound."""

from hypothesis import given
from hypothesis import strategies as st

from lofi_core.rpc import outbox as bounds
from lofi_core.rpc.outbox import Outbox


def test_messages_leave_in_the_order_they_came() -> None:
    outbox = Outbox()
    for message in (b"a", b"b", b"c"):
        outbox.add(message)
    assert outbox.take() == b"abc"


def test_a_later_progress_takes_the_place_of_an_unsent_one_at_the_end() -> None:
    outbox = Outbox()
    outbox.add(b"10%,", "job")
    outbox.add(b"paused,")
    outbox.add(b"20%,", "job")
    assert outbox.take() == b"paused,20%,"


def test_progress_of_one_job_leaves_that_of_another_alone() -> None:
    outbox = Outbox()
    outbox.add(b"a10,", "a")
    outbox.add(b"b10,", "b")
    outbox.add(b"a20,", "a")
    assert outbox.take() == b"b10,a20,"


def test_progress_after_a_flush_replaces_nothing() -> None:
    outbox = Outbox()
    outbox.add(b"10%,", "job")
    assert outbox.take() == b"10%,"
    outbox.add(b"20%,", "job")
    assert outbox.take() == b"20%,"


@given(st.lists(st.tuples(st.sampled_from("ab"), st.booleans()), max_size=40))
def test_responses_and_terminal_events_are_all_kept_in_order(script: list[tuple[str, bool]]) -> None:
    outbox = Outbox()
    kept = []
    for serial, (job, coalesces) in enumerate(script):
        message = f"{serial} ".encode()
        outbox.add(message, job if coalesces else None)
        if not coalesces:
            kept.append(message)
    sent = [part + b" " for part in outbox.take().split()]
    assert [message for message in sent if message in kept] == kept
    assert sent == sorted(sent, key=int)


@given(st.lists(st.tuples(st.binary(max_size=9), st.sampled_from([None, "a", "b"])), max_size=40))
def test_the_size_is_that_of_what_waits(script: list[tuple[bytes, str | None]]) -> None:
    outbox = Outbox()
    for message, key in script:
        outbox.add(message, key)
    assert outbox.size_bytes == len(outbox.take())
    assert outbox.size_bytes == 0
    assert not outbox


def test_progress_alone_never_overflows() -> None:
    outbox = Outbox()
    for _ in range(bounds.MAX_BACKLOG_MESSAGES + 10):
        outbox.add(bytes(1000), "job")
    assert not outbox.overflowing


def test_too_many_bytes_overflow() -> None:
    outbox = Outbox()
    outbox.add(bytes(bounds.MAX_BACKLOG_BYTES))
    assert not outbox.overflowing
    outbox.add(b"x")
    assert outbox.overflowing


def test_too_many_messages_overflow() -> None:
    outbox = Outbox()
    for _ in range(bounds.MAX_BACKLOG_MESSAGES):
        outbox.add(b"x")
    assert not outbox.overflowing
    outbox.add(b"x")
    assert outbox.overflowing
