"""What prompts mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from lofi_procedural.words import Key, find_key, parse_key, read_prompt
from lofi_procedural.words.lexicon import TERMS


@pytest.mark.parametrize(
    ("text", "bpm"),
    [
        ("rhodes, 75 bpm", 75.0),
        ("92BPM beats", 92.0),
        ("bpm: 84", 84.0),
        ("at 70.5 bpm", 70.5),
        ("tempo 92", 92.0),
        ("Tempo: 110, sad", 110.0),
        ("with a tempo of 66", 66.0),
    ],
)
def test_a_stated_tempo_is_read(text: str, bpm: float) -> None:
    assert read_prompt(text).tempo == bpm


def test_a_number_without_its_unit_is_no_tempo() -> None:
    assert read_prompt("80 sheep on a hill").tempo is None


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("something in D minor", Key(2, "minor")),
        ("F# major", Key(6, "major")),
        ("b-flat lydian dream", Key(10, "lydian")),
        ("C sharp minor please", Key(1, "minor")),
        ("slow Am guitar", Key(9, "minor")),
        ("in the key of g", Key(7, "major")),
        ("rhodes, key: F", Key(5, "major")),
        ("key = Bb, slow", Key(10, "major")),
        ("warm keys in Eb", Key(3, "major")),
    ],
)
def test_a_key_is_found_in_a_sentence(text: str, key: Key) -> None:
    assert find_key(text)[0] == key


@pytest.mark.parametrize("text", ["in a café", "a day in b roads", "majorette", "be minor-league"])
def test_an_article_is_no_key(text: str) -> None:
    assert find_key(text)[0] is None


@pytest.mark.parametrize(
    ("text", "key"), [("d minor", Key(2, "minor")), ("F#", Key(6, "major")), ("Bbm", Key(10, "minor"))]
)
def test_a_key_option_may_be_short(text: str, key: Key) -> None:
    assert parse_key(text) == key


@pytest.mark.parametrize("text", ["h minor", "loud", "d minor please", ""])
def test_what_names_no_key_is_refused(text: str) -> None:
    assert parse_key(text) is None


@pytest.mark.parametrize(
    "text", ["no drums", "without any drums", "minus the beats", "rhodes without percussion"]
)
def test_a_negation_takes_a_part_out(text: str) -> None:
    assert "drums" in read_prompt(text).without


def test_one_negation_covers_what_it_links() -> None:
    assert read_prompt("without drums and bass").without == {"drums", "bass"}


def test_a_comma_ends_a_negation() -> None:
    brief = read_prompt("no drums, bass")
    assert brief.without == {"drums"}
    assert brief.instruments == ("bass",)


def test_synonyms_and_plurals_mean_the_same() -> None:
    assert read_prompt("electric pianos").instruments == read_prompt("rhodes").instruments == ("rhodes",)


@pytest.mark.parametrize("text", ["thunderstorm", "a rainstorm outside"])
def test_a_storm_brings_rain(text: str) -> None:
    assert read_prompt(text).textures["rain"] > 0


def test_the_longest_phrase_wins() -> None:
    assert read_prompt("felt piano").instruments == ("felt",)


def test_mood_words_set_valence_and_tempo() -> None:
    assert read_prompt("happy").valence > 0 > read_prompt("sad").valence
    assert read_prompt("sleepy").tempo_shift < 0 < read_prompt("upbeat").tempo_shift


def test_textures_are_named_with_an_amount() -> None:
    assert read_prompt("heavy rain").textures["rain"] > read_prompt("light rain").textures["rain"] > 0
    assert read_prompt("no vinyl").textures["vinyl"] == 0


@pytest.mark.parametrize(
    ("text", "meter"),
    [
        ("a waltz", 3),
        ("piano in 3/4", 3),
        ("4/4 beat", 4),
        ("lofi", 4),
        ("no waltz", 4),
        ("13/4", 4),
        ("3/4/2025", 4),
    ],
)
def test_a_meter_is_read(text: str, meter: int) -> None:
    assert read_prompt(text).meter == meter


def test_what_was_not_understood_is_told() -> None:
    brief = read_prompt("rainy xyzzy rhodes")
    assert brief.unknown == ("xyzzy",)
    assert brief.understood == ("rainy", "rhodes")


def test_every_word_of_the_lexicon_is_documented() -> None:
    page = Path(__file__).parents[2].joinpath("docs", "procedural.md").read_text()
    assert [word for term in TERMS for word in term.words if word not in page] == []


def test_no_word_has_two_meanings() -> None:
    words = [word for term in TERMS for word in term.words]
    assert len(words) == len(set(words))
