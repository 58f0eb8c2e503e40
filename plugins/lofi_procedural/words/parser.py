"""How a prompt becomes a `Brief`: numbers and keys first, then the longest known phrases."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from lofi_procedural.words.brief import Brief
from lofi_procedural.words.keys import find_key
from lofi_procedural.words.lexicon import IGNORED, LINKS, NEGATIONS, SOLO, STRONG, TERMS, Term

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lofi_procedural.words.keys import Key

_BPM = re.compile(
    r"\b(\d{2,3}(?:\.\d+)?)\s*-?\s*(?:bpm|beats per minute)\b"
    r"|\b(?:bpm|tempo)(?:\s+of)?\s*[:=]?\s*(\d{2,3}(?:\.\d+)?)\b"
)
_METER = re.compile(r"(?<![\d/])([34])\s*/\s*4(?![\d/])")
# A clause ends a negation: "no drums, rhodes" takes out the drums only.
_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)?|[,.;:!?]")
_PHRASES: dict[tuple[str, ...], Term] = {
    tuple(phrase.split()): term for term in TERMS for phrase in term.words
}
_LONGEST = max(len(phrase) for phrase in _PHRASES)
SLOWEST_BPM, FASTEST_BPM = 40.0, 200.0


def read_prompt(prompt: str) -> Brief:
    """Understand as much of a prompt as the lexicon allows. Pure, and well under a millisecond."""
    text = unicodedata.normalize("NFKC", prompt)
    key, text = find_key(text)
    text = text.lower()
    tempo, text = _find_tempo(text)
    reading = _Reading()
    if match := _METER.search(text):
        reading.meter = int(match[1])
        text = f"{text[: match.start()]} {text[match.end() :]}"
    for tokens, term, negated, strength in _terms(_TOKEN.findall(text.replace("-", " "))):
        reading.take(" ".join(tokens), term, negated=negated, strength=strength)
    return reading.brief(tempo, key)


class _Reading:
    """What has been understood so far."""

    def __init__(self) -> None:
        self.sums = {"tempo": 0.0, "valence": 0.0, "brightness": 0.0, "energy": 0.0}
        self.mode: str | None = None
        self.groove: str | None = None
        self.meter = 4
        self.instruments: list[str] = []
        self.without: set[str] = set()
        self.textures: dict[str, float] = {}
        self.solo = False
        self.understood: list[str] = []
        self.unknown: list[str] = []

    def take(self, words: str, term: Term | None, *, negated: bool, strength: float) -> None:
        if words in SOLO:
            self.solo = True
        if term is None:
            known = words in SOLO or words in STRONG
            (self.understood if known else self.unknown).append(words)
            return
        self.understood.append(f"no {words}" if negated else words)
        sign = -0.5 if negated else 1.0
        for name in self.sums:
            self.sums[name] += sign * getattr(term, name)
        if term.mode and not negated:
            self.mode = term.mode
        if term.groove and not negated:
            self.groove = term.groove
        if term.meter and not negated:
            self.meter = term.meter
        if term.instrument:
            self._instrument(term.instrument, negated=negated)
        if term.texture:
            self.textures[term.texture] = 0.0 if negated else strength

    def _instrument(self, name: str, *, negated: bool) -> None:
        if negated:
            self.without.add(name)
        elif name not in self.instruments:
            self.instruments.append(name)

    def brief(self, tempo: float | None, key: Key | None) -> Brief:
        return Brief(
            tempo=tempo,
            tempo_shift=max(-24.0, min(40.0, self.sums["tempo"])),
            key=key,
            mode=self.mode,
            valence=max(-1.0, min(1.0, self.sums["valence"])),
            brightness=max(0.0, min(1.0, 0.5 + self.sums["brightness"])),
            energy=max(0.0, min(1.0, 0.5 + self.sums["energy"])),
            groove=self.groove,
            meter=self.meter,
            instruments=tuple(name for name in self.instruments if name not in self.without),
            without=frozenset(self.without),
            solo=self.solo,
            textures=dict(self.textures),
            understood=tuple(self.understood),
            unknown=tuple(self.unknown),
        )


def _find_tempo(text: str) -> tuple[float | None, str]:
    match = _BPM.search(text)
    if not match:
        return None, text
    tempo = float(match[1] or match[2])
    return max(SLOWEST_BPM, min(FASTEST_BPM, tempo)), f"{text[: match.start()]} {text[match.end() :]}"


def _terms(tokens: list[str]) -> Iterator[tuple[list[str], Term | None, bool, float]]:
    """Yield each known phrase (or single unknown word) with whether it is negated and how strong it is."""
    at, negated, strength = 0, False, 0.6
    while at < len(tokens):
        token = tokens[at]
        term, length = _match(tokens, at)
        if term is not None:
            yield tokens[at : at + length], term, negated, strength
            strength = 0.6
            negated = negated and at + length < len(tokens) and tokens[at + length] in LINKS
        elif token in NEGATIONS:
            negated = True
        elif not token[0].isalnum():
            negated = False
        elif token in STRONG:
            strength = STRONG[token]
            yield [token], None, negated, strength
        elif token not in LINKS and (token in SOLO or token not in IGNORED):
            yield [token], None, negated, strength
            negated = False
        at += length


def _match(tokens: list[str], at: int) -> tuple[Term | None, int]:
    """The longest known phrase starting at a token, plural or singular, and how many tokens it has."""
    for length in range(min(_LONGEST, len(tokens) - at), 0, -1):
        phrase = tokens[at : at + length]
        for candidate in (phrase, [*phrase[:-1], phrase[-1].removesuffix("s")]):
            term = _PHRASES.get(tuple(candidate))
            if term is not None:
                return term, length
    return None, 1
