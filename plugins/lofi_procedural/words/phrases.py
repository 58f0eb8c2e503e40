"""Which phrases a prompt has, and which of them are negated, stressed, or meant to be alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lofi_procedural.words.lexicon import USUAL_STRENGTH, Grammar, Lexicon, Term, lexicon

if TYPE_CHECKING:
    from collections.abc import Iterator

# "Drum free" and "drums off" mean the same as "no drums".
FREE, OFF = "free", "off"
ARTICLES = {"a", "an", "the"}


@dataclass(frozen=True, slots=True)
class Phrase:
    """A known phrase, or a single word that nobody knows.

    Attributes:
        words: as they stand in the prompt.
        term: what it means; None where that is not known.
        negated: it must not be so, or not be there.
        strength: of a texture or of drums, 0 … 1.
        alone: a word such as "solo" stands right beside it.
        solo: it is such a word.
        absent: it names what there never is; negated, that is granted.
    """

    words: str
    term: Term | None = None
    negated: bool = False
    strength: float = USUAL_STRENGTH
    alone: bool = False
    solo: bool = False
    absent: bool = False


def phrases(tokens: list[str]) -> list[Phrase]:
    """Read a prompt's tokens, lower case and without hyphens, from left to right."""
    book = lexicon()
    return list(_Scan(book.plain(tokens), book, book.grammar).phrases())


class _Scan:
    """One pass over the tokens."""

    def __init__(self, tokens: list[str], book: Lexicon, grammar: Grammar) -> None:
        self._tokens, self._book, self._grammar = tokens, book, grammar
        self._negation: str | None = None
        self._stress: str | None = None
        # Where the last known phrase ended, and whether it named what is heard.
        self._known_until, self._known_sound = -1, False

    def phrases(self) -> Iterator[Phrase]:
        at = 0
        while at < len(self._tokens):
            token = self._tokens[at]
            term, length = self._book.match(self._tokens, at)
            if self._bears_on_next(term, at):
                at += 1
                continue
            if term is not None:
                free = term.is_sound and self._is_freedom(at + length)
                yield from self._known(term, at, length, free=free)
                at += length + free
                self._known_until, self._known_sound = at, term.is_sound
                self._negation = self._negation if self._stays_negated(term, at) else None
                continue
            yield from self._word(token, at)
            at += 1
        yield from self._unstressed()

    def _known(self, term: Term, at: int, length: int, *, free: bool) -> Iterator[Phrase]:
        words = " ".join(self._tokens[at : at + length])
        strength = USUAL_STRENGTH
        if term.has_strength and self._stress:
            strength = self._grammar.strengths[self._stress]
            words, self._stress = f"{self._stress} {words}", None
        alone = self._is_solo(self._before(at)) or self._is_solo(at + length)
        if not self._reaches_past(term, at + length):
            negated = free or self._negation is not None
            yield Phrase(words, term, negated=negated, strength=strength, alone=alone)

    def _word(self, token: str, at: int) -> Iterator[Phrase]:
        grammar = self._grammar
        if token in grammar.negations:
            self._negation = token
        elif token in grammar.bridges and self._negation is not None:
            pass
        elif not token[0].isalnum():
            self._negation = None
            yield from self._unstressed()
        elif token in grammar.strengths:
            if token not in grammar.ignored:  # "a little bit" is one
                yield from self._unstressed()
            self._stress = token
        elif self._is_solo(at):
            negated = self._negation is not None
            if token in grammar.solo or self._stands_beside_sound(at):
                yield Phrase(token, solo=not negated, absent=negated, negated=negated)
        elif not self._book.idle.intersection(_forms(token)):
            absent = any(form in grammar.absent for form in _forms(token))
            yield Phrase(token, negated=self._negation is not None, absent=absent)
            self._negation = self._negation if absent and self._token(at + 1) in grammar.links else None

    def _unstressed(self) -> Iterator[Phrase]:
        """A word such as "heavy" that nothing followed which can be so means nothing here."""
        if self._stress and self._stress not in self._grammar.ignored:
            yield Phrase(self._stress)
        self._stress = None

    def _bears_on_next(self, term: Term | None, at: int) -> bool:
        """Whether a word says how the next is meant: "less busy", or "soft" in "soft rain"."""
        token, grammar = self._tokens[at], self._grammar
        if token not in grammar.strengths:
            return False
        following, _ = self._book.match(self._tokens, at + 1)
        if following is None:
            return False
        if token in grammar.lessening and not following.is_sound:
            self._negation = "not"
            return True
        if term is not None and following.textures:
            self._stress = token
            return True
        return False

    def _is_freedom(self, at: int) -> bool:
        """Whether a word takes out what stands before it: not in "off-beat"."""
        token = self._token(at)
        return token == FREE or (token == OFF and self._book.match(self._tokens, at + 1)[0] is None)

    def _stays_negated(self, term: Term, at: int) -> bool:
        if self._negation is None:
            return False
        following = self._token(at)
        if following == "and":
            # "no drums and bass", but "no drums and warm pads".
            return self._book.match(self._tokens, at + 1)[0] is None or self._is_sound(at + 1)
        return following in self._grammar.links or self._reaches_past(term, at)

    def _reaches_past(self, term: Term, at: int) -> bool:
        """In "no loud drums" the drums are negated, and the loudness says nothing."""
        if self._negation in {None, "not"} or term.is_sound:
            return False
        return self._is_sound(at)

    def _is_sound(self, at: int) -> bool:
        term, _ = self._book.match(self._tokens, at)
        return term is not None and term.is_sound

    def _is_solo(self, at: int) -> bool:
        grammar = self._grammar
        return self._token(at) in grammar.solo | grammar.beside | grammar.casual

    def _stands_beside_sound(self, at: int) -> bool:
        """Whether what is heard comes right after, behind an article perhaps, or has come right before.

        A texture counts where nothing it might describe comes after it: not in "just rainy days".
        """
        casual = self._token(at) in self._grammar.casual
        if at == self._known_until and not casual:
            return self._known_sound
        at += 1 + (self._token(at + 1) in ARTICLES)
        term, length = self._book.match(self._tokens, at)
        while term is not None and not term.is_sound and not casual:
            at += length
            term, length = self._book.match(self._tokens, at)
        if term is None or not term.textures:
            return term is not None and term.is_sound
        following = self._token(at + length)
        return following in self._grammar.links or not following[:1].isalnum()

    def _before(self, at: int) -> int:
        """The token before a phrase and its article."""
        return at - 1 - (self._token(at - 1) in ARTICLES)

    def _token(self, at: int) -> str:
        return self._tokens[at] if 0 <= at < len(self._tokens) else ""


def _forms(token: str) -> tuple[str, str]:
    return token, token.removesuffix("s")
