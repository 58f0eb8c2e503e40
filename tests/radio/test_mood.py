"""Are prompts alike that sound alike, and are tempo and key read as the embedded backend reads them?"""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lofi_core.radio.mood import key_in, likeness, tempo_in
from lofi_core.radio.mood_words import features_by_phrase
from lofi_procedural.words import find_key, read_prompt
from lofi_procedural.words.lexicon import lexicon

TERMS = [term for terms in lexicon().terms.values() for term in terms]
RAINY = "lofi, rainy night, jazzy rhodes, 75 bpm"
NOTES = ["a", "A", "Bb", "b", "B-flat", "C", "C#", "d", "F♯", "G sharp", "e", "F"]
MODES = ["", " minor", " major", "m", " min", " lydian", " dorian", " aeolian", " mixolydian"]
BEFORE, AFTER = (
    ["", "in ", "key of ", "key: ", "slow, ", "like "],
    ["", ", rain", " room", " guitar", ". rain"],
)
KEYS = st.tuples(*(st.sampled_from(part) for part in (BEFORE, NOTES, MODES, AFTER))).map("".join)
PROMPT = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from([word for term in TERMS for word in term.words] + ["no", ",", "75 bpm"])).map(
        " ".join
    ),
)


@pytest.mark.parametrize(
    ("prompt", "tempo"),
    [
        ("75 bpm", 75.0),
        ("75bpm", 75.0),
        ("slow 90 BPM", 90.0),
        ("at 70.5 bpm, rain", 70.5),
        ("80-bpm beat", 80.0),
        ("tempo 92", 92.0),
        ("BPM: 84", 84.0),
        ("100 beats per minute", 100.0),
        ("\uff17\uff15 bpm", 75.0),
    ],
)
def test_a_tempo_is_read(prompt: str, tempo: float) -> None:
    assert tempo_in(prompt) == tempo


@pytest.mark.parametrize("prompt", ["", "slow", "808 bass", "1975 vibes", "10 bpm", "999 bpm", "in 3/4"])
def test_what_is_no_tempo_is_not_read_as_one(prompt: str) -> None:
    assert tempo_in(prompt) is None


@pytest.mark.parametrize(
    ("prompt", "key"),
    [
        ("d minor", "D minor"),
        ("rain in D minor, slow", "D minor"),
        ("F#", "F# major"),
        ("slow, F#, rain", "F# major"),
        ("Bb lydian", "Bb lydian"),
        ("b-flat lydian", "Bb lydian"),
        ("in A", "A major"),
        ("slow piano in A, rain", "A major"),
        ("slow Am guitar", "A minor"),
        ("C# minor", "Db minor"),
        ("key of g", "G major"),
        ("key: F", "F major"),
        ("lofi, A, slow", "A major"),
        ("E aeolian", "E minor"),
    ],
)
def test_a_key_is_read(prompt: str, key: str) -> None:
    assert key_in(prompt) == key


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        "a rainy night",
        "in a café",
        "A rainy night",
        "in A café",
        "a",
        "I am sad",
        "a, b and c",
        "H minor",
    ],
)
def test_an_article_is_no_key(prompt: str) -> None:
    assert key_in(prompt) is None


@given(KEYS)
def test_a_key_is_the_one_that_the_embedded_backend_reads(prompt: str) -> None:
    key, _rest = find_key(prompt)
    if key is not None:
        assert key_in(prompt) == str(key)


@given(
    st.integers(40, 200), st.sampled_from(["{} bpm", "{}bpm", "tempo {}", "bpm={}", "{} beats per minute"])
)
def test_a_tempo_is_the_one_that_the_embedded_backend_reads(tempo: int, form: str) -> None:
    prompt = f"slow, {form.format(tempo)}, rain"
    assert tempo_in(prompt) == read_prompt(prompt).tempo == tempo


@given(PROMPT, PROMPT)
@example("drums 75 bpm", "no drums 60 bpm")
def test_likeness_is_a_share_and_the_same_both_ways(a: str, b: str) -> None:
    assert 0.0 <= likeness(a, b) <= 1.0
    assert likeness(a, b) == likeness(b, a)


@given(PROMPT)
def test_a_prompt_is_wholly_like_itself(prompt: str) -> None:
    assert likeness(prompt, prompt) == 1.0
    assert likeness(prompt, f" {prompt} ") == 1.0


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (RAINY, "jazzy rhodes, rainy night, lofi, 75 bpm"),
        (RAINY, "lo-fi, rain at night, jazz, electric piano, 75bpm"),
        ("sleepy lullaby, harp", "drowsy bedtime harps"),
    ],
)
def test_the_same_in_other_words_is_nearly_the_same(a: str, b: str) -> None:
    assert likeness(a, b) > 0.9


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (RAINY, "rainy lofi, rhodes"),
        (RAINY, "late night jazz, rhodes, upright bass, 80 bpm"),
        ("lofi hip hop", "chillhop, boom bap"),
        ("ambient drone, dark pads", "dreamy synth pads, beatless"),
        ("solo felt piano, slow", "calm piano, slow"),
        ("lofi hip hop, vinyl", "jazzhop, mellow rhodes, vinyl"),
    ],
)
def test_the_same_genre_or_mood_is_alike(a: str, b: str) -> None:
    assert likeness(a, b) > 0.35


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("techno, fast", "slow piano, rain"),
        ("happy ukulele", "sad cello"),
        ("rock drums", "ambient pads, no drums"),
        ("xyzzy", "plugh"),
        ("rain", ""),
        ("no drums", "drums"),
    ],
)
def test_what_has_nothing_in_common_is_not_alike(a: str, b: str) -> None:
    assert likeness(a, b) < 0.1


def test_a_near_tempo_and_key_are_more_alike() -> None:
    assert likeness("piano, 75 bpm", "piano, 78 bpm") > likeness("piano, 75 bpm", "piano, 110 bpm")
    assert likeness("piano, a minor", "piano, c major") > likeness("piano, a minor", "piano, F# major")


def test_what_must_not_be_heard_is_not_shared() -> None:
    assert likeness("lofi, rain", "lofi, no rain") < likeness("lofi, rain", "lofi")


def test_a_name_that_both_have_makes_them_alike() -> None:
    assert likeness("harp for Ada", "harp for Ada, slow") > likeness("harp for Ada", "harp, slow")


@pytest.mark.parametrize("word", [word for term in TERMS for word in term.words])
def test_every_word_of_the_embedded_backend_is_known(word: str) -> None:
    assert tuple(word.split()) in features_by_phrase()


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term.words[0])
def test_words_that_the_embedded_backend_takes_for_the_same_are_alike(term: object) -> None:
    words = term.words  # type: ignore[attr-defined]
    assert all(likeness(words[0], word) > 0.6 for word in words)
