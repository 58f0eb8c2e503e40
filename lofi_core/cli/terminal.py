"""How does a command draw over its own last lines, and hear single keys?"""

from __future__ import annotations

import os
import select
import shutil
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

CLEAR_LINE = "\r\x1b[K"
UP = "\x1b[A"
BRIGHT, FAINT, PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[0m"


def columns() -> int:
    """How many characters fit into a line without wrapping: one that wraps cannot be drawn over."""
    return shutil.get_terminal_size().columns - 1


class Lines:
    """Lines of standard error that are drawn over themselves."""

    def __init__(self) -> None:
        self._drawn: list[str] = []

    def draw(self, lines: Sequence[str]) -> None:
        """Show these, which fit into the width, in the place of those before."""
        if list(lines) != self._drawn:
            click.echo(self._back() + "\n".join(CLEAR_LINE + line for line in lines), nl=False, err=True)
            self._drawn = list(lines)

    def clear(self) -> None:
        """Show nothing, so that something else can be printed there."""
        click.echo(self._back(), nl=False, err=True)
        self._drawn = []

    def _back(self) -> str:
        """To the begin of the first line, with all of them empty."""
        return (CLEAR_LINE + UP) * (len(self._drawn) - 1) + CLEAR_LINE


@contextmanager
def drawn_lines() -> Iterator[Lines]:
    """Lines that are gone at the end."""
    lines = Lines()
    try:
        yield lines
    finally:
        lines.clear()


@contextmanager
def single_keys() -> Iterator[Callable[[], str | None]]:
    """Keys of the terminal, one by one: the next one, None when none was pressed, empty at its end."""
    import termios
    import tty

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)

    def next_key() -> str | None:
        if not select.select([descriptor], [], [], 0)[0]:
            return None
        return os.read(descriptor, 1).decode("utf-8", "replace")

    tty.setcbreak(descriptor)
    try:
        yield next_key
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
