"""What does the radio still know after a restart, and how much may it keep?"""

import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lofi_core.radio import memory
from lofi_core.radio.memory import FILE_NAME, LastStation, Remembered


class Calendar:
    """A clock that goes on by one second at every look."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / FILE_NAME


@pytest.fixture
def remembered(file: Path) -> Remembered:
    return Remembered(file, Calendar())


def test_everything_is_there_after_a_restart(remembered: Remembered, file: Path) -> None:
    station = LastStation(prompts=["rain"], backend="procedural", options={"vinyl": 0.2}, crossfade_sec=4)
    remembered.tuned(station)
    remembered.like("a", "rain")
    remembered.dislike("b", "techno")
    remembered.made("c", 100)
    remembered.save()
    again = Remembered(file)
    assert again.station == station
    assert again.liked == {"a": "rain"}
    assert again.is_disliked("b")
    assert again.is_own("c")
    assert again.size_bytes() == 100


def test_without_a_file_nothing_is_known(remembered: Remembered) -> None:
    assert remembered.station is None
    assert remembered.liked == {}
    assert remembered.to_delete(0) == []


def test_a_like_takes_a_dislike_back_and_the_other_way_round(remembered: Remembered) -> None:
    remembered.dislike("a", "x")
    remembered.like("a", "x")
    assert (remembered.is_liked("a"), remembered.is_disliked("a")) == (True, False)
    remembered.dislike("a", "x")
    assert (remembered.is_liked("a"), remembered.is_disliked("a")) == (False, True)
    remembered.unrate("a")
    assert not remembered.is_disliked("a")


def test_what_was_heard_longest_ago_goes_first(remembered: Remembered) -> None:
    for track_id in "abcd":
        remembered.made(track_id, 10)
    remembered.heard("a")
    assert remembered.to_delete(20) == ["b", "c"]


def test_nothing_goes_as_long_as_it_fits(remembered: Remembered) -> None:
    remembered.made("a", 10)
    assert remembered.to_delete(10) == []


def test_a_disliked_track_goes_before_all_others(remembered: Remembered) -> None:
    for track_id in "abc":
        remembered.made(track_id, 10)
    remembered.dislike("c", "x")
    assert remembered.to_delete(20) == ["c"]


def test_a_liked_track_never_goes_and_does_not_count(remembered: Remembered) -> None:
    for track_id in "abc":
        remembered.made(track_id, 10)
    remembered.like("a", "x")
    assert remembered.size_bytes() == 20
    assert remembered.to_delete(0) == ["b", "c"]


def test_what_is_needed_stays_though_it_counts(remembered: Remembered) -> None:
    for track_id in "abc":
        remembered.made(track_id, 10)
    assert remembered.to_delete(10, keep={"a"}) == ["b", "c"]


def test_a_track_made_again_counts_once(remembered: Remembered) -> None:
    remembered.made("a", 10)
    remembered.made("a", 30)
    assert remembered.size_bytes() == 30


def test_hearing_somebody_elses_track_does_not_make_it_the_radios(remembered: Remembered) -> None:
    remembered.heard("a")
    assert not remembered.is_own("a")


def test_a_track_that_is_gone_is_forgotten_but_not_that_nobody_wants_it(remembered: Remembered) -> None:
    remembered.made("a", 10)
    remembered.made("b", 10)
    remembered.like("a", "x")
    remembered.dislike("b", "x")
    remembered.forget("a")
    remembered.forget("b")
    assert (remembered.is_own("a"), remembered.is_liked("a"), remembered.is_own("b")) == (False, False, False)
    assert remembered.is_disliked("b")


@given(st.dictionaries(st.text(max_size=3), st.integers(1, 50), max_size=12), st.integers(0, 200), st.data())
def test_what_stays_fits_unless_it_is_needed(sizes: dict[str, int], limit: int, data: st.DataObject) -> None:
    remembered = Remembered(Path("/nowhere") / FILE_NAME, Calendar())
    for track_id, size in sizes.items():
        remembered.made(track_id, size)
    keep = data.draw(st.sets(st.sampled_from(sorted(sizes)))) if sizes else set()
    gone = remembered.to_delete(limit, keep)
    assert not keep & set(gone)
    stays = sum(sizes.values()) - sum(sizes[track_id] for track_id in gone)
    assert stays <= max(limit, sum(sizes[track_id] for track_id in keep))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"liked": 3}', b"\xff\xfe", b'{"made": {"a": [1]}}'])
def test_a_damaged_file_is_put_aside_with_a_warning(
    file: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    file.write_bytes(content)
    with caplog.at_level(logging.WARNING, "lofi.radio"):
        remembered = Remembered(file)
    assert remembered.liked == {}
    assert file.with_name("radio.json.damaged").read_bytes() == content
    assert str(file) in caplog.text
    remembered.save()
    assert Remembered(file).liked == {}


def test_a_file_that_cannot_be_read_or_put_aside_does_not_stop_the_radio(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FILE_NAME).mkdir()
    (tmp_path / "radio.json.damaged").write_text("older")
    with caplog.at_level(logging.WARNING, "lofi.radio"):
        assert Remembered(tmp_path / FILE_NAME).station is None
    assert "cannot be put aside" in caplog.text


def test_a_disk_that_is_full_leaves_the_old_file(
    remembered: Remembered, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remembered.like("a", "rain")
    remembered.save()
    before = file.read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    remembered.like("b", "harp")
    with pytest.raises(OSError, match="No space left"):
        remembered.save()
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_the_oldest_of_too_many_are_forgotten(
    remembered: Remembered, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for most in ("MOST_LIKED", "MOST_DISLIKED", "MOST_MADE"):
        monkeypatch.setattr(memory, most, 3)
    for number in range(5):
        remembered.like(f"l{number}", "x")
        remembered.dislike(f"d{number}", "x")
        remembered.made(f"m{number}", 10)
    assert list(remembered.liked) == ["l2", "l3", "l4"]
    assert [remembered.is_disliked(f"d{number}") for number in range(5)] == [False, False, True, True, True]
    assert remembered.size_bytes() == 30
    monkeypatch.setattr(memory, "MOST_LIKED", 1)
    remembered.save()
    assert list(Remembered(file).liked) == ["l4"]


def test_what_is_known_fits_into_memory_and_a_small_file(remembered: Remembered) -> None:
    for number in range(memory.MOST_LIKED + 10):
        remembered.like(f"{number:032x}", "lofi hip hop, rhodes, 80 bpm")
        remembered.made(f"{number:032x}", 25_000_000)
    assert len(remembered.content()) < 500_000
