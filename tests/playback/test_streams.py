"""When may a track that is being made begin? A clock of the test's own says how fast it comes."""

from __future__ import annotations

import pytest

from lofi_core import events as ev
from lofi_core.playback.pace import FIRST_MARGIN, LEAST_DOUBT
from lofi_core.playback.streams import LEAST_SEC, RENDERED_SEC, Stream, Streams

JOB = ("t" * 32, "j1")


class Making:
    """A job of so many seconds, at a time that the test sets."""

    def __init__(self, duration_sec: float) -> None:
        self.now = 0.0
        self.streams = Streams(lambda: self.now)
        self.streams.happened(ev.GenerationStart(*JOB, "p", duration_sec, 1, "b"))

    def has(self, available_sec: float, at: float) -> None:
        self.now = at
        self.streams.happened(ev.GenerationAudio(*JOB, "/spool.wav", available_sec, 0.0))

    @property
    def stream(self) -> Stream:
        stream = self.streams.of_track(JOB[0])
        assert stream is not None
        return stream

    @property
    def starts_in_sec(self) -> float | None:
        return self.streams.starts_in_sec(self.stream)


def test_one_that_is_faster_than_it_sounds_begins_once_a_little_is_there() -> None:
    making = Making(60.0)
    making.has(0.1, at=0.01)
    assert 0 < (making.starts_in_sec or 0) < LEAST_SEC
    making.has(0.6, at=0.06)
    assert making.starts_in_sec == 0


@pytest.mark.parametrize("chunk_sec", [0.1, 1.0])
@pytest.mark.parametrize("speed", [0.3, 0.5, 0.8, 0.95])
def test_begun_when_it_says_so_it_never_runs_dry_and_no_sooner_was_possible(
    speed: float, chunk_sec: float
) -> None:
    making, count, told_at = Making(60.0), 0, []
    while making.starts_in_sec != 0:
        count += 1
        making.has(count * chunk_sec, at=count * chunk_sec / speed)
        if making.stream.pace.is_measured:
            told_at.append(making.now + (making.starts_in_sec or 0.0))
    begun_at = making.now
    # What there is when the k-th piece comes is not heard through yet, with what the player keeps rendered.
    pieces = round(60.0 / chunk_sec)
    assert all(
        k * chunk_sec / speed - begun_at <= (k - 1) * chunk_sec - RENDERED_SEC
        for k in range(count + 1, pieces + 1)
    )
    ideal = 60.0 / speed - 60.0 + chunk_sec + RENDERED_SEC
    assert begun_at - ideal <= LEAST_DOUBT * 60.0 + chunk_sec / speed
    assert all(at == pytest.approx(begun_at, rel=0.2) for at in told_at)


def test_the_more_uneven_the_work_the_more_is_kept_in_hand() -> None:
    def starts_in_sec(*lengths: float) -> float:
        making, at = Making(60.0), 0.0
        for number in range(40):
            at += lengths[number % len(lengths)]
            making.has(0.5 * (number + 1), at)
        return making.starts_in_sec or 0.0

    assert starts_in_sec(1.0) < starts_in_sec(0.8, 1.2) < starts_in_sec(0.5, 1.5)


def test_after_one_piece_was_late_another_may_be() -> None:
    making = Making(60.0)
    for number in range(1, 11):
        making.has(0.5 * number, at=1.0 * number)
    before, speed = making.starts_in_sec or 0.0, making.stream.pace.speed
    making.has(5.5, at=13.0)
    assert making.stream.pace.latest_sec > 1.5
    making.has(6.0, at=13.0)  # it catches up
    making.has(6.5, at=13.0)
    assert making.stream.pace.speed == pytest.approx(speed)
    assert (making.starts_in_sec or 0.0) > before - 3.0 + 1.5


def test_what_becomes_slower_is_reckoned_at_the_speed_of_late() -> None:
    making = Making(60.0)
    for number in range(20):
        making.has(number + 1.0, at=0.5 * (number + 1))
    for number in range(20):
        making.has(21.0 + number, at=10.0 + 2.0 * (number + 1))
    assert making.stream.pace.speed == pytest.approx(0.5, rel=0.1)


def test_a_file_that_is_whole_begins_whatever_the_pace() -> None:
    making = Making(60.0)
    making.has(1.0, at=10.0)
    assert making.starts_in_sec != 0
    making.streams.happened(ev.GenerationAudio(*JOB, "/spool.wav", 55.0, 0.0, final=True))
    assert making.starts_in_sec == 0


def test_the_first_chunk_counts_from_the_start_and_a_later_one_from_the_first() -> None:
    making = Making(60.0)
    making.has(1.0, at=20.0)  # the model was loaded
    assert making.starts_in_sec == pytest.approx(59.0 / (0.05 * FIRST_MARGIN) + 1.0 + RENDERED_SEC - 60.0)
    making.has(5.0, at=21.0)
    assert making.starts_in_sec == 0


def test_chunks_that_come_in_a_bunch_do_not_make_a_slow_job_a_fast_one() -> None:
    making = Making(60.0)
    making.has(0.5, at=1.0)
    making.has(1.0, at=1.001)
    assert (making.starts_in_sec or 0) > 1.0


def test_a_paused_job_says_nothing_and_its_pause_does_not_count() -> None:
    making = Making(60.0)
    making.has(1.0, at=1.0)
    making.streams.happened(ev.GenerationPaused(*JOB))
    making.now = 100.0
    assert making.starts_in_sec is None
    making.streams.happened(ev.GenerationResumed(*JOB))
    making.has(1.5, at=101.0)
    assert making.stream.pace.speed == pytest.approx(0.5)


def test_nothing_can_be_said_before_there_is_sound() -> None:
    assert Making(60.0).starts_in_sec is None


@pytest.mark.parametrize(
    "end",
    [ev.GenerationCancelled(*JOB, 1, 2), ev.GenerationError(*JOB, "MODEL_INFERENCE_FAILED", "it broke")],
)
def test_a_job_that_is_over_is_forgotten(end: ev.Event) -> None:
    making = Making(60.0)
    making.streams.happened(end)
    assert making.streams.of_track(JOB[0]) is None
