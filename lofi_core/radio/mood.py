"""How alike are two prompts?"""

from __future__ import annotations

import re

_TEMPO = re.compile(r"\b(\d{2,3})\s*bpm\b", re.IGNORECASE)
_KEY = re.compile(r"\b([a-g](?:#|b)?)[\s-]+(major|minor|dorian|phrygian|lydian|mixolydian)\b", re.IGNORECASE)


def tempo_in(prompt: str) -> float | None:
    """Beats per minute that a prompt names."""
    match = _TEMPO.search(prompt)
    return float(match[1]) if match else None


def key_in(prompt: str) -> str | None:
    """The key that a prompt names."""
    match = _KEY.search(prompt)
    return f"{match[1]} {match[2]}" if match else None


def likeness(one: str, other: str) -> float:
    """0 to 1, from shared words."""
    a, b = (set(re.findall(r"\w+", text.casefold())) for text in (one, other))
    return len(a & b) / len(a | b) if a | b else 0.0
