"""How alike do two prompts sound, and which tempo and key do they state? Pure, and a fraction of a ms."""

from __future__ import annotations

import math
import re
import unicodedata
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from lofi_core.radio.mood_words import LINKS, NEGATIONS, SILENT, features_by_phrase

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NOTES = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
SLOWEST_BPM, FASTEST_BPM = 30.0, 300.0
# Usual tempo, and how far from it a stated one is as slow as "slow" can be.
USUAL_BPM, PACE_BPM = 78.0, 40.0
# A word that nobody knows may be a name, or matter much; two prompts that share it have something in common.
UNKNOWN_WEIGHT = 0.35
# How much alike two prompts are at least, of what their words say, when their tempos or keys are far apart.
FAR_TEMPO, FAR_KEY, NEAR_KEY = 0.6, 0.92, 0.97

_BPM = re.compile(
    r"\b(\d{2,3}(?:\.\d+)?)\s*-?\s*(?:bpm|beats per minute)\b"
    r"|\b(?:bpm|tempo)(?:\s+(?:of|around|about))?\s*[:=]?\s*(\d{2,3}(?:\.\d+)?)\b",
    re.IGNORECASE,
)
_NATURALS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_ACCIDENTALS = {"#": 1, "♯": 1, "sharp": 1, "b": -1, "♭": -1, "flat": -1}
_MODES = {
    "major": "major",
    "maj": "major",
    "ionian": "major",
    "minor": "minor",
    "min": "minor",
    "aeolian": "minor",
    "m": "minor",
    "dorian": "dorian",
    "phrygian": "phrygian",
    "lydian": "lydian",
    "mixolydian": "mixolydian",
}
_LONG = "|".join(sorted((mode for mode in _MODES if mode != "m"), key=len, reverse=True))
_SIGN, _SPELT = r"(?P<sign>#|♯|♭|b)?", r"(?P<sign>#|♯|♭|b|[\s-]?sharp|[\s-]?flat)?"
_SPELT_HERE = r"(?P<sign>#|♯|♭|b|(?i:[\s-]?sharp|[\s-]?flat))"
# "In a minor key" and "a major chord" name no note.
_ARTICLE = rf"(?-i:(?!a\s+(?:{_LONG})\s+(?:key|mode|mood|feel|chord|scale|third)))"
# A letter alone is a key only where it cannot be an article or the end of another word: "in a flat" may be at
# home.
_KEYS = (
    re.compile(rf"(?<![\w#]){_ARTICLE}(?P<note>[a-g]){_SPELT}[\s-]*(?P<mode>{_LONG})\b", re.IGNORECASE),
    re.compile(rf"(?<![\w#])(?P<note>[A-G]){_SIGN}(?P<mode>m)(?!\w)"),
    re.compile(rf"\bkey(?: of|\s*[:=])\s*(?P<note>[a-g]){_SPELT}(?![\w#♯♭])", re.IGNORECASE),
    re.compile(rf"\bin (?P<note>[A-G]){_SIGN}(?=\s*(?:$|[,.;:!)\d]|at\b|with\b|and\b))"),
    re.compile(rf"\bin (?P<note>[A-G]){_SPELT_HERE}(?![\w#♯♭])"),
    re.compile(r"\bin (?P<note>[a-g])(?P<sign>#|♯|♭)"),
    re.compile(rf"(?:^|(?<=[,;]))\s*(?P<note>[A-G]){_SPELT_HERE}(?=\s*(?:$|[,;]))"),
    re.compile(rf"(?:^|,)\s*(?P<note>[A-G]){_SIGN}\s*(?=,|$)"),
)
_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)?|[,.;:!?]")


def tempo_in(prompt: str) -> float | None:
    """Beats per minute that a prompt states: `75 bpm`, `75bpm`, `tempo 75`."""
    match = _BPM.search(_plain(prompt))
    tempo = float(match[1] or match[2]) if match else 0.0
    return tempo if SLOWEST_BPM <= tempo <= FASTEST_BPM else None


def key_in(prompt: str) -> str | None:
    """The key that a prompt states, as `D minor`: from `d minor`, `Dm`, `key of g`, `in A`, `F#` alone."""
    tonic_and_mode = _key(_plain(prompt))
    return None if tonic_and_mode is None else f"{NOTES[tonic_and_mode[0]]} {tonic_and_mode[1]}"


def likeness(a: str, b: str) -> float:
    """How alike two prompts sound: 1 for the same, 0 for nothing in common; `a` and `b` may change places."""
    if _plain(a) == _plain(b):
        return 1.0
    mine, yours = _features(a), _features(b)
    shared = math.fsum(mine[name] * yours[name] for name in sorted(mine.keys() & yours.keys()))
    norm = math.sqrt(_square(mine) * _square(yours))
    alike = max(shared / norm, 0.0) if norm else 0.0
    return min(alike * _tempo_factor(tempo_in(a), tempo_in(b)) * _key_factor(a, b), 1.0)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split())


def _square(features: Mapping[str, float]) -> float:
    return math.fsum(value * value for _, value in sorted(features.items()))


def _tempo_factor(a: float | None, b: float | None) -> float:
    """1 where they are the same, or one is not known; an octave apart is far."""
    return 1.0 if a is None or b is None else max(FAR_TEMPO, 1 - abs(math.log2(a / b)))


def _key_factor(a: str, b: str) -> float:
    mine, yours = _key(_plain(a)), _key(_plain(b))
    if mine is None or yours is None or mine == yours:
        return 1.0
    # The white keys of one are those of the other, or all but one.
    apart = (_signature(*mine) - _signature(*yours)) % 12
    return NEAR_KEY if apart in {0, 1, 11} else FAR_KEY


def _signature(tonic: int, mode: str) -> int:
    """Where a key's notes stand in the circle of fifths, 0 being those of C major."""
    steps = {"lydian": 1, "major": 0, "mixolydian": -1, "dorian": -2, "minor": -3, "phrygian": -4}
    return (tonic * 7 + steps[mode]) % 12


def _key(text: str) -> tuple[int, str] | None:
    """Pitch class and mode."""
    for pattern in _KEYS:
        if match := pattern.search(text):
            found = match.groupdict()
            sign = (found["sign"] or "").strip(" -").lower()
            mode = (found.get("mode") or "major").lower()
            return (_NATURALS[found["note"].lower()] + _ACCIDENTALS.get(sign, 0)) % 12, _MODES[mode]
    return None


@lru_cache(maxsize=4096)
def _features(prompt: str) -> Mapping[str, float]:
    """What the words say, each feature from -1 to 1."""
    text = _plain(prompt)
    found: dict[str, float] = {}
    if (tempo := tempo_in(text)) is not None:
        found["pace"] = (tempo - USUAL_BPM) / PACE_BPM
    for pattern in _KEYS:
        text = pattern.sub(" , ", text)
    text = _BPM.sub(" , ", text)
    for features, sign in _meanings(_TOKEN.findall(text.lower().replace("-", " "))):
        for name, amount in features.items():
            found[name] = found.get(name, 0.0) + sign * amount
    return MappingProxyType({name: max(-1.0, min(1.0, value)) for name, value in found.items()})


def _meanings(tokens: list[str]) -> Iterator[tuple[Mapping[str, float], float]]:
    """What each known phrase or unknown word stands for, and -1 where it must not be heard."""
    at, sign = 0, 1.0
    while at < len(tokens):
        token = tokens[at]
        features, length = _match(tokens, at)
        if features is not None:
            yield features, sign
            if at + length < len(tokens) and tokens[at + length] not in LINKS:
                sign = 1.0
        elif token in NEGATIONS:
            sign = -1.0
        elif not token[0].isalnum():  # a comma ends a negation
            sign = 1.0
        elif token not in SILENT and token not in LINKS:
            yield {f"word {token.removesuffix('s')}": UNKNOWN_WEIGHT}, sign
            sign = 1.0
        at += length


def _match(tokens: list[str], at: int) -> tuple[Mapping[str, float] | None, int]:
    """The longest known phrase that begins at a token, in the plural too, and how many tokens it has."""
    known = features_by_phrase()
    for length in range(min(_longest(), len(tokens) - at), 0, -1):
        phrase = tokens[at : at + length]
        for candidate in (phrase, [*phrase[:-1], phrase[-1].removesuffix("s")]):
            if (features := known.get(tuple(candidate))) is not None:
                return features, length
    return None, 1


@lru_cache(maxsize=1)
def _longest() -> int:
    return max(len(phrase) for phrase in features_by_phrase())
