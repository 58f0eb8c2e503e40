"""Which words does the next piece get? Always some of those that were given, never others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lofi_core.radio.mood import key_in, tempo_in

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

# How often the phrases after the first come in another order, and how often one of them is left out.
REORDER_SHARE, LEAVE_OUT_SHARE = 0.5, 0.25
# A phrase of more words is part of a sentence, which would not be one in another order.
MOST_WORDS = 6

_ALTERNATIVES = re.compile(r"\{([^{}]*)\}")  # the innermost ones
_COMMA = re.compile(r",(?!\d)")  # not that of 1,000
_WORD = re.compile(r"[^\W_]+")
_SENTENCE = re.compile(r"[.;:!?](\s|$)|^(and|or|but|with|while|which|as|then)\b", re.IGNORECASE)
# Without one of these a piece has what it must not have, or another tempo or meter.
_STAYS = re.compile(
    r"\b(no|not|non|without|minus|sans|zero|solo|only|just|unaccompanied|\w+less|free|slow|slowly|fast|quick"
    r"|\w*tempo|waltz|\d+/\d+)\b",
    re.IGNORECASE,
)


def expand(prompts: Sequence[str], chance: random.Random, before: Sequence[str] = ()) -> str:
    """The next piece's prompt.

    Of several prompts one is taken that did not have its turn lately. Of every `{a|b|c}` in it one
    alternative is taken. Of a list of short phrases between commas, those after the first may change
    places, and one of them may be left out; tempo, key and what the music must not have always stay.

    Args:
        prompts: as somebody wrote them, one at least.
        chance: what decides; the same state gives the same words.
        before: what this gave for the last pieces, the newest last.
    """
    chosen = _with_one_alternative(_next_prompt(prompts, chance, before), chance)
    phrases = [tidy for phrase in _COMMA.split(chosen) if (tidy := " ".join(phrase.split()))]
    if _is_list(phrases):
        phrases = [phrases[0], *_varied(phrases[1:], chance)]
    return ", ".join(phrases) or chosen


def problem_of(prompt: str) -> str | None:
    """What is wrong with a prompt and its braces, in words; None when nothing is."""
    depth = 0
    for character in prompt:
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth < 0:
            return "has a } without a { before it"
    if depth:
        return "has a { without its }"
    groups = [inner.split("|") for inner in _ALTERNATIVES.findall(prompt)]
    may_be_empty = all(any(not _words(choice) for choice in choices) for choices in groups)
    if may_be_empty and not _words(_ALTERNATIVES.sub(" ", prompt)):
        return "can come out without any words"
    return None


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.lower()))


def _next_prompt(prompts: Sequence[str], chance: random.Random, before: Sequence[str]) -> str:
    """One that none of the last pieces came from: of four prompts, of the last two."""
    different = list(dict.fromkeys(prompts))
    lately = before[-(len(different) // 2) :] if len(different) > 1 else ()
    fresh = [prompt for prompt in different if not any(_may_be_from(text, prompt) for text in lately)]
    return chance.choice(fresh or different)


def _may_be_from(text: str, prompt: str) -> bool:
    """Whether a prompt can have given these words."""
    return _words(text) <= _words(prompt)


def _with_one_alternative(prompt: str, chance: random.Random) -> str:
    """Of each `{a|b}` one; it stands apart from its neighbours, so that no word is made of two."""
    while match := _ALTERNATIVES.search(prompt):
        choice = chance.choice(match[1].split("|"))
        prompt = f"{prompt[: match.start()]} {choice} {prompt[match.end() :]}"
    return prompt


def _is_list(phrases: Sequence[str]) -> bool:
    """Whether phrases stand for themselves, so that their order matters little."""
    return (
        len(phrases) > 2
        and not any(_SENTENCE.search(phrase) for phrase in phrases)
        and all(len(phrase.split()) <= MOST_WORDS for phrase in phrases[1:])
    )


def _varied(phrases: list[str], chance: random.Random) -> list[str]:
    """Phrases, at least two, as they are, in another order, or without one of them."""
    varied = list(phrases)
    if chance.random() < REORDER_SHARE:
        chance.shuffle(varied)
    if chance.random() < LEAVE_OUT_SHARE and (spare := [phrase for phrase in varied if not _stays(phrase)]):
        varied.remove(chance.choice(spare))
    return varied


def _stays(phrase: str) -> bool:
    return bool(_STAYS.search(phrase)) or tempo_in(phrase) is not None or key_in(phrase) is not None
