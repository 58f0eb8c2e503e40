"""Prompts as people write them: turns of speech, verbs, and words that only look like others."""

from __future__ import annotations

import pytest

from lofi_procedural.words import Key, find_key, read_prompt


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("don't use any drums", {"drums"}),
        ("I don\u2019t want drums, please", {"drums"}),
        ("do not include a piano", {"piano"}),
        ("avoid bass", {"bass"}),
        ("guitar instead of piano", {"piano"}),
        ("no drums & bass", {"drums", "bass"}),
        ("no drums/bass", {"drums", "bass"}),
        ("flute w/o drums", {"drums"}),
        ("drums off, piano", {"drums"}),
        ("off-beat drums", set()),
        ("no drums, play piano", {"drums"}),
    ],
)
def test_a_negation_is_said_in_many_ways(text: str, without: set[str]) -> None:
    assert read_prompt(text).without == without


def test_a_mood_is_negated_behind_a_verb() -> None:
    assert read_prompt("without sounding too sad").valence > 0
    assert read_prompt("less busy").density < 0.5 < read_prompt("busy").density


@pytest.mark.parametrize("text", ["good vibes only", "Minecraft vibes", "chill vibe", "my house by the sea"])
def test_a_turn_of_speech_names_no_instrument_and_no_style(text: str) -> None:
    brief = read_prompt(text)
    assert (brief.instruments, brief.solo, brief.groove) == ((), False, None)


@pytest.mark.parametrize(
    "text", ["just dreamy lofi", "only christmas music", "just synthwave", "only ambient"]
)
def test_a_mood_or_style_that_brings_an_instrument_is_no_soloist(text: str) -> None:
    assert not read_prompt(text).solo
    assert read_prompt(text).instruments


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("not dreamy, warm pads", "dreamy"),
        ("less dreamy, pads", "dreamy"),
        ("not ambient, soft pads", "ambient"),
    ],
)
def test_a_mood_that_is_negated_takes_no_instrument_out(text: str, word: str) -> None:
    brief = read_prompt(text)
    assert (brief.instruments, brief.without, brief.unknown) == (("pad",), frozenset(), ())
    assert brief.tempo_shift > 0
    assert "without" not in brief.understood[f"not {word}"]


@pytest.mark.parametrize("text", ["city pop", "surf rock", "wind instruments", "wind chimes"])
def test_a_turn_of_speech_names_no_texture(text: str) -> None:
    assert read_prompt(text).textures == {}


def test_spaces_and_line_breaks_are_one_space() -> None:
    brief = read_prompt("rho\u00addes\n in the  key \t of  g,\nat  90")
    assert (brief.instruments, brief.tempo, brief.unknown) == (("rhodes",), 90.0, ())
    assert brief.key == Key(7, "major")


def test_no_reaches_past_a_mood_to_its_instrument() -> None:
    assert read_prompt("no dreamy pads").without == {"pad"}


@pytest.mark.parametrize(
    ("text", "instruments"),
    [
        ("piano keys", ("piano",)),
        ("rhodes piano", ("rhodes",)),
        ("Wurlitzer electric piano", ("rhodes",)),
        ("lead guitar", ("electric_guitar",)),
        ("string quartet", ("strings",)),
        ("nothing but piano", ("piano",)),
        ("bass clarinet and a tape recorder", ("clarinet",)),
        ("ukelele and chimes", ("ukulele", "music_box")),
    ],
)
def test_one_name_of_several_words_is_one_instrument(text: str, instruments: tuple[str, ...]) -> None:
    assert read_prompt(text).instruments == instruments


@pytest.mark.parametrize(
    ("text", "textures"),
    [
        ("soft rain", {"rain": 0.35}),
        ("a little bit of vinyl", {"vinyl": 0.35}),
        ("lots of rain", {"rain": 1.0}),
        ("busy café", {"cafe": 0.9}),
        ("less vinyl, more rain", {"vinyl": 0.3, "rain": 0.85}),
        ("crackling fire", {"fireplace": 0.6}),
        ("fireplace crackles", {"fireplace": 0.6}),
        ("no background noise", {"vinyl": 0.0}),
        ("city traffic noise", {"city": 0.6}),
    ],
)
def test_how_much_of_a_texture_is_said_in_many_ways(text: str, textures: dict[str, float]) -> None:
    brief = read_prompt(text)
    assert brief.textures == textures
    assert brief.density == 0.5


@pytest.mark.parametrize("text", ["only rain", "just rain and thunder", "heavy rain only", "rain, no music"])
def test_a_texture_may_be_all_that_is_asked_for(text: str) -> None:
    brief = read_prompt(text)
    assert brief.without == {"chords", "melody", "bass", "pad", "drums"}
    assert brief.textures["rain"] > 0


@pytest.mark.parametrize("text", ["just rainy vibes", "only the best rain songs", "solo, a rainy night"])
def test_what_only_has_a_texture_in_it_is_music(text: str) -> None:
    assert read_prompt(text).without == frozenset()


def test_no_solo_asks_for_a_band_and_no_swing_for_even_eighths() -> None:
    assert not read_prompt("guitar, no solo").solo
    assert read_prompt("jazz, no swing").swing == 0.5
    assert read_prompt("no fade out").ending is None


@pytest.mark.parametrize(
    ("text", "bpm"),
    [("70-80 bpm", 75.0), ("70 – 80 BPM", 75.0), ("between 60 and 70 bpm", 65.0), ("Bb minor at 70", 70.0)],  # noqa: RUF001
)
def test_a_tempo_may_be_a_range_or_lack_its_unit_behind_at(text: str, bpm: float) -> None:
    assert read_prompt(text).tempo == bpm


@pytest.mark.parametrize(
    "text", ["at 70 miles", "at 3", "in a minor key", "living in a flat", "a major chord"]
)
def test_what_looks_like_a_tempo_or_a_key_may_be_none(text: str) -> None:
    brief = read_prompt(text)
    assert (brief.tempo, brief.key) == (None, None)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("in A flat", Key(8, "major")),
        ("in F# with strings", Key(6, "major")),
        ("in G at 80 bpm", Key(7, "major")),
        ("lofi, Bb, 80 bpm", Key(10, "major")),
        ("in f#", Key(6, "major")),
    ],
)
def test_a_note_with_its_sign_is_a_key(text: str, key: Key) -> None:
    assert find_key(text)[0] == key


def test_words_of_every_day_say_nothing_and_vary_nothing() -> None:
    brief = read_prompt("I would like some relaxing songs with a feeling of rain in the background, please")
    assert brief.unknown == ()
    assert tuple(brief.understood) == ("relaxing", "rain")


@pytest.mark.parametrize("text", ["slepy paino", "regnerischer Abend", "musique douce", "a 7/8 thing"])
def test_words_of_another_spelling_or_tongue_stay_unknown(text: str) -> None:
    brief = read_prompt(text)
    assert brief.understood == {}
    assert brief.unknown


@pytest.mark.parametrize(
    ("text", "instruments"),
    [
        ("solo rhodes, dreamy", ("rhodes",)),
        ("only soft piano, christmas", ("felt",)),
        ("solo dreamy pad", ("pad",)),
        ("dreamy rhodes", ("pad", "rhodes")),
    ],
)
def test_what_a_mood_brings_leaves_a_soloist_alone(text: str, instruments: tuple[str, ...]) -> None:
    assert read_prompt(text).instruments == instruments


def test_a_tempo_may_be_about_so_much() -> None:
    assert read_prompt("rhodes, tempo around 90").tempo == 90.0


def test_letters_that_stand_for_many_make_no_prompt_endless() -> None:
    assert sum(map(len, read_prompt("\ufdfa" * 2_000).unknown)) <= 4_000
