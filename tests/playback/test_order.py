"""What comes next, and who is current, as the list changes?"""

from __future__ import annotations

import random

import pytest

from lofi_core.errors import InvalidParams
from lofi_core.playback.playlist import MAX_ENTRIES, Entry, Playlist


def entry(name: str) -> Entry:
    return Entry(name, name, None, 1.0, f"/{name}.flac")


def playlist(names: str, **fields: object) -> Playlist:
    made = Playlist(random.Random(1))
    for name in names:
        made.add(entry(name))
    for field, value in fields.items():
        setattr(made, field, value)
    return made


def names(of: Playlist) -> str:
    return "".join(each.track_id for each in of.entries)


def current(of: Playlist) -> str | None:
    return of.current.track_id if of.current else None


def following(of: Playlist, *, skipping: bool = False) -> str | None:
    found = of.next(skipping=skipping)
    return found.track_id if found else None


def test_the_first_that_is_added_is_current() -> None:
    assert current(playlist("ab")) == "a"


def test_what_plays_stays_current_whatever_is_put_before_it_or_moved() -> None:
    of = playlist("abc", position=1)
    of.add(entry("x"), 0)
    of.add(entry("y"), 2)
    of.move(0, 4)
    assert (names(of), current(of)) == ("aybcx", "b")


def test_an_entry_behind_the_end_of_the_list_is_current_when_the_last_is_over() -> None:
    of = playlist("ab")
    of.end()
    assert current(of) is None
    of.add(entry("c"))
    assert current(of) == "c"


def test_removing_the_current_makes_the_one_behind_it_current() -> None:
    of = playlist("abc", position=1)
    of.remove(of.entries[1])
    assert current(of) == "c"
    of.remove(of.entries[0])
    assert current(of) == "c"
    of.remove(of.entries[0])
    assert current(of) is None


@pytest.mark.parametrize(
    ("repeat", "at_its_end", "skipped"), [("off", None, None), ("all", "a", "a"), ("one", "b", "a")]
)
def test_what_follows_the_last_entry(repeat: str, at_its_end: str | None, skipped: str | None) -> None:
    of = playlist("ab", position=1, repeat=repeat)
    assert (following(of), following(of, skipping=True)) == (at_its_end, skipped)


def test_what_cannot_be_played_is_passed_over() -> None:
    of = playlist("abc", repeat="all")
    broken = {of.entries[1].key}
    found = of.next(without=broken)
    assert found is of.entries[2]
    assert of.next(without={each.key for each in of.entries}) is None


def test_by_chance_each_comes_once_and_again_when_it_repeats() -> None:
    of = playlist("abcde", repeat="all")
    of.set_shuffle(True)
    heard = [current(of)]
    for _ in range(9):
        chosen = of.next()
        assert chosen is not None
        assert chosen is of.next()  # until something changes
        of.go_to(chosen)
        heard.append(chosen.track_id)
    assert sorted(str(name) for name in heard[:5]) == list("abcde")
    assert heard[5] != heard[4]
    assert names(of) == "abcde"


def test_by_chance_one_that_is_chosen_after_the_last_begins_another_round() -> None:
    of = playlist("ab")
    of.set_shuffle(True)
    for _ in range(2):  # told twice
        of.go_to(of.entries[1])
    assert following(of) is None
    of.go_to(of.entries[0])
    assert following(of) == "b"


@pytest.mark.parametrize("shuffled", [False, True])
def test_what_is_put_next_comes_next_and_the_second_of_them_behind_the_first(shuffled: bool) -> None:
    of = playlist("abcde", position=1)
    of.set_shuffle(shuffled)
    x, y = entry("x"), entry("y")
    of.add_next(x)
    of.add_next(y, after=x)
    assert names(of) == "abxycde"
    assert following(of) == "x"
    of.go_to(x)
    assert following(of) == "y"
    of.go_to(y)
    of.add_next(entry("z"), after=x)  # which has had its turn
    assert (names(of), following(of)) == ("abxyzcde", "z")


def test_what_is_added_and_removed_while_shuffled_is_in_the_draw_and_out_of_it() -> None:
    of = playlist("ab")
    of.set_shuffle(True)
    of.add(entry("c"))
    of.remove(of.entries[1])
    assert following(of) == "c"


def test_the_list_has_a_bound() -> None:
    of = playlist("a")
    of.entries *= MAX_ENTRIES
    with pytest.raises(InvalidParams, match="1,000"):
        of.add(entry("b"))


@pytest.mark.parametrize(("repeat", "coming"), [("off", "cd"), ("one", ""), ("all", "cda")])
def test_what_is_coming_is_told_in_its_order(repeat: str, coming: str) -> None:
    of = playlist("abcd", position=1, repeat=repeat)
    assert "".join(each.track_id for each in of.coming()) == coming


def test_what_is_coming_by_chance_is_what_comes() -> None:
    of = playlist("abcdef", position=2)
    of.set_shuffle(True)
    promised = of.coming(without={of.entries[4].key})
    assert sorted(each.track_id for each in promised) == list("abdf")
    for entry in promised:
        assert of.next(without={of.entries[4].key}) is entry
        of.go_to(entry)


def test_after_the_last_nothing_is_coming_but_what_is_added() -> None:
    of = playlist("ab")
    of.end()
    assert of.coming() == []
    of.add(entry("c"))
    of.end()
    assert [each.track_id for each in of.coming()] == []
