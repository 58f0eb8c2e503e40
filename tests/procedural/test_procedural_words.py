"""What prompts mean."""

from __future__ import annotations

import pytest

from lofi_procedural.metre import METRES
from lofi_procedural.players import BASSES, LEADS
from lofi_procedural.score.chords import SCALES
from lofi_procedural.score.grooves import GROOVES
from lofi_procedural.sound.textures import TEXTURES
from lofi_procedural.sound.timbres import TIMBRES
from lofi_procedural.sound.voices import VOICES
from lofi_procedural.words import Key, find_key, parse_key, read_prompt
from lofi_procedural.words.lexicon import lexicon


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


def test_no_thunderstorm_is_neither_rain_nor_thunder() -> None:
    assert read_prompt("no thunderstorm").textures == {"rain": 0.0, "thunder": 0.0}


def test_the_longest_phrase_wins() -> None:
    assert read_prompt("felt piano").instruments == ("felt",)


def test_mood_words_set_valence_and_tempo() -> None:
    assert read_prompt("happy").valence > 0 > read_prompt("sad").valence
    assert read_prompt("sleepy").tempo_shift < 0 < read_prompt("upbeat").tempo_shift


def test_textures_are_named_with_an_amount() -> None:
    assert read_prompt("heavy rain").textures["rain"] > read_prompt("light rain").textures["rain"] > 0
    assert read_prompt("no vinyl").textures["vinyl"] == 0


@pytest.mark.parametrize(
    ("text", "metre"),
    [
        ("a waltz", "3/4"),
        ("piano in 3/4", "3/4"),
        ("4/4 beat", "4/4"),
        ("rhodes in 6/8 time", "6/8"),
        ("six-eight ballad", "6/8"),
        ("lofi", "4/4"),
        ("no waltz", "4/4"),
        ("13/4", "4/4"),
        ("3/4/2025", "4/4"),
    ],
)
def test_a_metre_is_read(text: str, metre: str) -> None:
    assert read_prompt(text).metre.name == metre


def test_a_metre_that_there_is_not_is_not_understood() -> None:
    brief = read_prompt("rhodes in 5/4")
    assert brief.metre.name == "4/4"
    assert brief.unknown == ("5/4",)


def test_what_was_not_understood_is_told() -> None:
    brief = read_prompt("rainy xyzzy rhodes")
    assert brief.unknown == ("xyzzy",)
    assert tuple(brief.understood) == ("rainy", "rhodes")


def test_what_was_understood_says_what_it_asks_for() -> None:
    assert read_prompt("300 bpm in D minor, not sad, no drums, heavy rain").understood == {
        "D minor": "key D minor",
        "300 bpm": "200 BPM, the fastest there is",
        "not sad": "+2.5 BPM, major 0.5",
        "no drums": "without `drums`",
        "heavy rain": "-2 BPM, minor 0.2, texture `rain` 1",
    }


def test_no_word_has_two_meanings() -> None:
    words = [word for terms in lexicon().terms.values() for term in terms for word in term.words]
    assert len(words) == len(set(words))


def test_every_phrase_of_the_lexicon_is_found_by_itself() -> None:
    for term in (term for terms in lexicon().terms.values() for term in terms):
        for word in term.words:
            assert read_prompt(word).understood == {word: term.meaning(strength=0.6)}


def test_everything_that_the_words_name_is_there() -> None:
    terms = [term for terms in lexicon().terms.values() for term in terms]
    parts = {"drums", "bass", "melody", "chords"}
    assert {term.instrument for term in terms} - {None} <= {*TIMBRES, *VOICES, *parts}
    assert {texture for term in terms for texture in term.textures} == {*TEXTURES}
    styles = [term.style for term in terms if term.style is not None]
    assert {name for style in styles for name in (*style.chords, *style.leads)} <= {*LEADS}
    assert {name for style in styles for name in style.basses} <= {*BASSES}
    grooves = {term.groove for term in terms} | {name for style in styles for name in style.grooves}
    assert grooves - {None, "none"} <= {*GROOVES}
    assert {term.metre for term in terms} - {None} <= {*METRES}
    assert {term.mode for term in terms} - {None} <= {*SCALES}


@pytest.mark.parametrize(
    ("text", "without", "instruments"),
    [
        ("no drums or bass", {"drums", "bass"}, ()),
        ("without the drums and the bass", {"drums", "bass"}, ()),
        ("no drums, no bass", {"drums", "bass"}, ()),
        ("no drums and warm pads", {"drums"}, ("pad",)),
        ("no drums with piano", {"drums"}, ("piano",)),
        ("no loud drums, piano", {"drums"}, ("piano",)),
        ("drum-free rhodes", {"drums"}, ("rhodes",)),
        ("not too sad piano", set(), ("piano",)),
    ],
)
def test_a_negation_reaches_as_far_as_it_is_meant(
    text: str, without: set[str], instruments: tuple[str, ...]
) -> None:
    brief = read_prompt(text)
    assert brief.without == without
    assert brief.instruments == instruments


@pytest.mark.parametrize("text", ["no vocals", "without singing", "no drums or vocals"])
def test_what_there_never_is_may_be_negated(text: str) -> None:
    assert read_prompt(text).unknown == ()
    assert read_prompt("vocals").unknown == ("vocals",)


@pytest.mark.parametrize(
    ("text", "solo"),
    [
        ("drums only", True),
        ("only drums", True),
        ("just the drums", True),
        ("solo, sad piano", True),
        ("only soft piano", True),
        ("piano and bass only", True),
        ("harp alone, rain", True),
        ("just chill beats", False),
        ("only the best lofi beats", False),
        ("walking alone at night, piano", False),
    ],
)
def test_solo_leaves_only_what_is_named(text: str, solo: bool) -> None:
    assert read_prompt(text).solo is solo


def test_heavy_drums_play_more_than_light_ones() -> None:
    assert (
        read_prompt("heavy drums").density > read_prompt("drums").density > read_prompt("light beat").density
    )
    assert read_prompt("heavy piano").unknown == ("heavy",)


def test_the_later_of_two_styles_decides() -> None:
    style = read_prompt("jazz hop, synthwave").style
    assert style is not None
    assert (style.name, style.basses, style.swing) == ("jazz hop, synthwave", ("synth_bass",), 0.5)


def test_plurals_of_every_kind_are_known() -> None:
    assert read_prompt("brushes, lullabies, strings").unknown == ()
