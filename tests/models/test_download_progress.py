"""Percent, speed and time left say what is known and nothing else."""

from lofi_core.models.progress import WINDOW_SEC, Tally

MEGABYTE = 1_000_000


def tally(total: int | None = 10 * MEGABYTE) -> Tally:
    made = Tally(["a", "b"])
    made.files["a"].total_bytes = total
    made.files["b"].total_bytes = 0
    return made


def receive(one: Tally, count: int) -> None:
    one.received(count)
    one.files["a"].done_bytes += count


def test_speed_and_time_left_are_those_of_the_last_seconds() -> None:
    one = tally()
    for second in range(10):
        receive(one, MEGABYTE // 2)
        one.look(float(second))
    assert one.bytes_per_sec == MEGABYTE / 2
    assert one.eta_sec == 10.0


def test_nothing_is_guessed_from_the_first_moments() -> None:
    one = tally()
    one.look(0.0)
    receive(one, 5)
    one.look(0.25)
    one.look(0.5)
    assert (one.bytes_per_sec, one.eta_sec) == (None, None)


def test_when_nothing_comes_any_more_there_is_no_end_in_sight() -> None:
    one = tally()
    receive(one, MEGABYTE)
    for tenth in range(int(WINDOW_SEC * 10) * 2):
        one.look(tenth / 10)
    assert (one.bytes_per_sec, one.eta_sec) == (0.0, None)


def test_percent_is_99_before_a_file_has_its_name() -> None:
    one = tally()
    receive(one, 10 * MEGABYTE)
    assert (one.percent, one.files["a"].percent) == (99, 99)
    one.files["a"].stage = "complete"
    assert (one.percent, one.files["a"].percent) == (99, 100)


def test_an_unknown_size_leaves_the_whole_unknown() -> None:
    one = tally(total=None)
    receive(one, 5)
    assert (one.total_bytes, one.percent, one.files["a"].percent) == (None, 0, 0)
