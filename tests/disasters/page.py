"""The page that says what a user sees of a disaster, and what of it was seen."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "disasters.md"
CHANGEABLE = "…"  # in a message of the page: what differs from case to case


def messages(heading: str) -> list[re.Pattern[str]]:
    """The messages that the page has under a heading."""
    _, found, section = f"\n{PAGE.read_text()}".partition(f"\n## {heading}\n")
    assert found, f"{PAGE.name} has no {heading!r}"
    blocks = section.partition("\n## ")[0].split("\n```")[1::2]
    return [re.compile(".*?".join(map(re.escape, block.strip().split(CHANGEABLE)))) for block in blocks]


def told(heading: str, text: str) -> bool:
    """Whether a user who saw this text was told what the page says."""
    seen = {message.pattern for message in messages(heading) if message.search(text)}
    SEEN.setdefault(heading, set()).update(seen)
    return bool(seen)


SEEN: dict[str, set[str]] = {}
