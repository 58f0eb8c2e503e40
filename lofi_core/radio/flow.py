"""Which tempo and key does the next piece get, so that it follows from the one before it? Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

# Two neighbours differ by so much at most, and a whole evening from its first piece.
NEIGHBOUR_SHARE, EVENING_SHARE = 0.03, 0.12
NOTES = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
NATURALS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_KEY = re.compile(r"\s*([a-g])\s*(#|♯|b|♭)?\s*([a-z]*)\s*", re.IGNORECASE)
# How far above the tonic of a minor key that of the major key with the same notes is, in semitones.
RELATIVE = 3


@dataclass(frozen=True, slots=True)
class Feel:
    """What neighbours should have in common; None where it is not known."""

    tempo_bpm: float | None = None
    key: str | None = None


def neighbour(before: Feel, first: Feel, chance: random.Random) -> Feel:
    """What follows well.

    Args:
        before: of the piece before.
        first: of the station's first piece: the tempo stays near it, however long the evening.
        chance: which of those that would do.
    """
    return Feel(
        _tempo_near(before.tempo_bpm, first.tempo_bpm or before.tempo_bpm, chance),
        None if before.key is None else key_near(before.key, chance),
    )


def key_near(key: str, chance: random.Random) -> str:
    """The same key, mostly; else its relative, or one a fifth away. What is no key stays what it is."""
    parsed = parsed_key(key)
    if parsed is None:
        return key
    tonic, mode = parsed
    steps = [(tonic, mode)] * 3 + [((tonic + 7) % 12, mode), ((tonic - 7) % 12, mode)]
    if mode == "minor":
        steps.append(((tonic + RELATIVE) % 12, "major"))
    elif mode == "major":
        steps.append(((tonic - RELATIVE) % 12, "minor"))
    tonic, mode = chance.choice(steps)
    return f"{NOTES[tonic]} {mode}"


def parsed_key(key: str) -> tuple[int, str] | None:
    """Pitch class and mode of a key's name, such as `D minor`; None when it is none."""
    match = _KEY.fullmatch(key)
    if match is None:
        return None
    note, accidental, mode = match.groups()
    shift = {"#": 1, "♯": 1, "b": -1, "♭": -1}.get(accidental or "", 0)
    return (NATURALS[note.lower()] + shift) % 12, mode.lower() or "major"


def _tempo_near(before: float | None, first: float | None, chance: random.Random) -> float | None:
    if before is None or first is None:
        return None
    tempo = before * chance.uniform(1 - NEIGHBOUR_SHARE, 1 + NEIGHBOUR_SHARE)
    low, high = first * (1 - EVENING_SHARE), first * (1 + EVENING_SHARE)
    # From outside the range it comes back by steps that are no larger.
    nearest = min(max(tempo, low), high)
    return round(min(max(nearest, before * (1 - NEIGHBOUR_SHARE)), before * (1 + NEIGHBOUR_SHARE)), 1)
