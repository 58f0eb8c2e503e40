"""Which words the composer knows, and what each asks for: the files in `terms/`, read on first use."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

import msgspec
from msgspec import Struct

TERMS_DIR = Path(__file__).parent / "terms"
USUAL_STRENGTH = 0.6
STRAIGHT, SWUNG = 0.5, 0.62
DRUMS_DENSITY = 0.4  # what "heavy" or "light" drums add, for each unit above or below the usual strength
FILES = ("tempo", "mood", "style", "instruments", "textures")


class Style(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a style draws from where the words leave it open; a name given twice is likelier.

    Attributes:
        name: for people.
        chords: who plays the chords.
        leads: who plays the melody.
        basses: who plays the bass.
        grooves: what the drums play.
        swing: where the off-beat eighth falls within its beat, 0.5 … 0.67.
    """

    name: str
    chords: tuple[str, ...] = ()
    leads: tuple[str, ...] = ()
    basses: tuple[str, ...] = ()
    grooves: tuple[str, ...] = ()
    swing: float | None = None


class Term(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One meaning and all the words for it.

    Attributes:
        words: synonyms, lower case, singular; several words make a phrase.
        tempo: shift of the usual tempo in beats per minute.
        valence: towards minor (negative) or major (positive).
        brightness: darker (negative) or more open (positive).
        density: calmer and sparser (negative) or livelier (positive).
        style: a genre.
        mode: a mode by name.
        groove: a drum groove by name; `none` for no drums unless they are named.
        metre: by name, such as `3/4`.
        swing: where the off-beat eighth falls within its beat, 0.5 … 0.67.
        ending: `fade`.
        instrument: an instrument or part; "no …" takes it out, unless a mood or a style only brings it along.
        textures: background sounds; "no …" takes them out.
    """

    words: tuple[str, ...]
    tempo: float = 0.0
    valence: float = 0.0
    brightness: float = 0.0
    density: float = 0.0
    style: Style | None = None
    mode: str | None = None
    groove: str | None = None
    metre: str | None = None
    swing: float | None = None
    ending: str | None = None
    instrument: str | None = None
    textures: tuple[str, ...] = ()

    @property
    def is_sound(self) -> bool:
        """Whether it names something that is heard; a mood or a style that brings a pad along does not."""
        said = (self.tempo, self.valence, self.brightness, self.density, self.style)
        return bool(self.textures) or (self.instrument is not None and not any(said))

    @property
    def has_strength(self) -> bool:
        """Whether a word such as "heavy" before it means something."""
        return bool(self.textures) or self.instrument == "drums"

    def swing_said(self, *, negated: bool) -> float | None:
        """Where the off-beat eighth falls; "no swing" is straight, and what is not straight swings."""
        if self.swing is None or not negated:
            return self.swing
        return STRAIGHT if self.swing > STRAIGHT else SWUNG

    def shift(self, name: str, *, negated: bool, strength: float) -> float:
        """What it adds to a sum such as `tempo`; where it is negated, half of that the other way."""
        own: float = getattr(self, name)
        if name == "density" and self.instrument == "drums" and not negated:
            own += round(DRUMS_DENSITY * (strength - USUAL_STRENGTH), 3)
        return -0.5 * own if negated else own

    def meaning(self, *, negated: bool = False, strength: float | None = None) -> str:
        """What it asks for, in words.

        Args:
            negated: "no" or "not" stands before it.
            strength: 0 … 1, of a texture or of drums; None leaves it out.
        """
        shifts = {
            name: self.shift(name, negated=negated, strength=strength or USUAL_STRENGTH)
            for name in ("tempo", "valence", "brightness", "density")
        }
        told = [f"{shifts['tempo']:+g} BPM"] if shifts["tempo"] else []
        if valence := shifts["valence"]:
            told.append(f"{'major' if valence > 0 else 'minor'} {abs(valence):g}")
        told += [f"{name} {shifts[name]:+g}" for name in ("brightness", "density") if shifts[name]]
        if self.style is not None and not negated:
            told.append(f"style `{self.style.name}`")
        if not negated:
            names = {name: getattr(self, name) for name in ("mode", "groove", "metre", "ending")}
            told += [f"{name} `{value}`" for name, value in names.items() if value]
        if swing := self.swing_said(negated=negated):
            told.append(f"swing `{swing:g}`")
        if self.instrument and (self.is_sound or not negated):
            told.append(f"{'without' if negated else 'instrument'} `{self.instrument}`")
        for texture in self.textures:
            amount = "" if negated or strength is None else f" {strength:g}"
            told.append(f"{'without' if negated else 'texture'} `{texture}`{amount}")
        return ", ".join(told) or "not asked for"


class Grammar(Struct, frozen=True, forbid_unknown_fields=True):
    """Words that say how others are meant; `terms/grammar.toml` explains each kind."""

    negations: frozenset[str]
    bridges: frozenset[str]
    links: frozenset[str]
    solo: frozenset[str]
    beside: frozenset[str]
    casual: frozenset[str]
    absent: frozenset[str]
    ignored: frozenset[str]
    lessening: frozenset[str]
    strengths: dict[str, float]
    same: dict[str, str]


class Lexicon:
    """All terms, and where each phrase finds its own.

    Attributes:
        terms: by file, in order.
        grammar: what is no term.
        idle: words that mean nothing by themselves.
    """

    def __init__(self) -> None:
        self.terms = {name: _read(name) for name in FILES}
        self.grammar = msgspec.convert(_load("grammar"), Grammar)
        self.idle = self.grammar.links | self.grammar.bridges | self.grammar.ignored
        self._phrases = {
            tuple(phrase.split()): term
            for terms in self.terms.values()
            for term in terms
            for phrase in term.words
        }
        self._longest = max(len(phrase) for phrase in self._phrases)
        self._same = {tuple(turn.split()): meant.split() for turn, meant in self.grammar.same.items()}
        self._longest_turn = max(len(turn) for turn in self._same)

    def plain(self, tokens: list[str]) -> list[str]:
        """The tokens, with turns of speech replaced by what they mean."""
        plain: list[str] = []
        at = 0
        while at < len(tokens):
            lengths = range(self._longest_turn, 1, -1)
            turns = (length for length in lengths if tuple(tokens[at : at + length]) in self._same)
            length = next(turns, 0)
            plain += self._same[tuple(tokens[at : at + length])] if length else tokens[at : at + 1]
            at += length or 1
        return plain

    def match(self, tokens: list[str], at: int) -> tuple[Term | None, int]:
        """The longest known phrase that starts at a token, singular or plural, and how many tokens it has."""
        for length in range(min(self._longest, len(tokens) - at), 0, -1):
            *head, last = tokens[at : at + length]
            for form in singulars(last):
                if term := self._phrases.get((*head, form)):
                    return term, length
        return None, 1


@cache
def lexicon() -> Lexicon:
    """The lexicon; read once, in some milliseconds."""
    return Lexicon()


def singulars(word: str) -> tuple[str, ...]:
    """A word, and what it may be the plural of: drums, brushes, lullabies."""
    if not word.endswith("s"):
        return (word,)
    if word.endswith("ies"):
        return (word, word[:-1], f"{word[:-3]}y")
    return (word, word[:-1], word[:-2]) if word.endswith("es") else (word, word[:-1])


def _read(name: str) -> tuple[Term, ...]:
    return msgspec.convert(_load(name)["term"], tuple[Term, ...])


def _load(name: str) -> dict[str, object]:
    return tomllib.loads((TERMS_DIR / f"{name}.toml").read_text("utf-8"))
