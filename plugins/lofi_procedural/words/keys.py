"""Which key a piece of text names."""

from __future__ import annotations

import re
from dataclasses import dataclass

NATURALS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
ACCIDENTALS = {"#": 1, "♯": 1, "sharp": 1, "b": -1, "♭": -1, "flat": -1}
MODES = {
    "major": "major",
    "maj": "major",
    "ionian": "major",
    "minor": "minor",
    "min": "minor",
    "aeolian": "minor",
    "dorian": "dorian",
    "phrygian": "phrygian",
    "lydian": "lydian",
    "mixolydian": "mixolydian",
}
NOTE_NAMES = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")

_ACCIDENTAL = r"(?P<accidental>#|♯|♭|b|[\s-]?sharp|[\s-]?flat)?"
_MODE = "|".join(sorted(MODES, key=len, reverse=True))
# "In a minor key" and "a major chord" name no note.
_ARTICLE = rf"(?-i:(?!a\s+(?:{_MODE})\s+(?:key|mode|mood|feel|chord|scale|third)))"
_FULL = re.compile(
    rf"(?<![\w#]){_ARTICLE}(?P<note>[a-g]){_ACCIDENTAL}[\s-]*(?P<mode>{_MODE})\b", re.IGNORECASE
)
# A bare letter is a key only where it cannot be an article: "in D", "key of a", "key: F", "Am", "F#m".
_SHORT_MINOR = re.compile(r"(?<![\w#])(?P<note>[A-G])(?P<accidental>#|♯|♭|b)?(?P<mode>m)(?![\w])")
_KEY_OF = re.compile(rf"\bkey(?: of|\s*[:=])\s*(?P<note>[a-g]){_ACCIDENTAL}(?![\w#♯♭])", re.IGNORECASE)
_IN_LETTER = re.compile(
    r"\bin (?P<note>[A-G])(?P<accidental>#|♯|♭|b)?(?=\s*(?:$|[,.;:!)\d]|at\b|with\b|and\b))"
)
# "In a flat" may be at home; "in A flat" is a key.
_IN_FLAT = re.compile(r"\bin (?P<note>[A-G])(?P<accidental>#|♯|♭|b|(?i:[\s-]?sharp|[\s-]?flat))(?![\w#♯♭])")
_IN_SHARP = re.compile(r"\bin (?P<note>[a-g])(?P<accidental>#|♯|♭)")
_ALONE = re.compile(
    r"(?:^|(?<=[,;]))\s*(?P<note>[A-G])(?P<accidental>#|♯|♭|b|(?i:[\s-]?sharp|[\s-]?flat))(?=\s*(?:$|[,;]))"
)
_PATTERNS = (_FULL, _SHORT_MINOR, _KEY_OF, _IN_LETTER, _IN_FLAT, _IN_SHARP, _ALONE)
_BARE = re.compile(rf"(?P<note>[a-g]){_ACCIDENTAL}(?:(?P<short>m)|[\s-]*(?P<mode>{_MODE}))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Key:
    """A tonic and a mode.

    Attributes:
        tonic: pitch class, 0 (C) to 11 (B).
        mode: `major`, `minor`, `dorian`, `phrygian`, `lydian` or `mixolydian`.
    """

    tonic: int
    mode: str

    def __str__(self) -> str:
        return f"{NOTE_NAMES[self.tonic]} {self.mode}"


def find_key(text: str) -> tuple[Key | None, str]:
    """Look for a key in a prompt.

    Returns:
        The key, or None; and the text with the words that named it cut out.
    """
    match = key_words(text)
    if match is None:
        return None, text
    return _key(match), f"{text[: match.start()]} {text[match.end() :]}"


def key_words(text: str) -> re.Match[str] | None:
    """The words of a prompt that name a key."""
    return next((match for pattern in _PATTERNS if (match := pattern.search(text))), None)


def parse_key(text: str) -> Key | None:
    """Read text that must be a key and nothing else ("d minor", "F#", "Bbm"); None when it is not one."""
    match = _BARE.fullmatch(text.strip())
    return _key(match) if match else None


def names_mode(match: re.Match[str]) -> bool:
    """Whether words that name a key name its mode, too: "C major", but not "in C"."""
    groups = match.groupdict()
    return bool(groups.get("mode") or groups.get("short"))


def option_names_mode(text: str) -> bool:
    """The same of text that must be a key and nothing else."""
    match = _BARE.fullmatch(text.strip())
    return match is not None and names_mode(match)


def _key(match: re.Match[str]) -> Key:
    groups = match.groupdict()
    accidental = (groups["accidental"] or "").strip(" -").lower()
    tonic = (NATURALS[groups["note"].lower()] + ACCIDENTALS.get(accidental, 0)) % 12
    mode = (groups.get("mode") or "").lower()
    minor = mode == "m" or groups.get("short")
    return Key(tonic, "minor" if minor else MODES.get(mode, "major"))
