"""Does every piece get words that were given, and other ones than the last?"""

import random
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lofi_core.radio.mood import key_in, tempo_in
from lofi_core.radio.wording import expand, problem_of

WORDS = ["rain", "rhodes", "75 bpm", "d minor", "no drums", "slow", "solo", "café", "felt piano", "F#", "雨"]
MARKS = ["{", "}", "|", ",", ", ", " ", ".", "{a|b}", "{rain|}", "{{a|b}|c}"]
PROMPT = st.one_of(st.text(max_size=40), st.lists(st.sampled_from(WORDS + MARKS), max_size=20).map("".join))
SEED = st.integers(0, 2**32)


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text)


def _made(prompts: list[str], count: int = 300, seed: int = 1) -> list[str]:
    chance = random.Random(seed)
    before: list[str] = []
    for _ in range(count):
        before.append(expand(prompts, chance, before))
    return before


@given(st.lists(PROMPT, min_size=1, max_size=4), SEED, st.lists(PROMPT, max_size=3))
def test_no_word_comes_out_that_was_not_given(prompts: list[str], seed: int, before: list[str]) -> None:
    made = expand(prompts, random.Random(seed), before)
    assert any(set(_words(made)) <= set(_words(prompt)) for prompt in prompts)
    for word in set(_words(made)):
        assert max(_words(prompt).count(word) for prompt in prompts) >= _words(made).count(word)


@given(st.lists(PROMPT, min_size=1, max_size=4), SEED)
def test_the_same_chance_gives_the_same_words(prompts: list[str], seed: int) -> None:
    assert expand(prompts, random.Random(seed)) == expand(prompts, random.Random(seed))


@given(PROMPT.filter(lambda prompt: problem_of(prompt) is None), SEED)
def test_a_prompt_without_a_problem_never_comes_out_empty(prompt: str, seed: int) -> None:
    assert _words(expand([prompt], random.Random(seed)))


def test_alternatives_are_all_drawn() -> None:
    assert set(_made(["{slow|calm} {piano|harp}"])) == {"slow piano", "slow harp", "calm piano", "calm harp"}


def test_alternatives_may_hold_alternatives_and_nothing() -> None:
    assert set(_made(["{{felt|grand} piano|harp}{, rain|}"])) == {
        f"{instrument}{rain}"
        for instrument in ("felt piano", "grand piano", "harp")
        for rain in (", rain", "")
    }


def test_no_word_is_made_of_two() -> None:
    assert _made(["jazz{y|}"], 20, seed=3).count("jazzy") == 0


def test_braces_that_do_not_match_stay_as_they_are() -> None:
    assert expand(["{slow piano"], random.Random(1)) == "{slow piano"


def test_two_prompts_take_turns() -> None:
    made = _made(["slow piano", "rainy harp"], 10)
    assert all(one != other for one, other in pairwise(made))


def test_of_several_prompts_none_comes_twice_in_a_row_and_all_come_often() -> None:
    prompts = ["{slow|calm} piano", "rainy harp", "jazzy rhodes", "warm {guitar|flute}"]
    last_words = [made.split()[1] for made in _made(prompts, 400)]
    sources = ["warm" if word in {"guitar", "flute"} else word for word in last_words]
    assert all(one != other for one, other in pairwise(sources))
    assert all(sources.count(source) > 60 for source in set(sources))


def test_one_prompt_given_twice_is_no_other_one() -> None:
    assert expand(["harp", "harp"], random.Random(1), ["harp"]) == "harp"


def test_the_later_phrases_change_places_and_one_is_left_out_now_and_then() -> None:
    made = _made(["lofi, rhodes, rain, vinyl"])
    assert all(prompt.startswith("lofi, ") for prompt in made)
    lengths = [len(prompt.split(", ")) for prompt in made]
    assert set(lengths) == {3, 4}
    assert 0.15 < lengths.count(3) / len(lengths) < 0.35
    assert len({prompt for prompt in made if prompt.count(",") == 3}) == 6
    assert made.count("lofi, rhodes, rain, vinyl") > 60


@pytest.mark.parametrize(
    "phrase",
    [
        "75 bpm",
        "tempo 75",
        "in D minor",
        "F#",
        "no drums",
        "without bass",
        "solo",
        "very slow",
        "3/4",
        "drumless",
    ],
)
def test_what_must_be_so_is_never_left_out(phrase: str) -> None:
    made = _made([f"lofi, rhodes, {phrase}, vinyl"])
    assert all(phrase in prompt for prompt in made)


def test_tempo_and_key_are_the_same_in_every_piece() -> None:
    made = _made(["lofi, rhodes, 75 bpm, vinyl, Bb lydian"])
    assert {(tempo_in(prompt), key_in(prompt)) for prompt in made} == {(75.0, "Bb lydian")}


@pytest.mark.parametrize(
    "prompt",
    [
        "A rainy night. The rhodes plays, quietly, while it rains.",
        "a rhodes, which somebody plays in the next room, far away",
        "lofi, rhodes, and a little rain",
        "lofi, rhodes",
        "1,000 small bells",
    ],
)
def test_a_sentence_stays_as_it_is(prompt: str) -> None:
    assert set(_made([prompt])) == {prompt}
