"""How does a record of the log look, so that nobody's text in it can pass for another record?

A record begins with its time, level and logger. Whatever lines follow in it, of a traceback say, begin with a
mark, and characters that steer a terminal are escaped: so only the daemon begins records.
"""

from __future__ import annotations

import logging
import re
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CONTINUED = "  | "
LEVELS = ("debug", "info", "warning", "error")
# A plugin's exception may hold a whole array. The end counts: that is where it says what it is.
MAX_CHARACTERS = 20_000
_HEAD = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d) (?P<level>[A-Z]+) +(?P<logger>[^:]*): "
)


class Formatter(logging.Formatter):
    """`2026-03-29 14:05:01.250+02:00 INFO    lofi: what happened`."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802
        """With the offset: a log of months goes over two changes of the clock."""
        return datetime.fromtimestamp(record.created).astimezone().isoformat(" ", "milliseconds")

    def format(self, record: logging.LogRecord) -> str:
        """The record, each of its lines safe to show."""
        text = super().format(record)
        if len(text) > MAX_CHARACTERS:
            text = f"{text[: MAX_CHARACTERS // 2]} … {text[-MAX_CHARACTERS // 2 :]}"
        return f"\n{CONTINUED}".join(map(harmless, text.split("\n")))


def harmless(line: str) -> str:
    r"""A line that cannot steer a terminal or end early: `\x1b` and the like in place of such characters."""
    if line.isprintable():
        return line
    return "".join(char if char.isprintable() or char == "\t" else ascii(char)[1:-1] for char in line)


class Entry(NamedTuple):
    """One record, or a line that something else than the logging wrote, such as a crash in native code.

    Attributes:
        time: ISO 8601 with a space; None for such a line.
        level: lower case; None for such a line.
        logger: who logged it; None for such a line.
        text: what was logged, of several lines where it has them.
    """

    time: str | None
    level: str | None
    logger: str | None
    text: str

    def is_of(self, least: str) -> bool:
        """Whether it counts at a level. What nobody gave a level may be a crash, and always counts."""
        return self.level is None or rank(self.level) >= rank(least)


def rank(level: str) -> int:
    """Levels in their order; `critical` is an error too."""
    return LEVELS.index(level) if level in LEVELS else len(LEVELS)


def entries(lines: Iterable[str]) -> Iterator[Entry]:
    """The entries that these lines are, in order."""
    current: Entry | None = None
    for line in lines:
        head = _HEAD.match(line)
        if current is not None and current.level and line.startswith(CONTINUED):
            current = current._replace(text=f"{current.text}\n{line.removeprefix(CONTINUED)}")
            continue
        if current is not None:
            yield current
        if head is None:
            current = Entry(None, None, None, line)
        else:
            current = Entry(head["time"], head["level"].lower(), head["logger"], line[head.end() :])
    if current is not None:
        yield current
