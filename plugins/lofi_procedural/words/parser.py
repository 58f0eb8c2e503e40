"""How a prompt becomes a `Brief`: numbers and keys first, then the longest known phrases."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from lofi_procedural.metre import METRES
from lofi_procedural.words.keys import find_key, key_words, names_mode
from lofi_procedural.words.phrases import phrases
from lofi_procedural.words.reading import Reading

if TYPE_CHECKING:
    from lofi_procedural.words.brief import Brief

_BPM = re.compile(
    r"\b(\d{2,3}(?:\.\d+)?)\s*-?\s*(?:bpm|beats per minute)\b"
    r"|\b(?:bpm|tempo)(?:\s+(?:of|around|about))?\s*[:=]?\s*(\d{2,3}(?:\.\d+)?)\b"
)
_METRE = re.compile(r"(?<![\d/])(\d{1,2})\s*/\s*(2|4|8|16)(?![\d/])(?:\s*time\b)?")
_RANGE = re.compile(r"\b(\d{2,3})\s*(?:-|\u2013|to|and)\s*(\d{2,3})(?=\s*(?:bpm|beats per minute)\b)")
# "At 70" is a tempo where nothing follows that might be its unit.
_AT = re.compile(r"\bat (\d{2,3})(?=\s*(?:$|[,;]|\.(?!\d)))")
# Signs that people write for words.
_SIGNS = (
    ("\u2019", "'"),
    ("w/o", " without "),
    ("w/", " with "),
    ("/", " or "),
    ("&", " and "),
    ("+", " and "),
)
# A clause ends a negation: "no drums, rhodes" takes out the drums only.
_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)?|[,.;:!?()|]")
SOFT_HYPHEN = "\u00ad"  # in what is copied from a page that breaks its words
SLOWEST_BPM, FASTEST_BPM = 40.0, 200.0
LONGEST = 4_000  # one letter may stand for eighteen, and a prompt has 2,000 at most


def read_prompt(prompt: str) -> Brief:
    """Understand as much of a prompt as the lexicon allows. Pure; of a sentence, in some 200 µs."""
    # One space for many: the patterns below know one, and would try every way to share out a thousand.
    text = _tidy(unicodedata.normalize("NFKC", prompt)[:LONGEST].replace(SOFT_HYPHEN, ""))
    reading = Reading()
    text = _read_metre(_read_tempo(_read_key(text, reading), reading), reading)
    for sign, word in (*_SIGNS, ("-", " ")):
        text = text.replace(sign, word)
    for phrase in phrases(_TOKEN.findall(text)):
        reading.take(phrase)
    return reading.brief()


def _read_key(text: str, reading: Reading) -> str:
    key, rest = find_key(text)
    words = key_words(text)
    if key is not None and words is not None:
        reading.key, reading.is_mode_fixed = key, names_mode(words)
        reading.understood[_tidy(words[0])] = f"key {key}"
    return rest.lower()


def _read_tempo(text: str, reading: Reading) -> str:
    text = _RANGE.sub(lambda ends: f"{(float(ends[1]) + float(ends[2])) / 2:g}", text)
    match = _BPM.search(text) or _AT.search(text)
    if not match:
        return text
    stated = float(next(number for number in match.groups() if number))
    reading.tempo = max(SLOWEST_BPM, min(FASTEST_BPM, stated))
    limit = f", the {'fastest' if stated > reading.tempo else 'slowest'} there is"
    told = f"{reading.tempo:g} BPM{limit if stated != reading.tempo else ''}"
    reading.understood[_tidy(match[0])] = told
    return _without(text, match)


def _read_metre(text: str, reading: Reading) -> str:
    for match in _METRE.finditer(text):
        name = f"{match[1]}/{match[2]}"
        if name in METRES:
            reading.metre = METRES[name]
            reading.understood[_tidy(match[0])] = f"metre {name}"
        else:
            reading.unknown.append(name)
    return _METRE.sub(" ", text)


def _without(text: str, match: re.Match[str]) -> str:
    return f"{text[: match.start()]} {text[match.end() :]}"


def _tidy(words: str) -> str:
    return " ".join(words.split())
