"""How is text that anyone may have typed made safe to show in a tag and to search in?"""

from __future__ import annotations

import unicodedata

from lofi_core.errors import InvalidParams

TITLE_LENGTH = 80
MAX_TITLE_CHARACTERS = 200  # Opus, for one, takes no tag of 100,000


def check_title(title: str | None) -> str | None:
    """The title as it is.

    Raises:
        InvalidParams: it is too long for a tag.
    """
    if title is not None and len(title) > MAX_TITLE_CHARACTERS:
        raise InvalidParams(f"title has {len(title)} characters; at most {MAX_TITLE_CHARACTERS} are allowed")
    return title


def printable(text: str) -> str:
    """One line without control characters: each, and any run of white space, becomes one space."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def display_title(title: str | None, prompt: str) -> str:
    """The title, or the beginning of the prompt where there is none."""
    if title and printable(title):
        return printable(title)
    line = printable(prompt)
    return line if len(line) <= TITLE_LENGTH else f"{line[: TITLE_LENGTH - 1].rstrip()}…"


def fold(text: str) -> str:
    """Text in the form two spellings of the same words share: case, accents' encoding and spacing aside."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", printable(text)).casefold())
