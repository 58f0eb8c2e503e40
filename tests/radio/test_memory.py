"""What does the radio still know after a restart, and how much may it keep?"""

import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lofi_core.radio import memory
from lofi_core.radio.memory import FILE_NAME, Remembered


class Calendar:
    """A clock that goes on by one second at every look."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


def _save(remembered: Remembered) -> None:
    content = remembered.unsaved()
    assert content is not None
    remembered.write(content)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / FILE_NAME


@pytest.fixture
def remembered(file: Path) -> Remembered:
    return Remembered(file, Calendar())


def test_everything_is_there_after_a_restart(remembered: Remembered, file: Path) -> None:
    station = {"prompts": ["rain"], "backend": "procedural", "options": {"vinyl": 0.2}}
    remembered.tuned(station)
    remembered.like("a")
    remembered.dislike("b")
    remembered.made("c", 100)
    _save(remembered)
    again = Remembered(file)
    assert again.station == station
    assert again.is_liked("a")
    assert again.is_disliked("b")
    assert again.is_own("c")
    assert again.size_bytes() == 100


def test_without_a_file_nothing_is_known(remembered: Remembered) -> None:
    assert remembered.station is None
    assert not remembered.is_liked("a")
    assert remembered.to_delete(0) == []


def test_a_like_takes_a_dislike_back_and_the_other_way_round(remembered: Remembered) -> None:
    remembered.dislike("a")
    remembered.like("a")
    assert (remembered.is_liked("a"), remembered.is_disliked("a")) == (True, False)
    remembered.dislike("a")
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
    remembered.dislike("c")
    assert remembered.to_delete(20) == ["c"]


def test_a_liked_track_never_goes_and_does_not_count(remembered: Remembered) -> None:
    for track_id in "abc":
        remembered.made(track_id, 10)
    remembered.like("a")
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
    remembered.like("a")
    remembered.dislike("b")
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
    with caplog.at_level(logging.WARNING, "lofi.files"):
        remembered = Remembered(file)
    assert remembered.station is None
    assert file.with_name("radio.json.damaged").read_bytes() == content
    assert str(file) in caplog.text
    remembered.like("a")
    _save(remembered)
    assert Remembered(file).is_liked("a")


def test_a_file_that_cannot_be_read_or_put_aside_does_not_stop_the_radio(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FILE_NAME).mkdir()
    (tmp_path / "radio.json.damaged").write_text("older")
    with caplog.at_level(logging.WARNING, "lofi.files"):
        assert Remembered(tmp_path / FILE_NAME).station is None
    assert "cannot be put aside" in caplog.text


def test_a_disk_that_is_full_leaves_the_old_file_and_is_told_of_once(
    remembered: Remembered, file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    remembered.like("a")
    _save(remembered)
    before = file.read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING, "lofi.files"):
        patch.setattr("os.fsync", full)
        remembered.like("b")
        _save(remembered)
        _save(remembered)  # it is still to be written
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]
    assert caplog.text.count("No space left on device") == 1
    _save(remembered)
    assert Remembered(file).is_liked("b")


def test_what_has_not_changed_is_not_written_again(remembered: Remembered) -> None:
    assert remembered.unsaved() is None
    remembered.tuned({"preset": "lofi"})
    assert remembered.unsaved() is not None
    remembered.tuned({"preset": "lofi"})
    remembered.heard("somebody else's")
    remembered.forget("unknown")
    remembered.unrate("unknown")
    assert remembered.unsaved() is None


def test_the_oldest_of_too_many_are_forgotten(
    remembered: Remembered, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for most in ("MOST_LIKED", "MOST_DISLIKED", "MOST_MADE"):
        monkeypatch.setattr(memory, most, 3)
    for number in range(5):
        remembered.like(f"l{number}")
        remembered.dislike(f"d{number}")
        remembered.made(f"m{number}", 10)
    assert [remembered.is_liked(f"l{number}") for number in range(5)] == [False, False, True, True, True]
    assert [remembered.is_disliked(f"d{number}") for number in range(5)] == [False, False, True, True, True]
    assert remembered.size_bytes() == 30
    monkeypatch.setattr(memory, "MOST_LIKED", 1)
    _save(remembered)
    again = Remembered(file)
    assert [again.is_liked(f"l{number}") for number in range(5)] == [False, False, False, False, True]


def test_what_is_known_fits_into_memory_and_a_small_file(remembered: Remembered) -> None:
    for number in range(memory.MOST_LIKED + 10):
        remembered.like(f"{number:032x}")
        remembered.made(f"{number:032x}", 25_000_000)
    assert len(remembered.unsaved() or b"") < 500_000
