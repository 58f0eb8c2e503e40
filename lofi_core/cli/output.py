"""How are values shown to people, and to programs?"""

from __future__ import annotations

import json
import sys
import unicodedata
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

UNFOLDED_WIDTH = 100_000
# A step of a large model on a small machine takes seconds; nobody is told of those.
LONG_STEP_SEC = 5.0

# Characters that turn the direction of what follows them: text can be made to look like other text.
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Control, surrogate, line separator, paragraph separator.
_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})


def clean(text: str, keep: str = "") -> str:
    r"""Text that cannot steer a terminal: control characters become `\x1b` and the like.

    Args:
        text: anything, from anywhere.
        keep: control characters to leave alone.
    """
    if text.isprintable():
        return text
    return "".join(char if char in keep or _is_harmless(char) else _escaped(char) for char in text)


def _is_harmless(char: str) -> bool:
    return unicodedata.category(char) not in _UNPRINTABLE and char not in _BIDI


def _escaped(char: str) -> str:
    return ascii(char)[1:-1]


def print_json(value: Any) -> None:
    """Print one JSON document. ASCII only, so that it is right in any encoding and steers no terminal."""
    click.echo(json.dumps(value, indent=2))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[str] = ()) -> None:
    """Print rows under headings; the columns named in `numbers` are aligned to the right."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in columns:
        table.add_column(name, justify="right" if name in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(clean(cell)) for cell in row))
    # Only a terminal has a width; in a pipe nothing is folded.
    width = None if sys.stdout.isatty() else UNFOLDED_WIDTH
    Console(highlight=False, width=width).print(table)


def print_fields(fields: Iterable[tuple[str, str]]) -> None:
    """Print names and values, one a line."""
    pairs = list(fields)
    width = max((len(name) for name, _ in pairs), default=0)
    for name, value in pairs:
        click.echo(f"{name:<{width}}  {clean(value)}".rstrip())


def seconds(value: float) -> str:
    """A span of time as people say it: `4 s`, `2 min 5 s`, `3 h 20 min`."""
    whole = round(value)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def clock(value: float) -> str:
    """A place in a track as players show it: `0:07`, `12:05`, `1:02:03`."""
    minutes, whole = divmod(int(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{whole:02}" if hours else f"{minutes}:{whole:02}"


def size(count: int) -> str:
    """A number of bytes as people say it: `12.3 MB`."""
    amount = float(count)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def eta_accuracy(answer: dict[str, Any] | None) -> str:
    """How good ETAs were; empty while nobody knows."""
    if answer is None:
        return ""
    return f"within {100 * answer['median_error']:.0f} % (median of the last {answer['jobs']})"


def eta(value: float | None) -> str:
    """What is left of a job, where anybody knows."""
    return "" if value is None else f"{seconds(value)} left"


def silence(job: dict[str, Any]) -> str:
    """That a running job's backend has not come back from a step for long; nothing when it has."""
    silent_sec = job.get("silent_sec") or 0.0
    return f", no step for {seconds(silent_sec)}" if silent_sec >= LONG_STEP_SEC else ""
