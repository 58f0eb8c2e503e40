"""How is the log read: its end, or line by line while it grows? No daemon is asked."""

from __future__ import annotations

import os
import time
from itertools import chain, count, islice
from typing import TYPE_CHECKING

from lofi_core.logs.lines import Entry, entries

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from pathlib import Path
    from typing import BinaryIO

POLL_SEC = 0.2


def files(path: Path) -> Iterator[Path]:
    """The log and those before it, the youngest first."""
    if path.is_file():
        yield path
    for number in count(1):
        older = path.with_name(f"{path.name}.{number}")
        if not older.is_file():
            return
        yield older


def last(path: Path, number: int, level: str) -> list[Entry]:
    """The last entries of a level and above, the oldest first."""
    return _last((file.read_bytes() for file in files(path)), number, level)


def follow(path: Path, number: int, level: str) -> Generator[Entry, None, None]:
    """The same, and what is logged from then on, for ever, into this file and those after it.

    It need not be there yet.
    """
    file = path.open("rb") if path.is_file() else None
    try:
        content = file.read() if file else b""
        older = (each.read_bytes() for each in islice(files(path), 1, None))
        yield from _last(chain([content], older), number, level)
        rest = content.rpartition(b"\n")[2]
        while True:
            whole, newline, rest = (rest + (file.read() if file else b"")).rpartition(b"\n")
            if newline:
                yield from _of_level(whole, level)
            elif _is_another(path, file):  # all of the one before is read by now
                if file is not None:
                    file.close()
                file, rest = path.open("rb"), b""
            else:
                time.sleep(POLL_SEC)
    finally:
        if file is not None:
            file.close()


def _last(contents: Iterable[bytes], number: int, level: str) -> list[Entry]:
    """Of files, the youngest first. No more of them are read than it takes."""
    found: list[Entry] = []
    for content in contents:
        found = [*_of_level(content.rpartition(b"\n")[0], level), *found]
        if len(found) >= number:
            break
    return found[max(len(found) - number, 0) :]


def _of_level(content: bytes, level: str) -> Iterator[Entry]:
    lines = content.decode("utf-8", "replace").split("\n")
    return (entry for entry in entries(filter(None, lines)) if entry.is_of(level))


def _is_another(path: Path, file: BinaryIO | None) -> bool:
    """Whether there is a file now that is not the open one, or that one was begun anew."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    return file is None or not os.path.samestat(found, os.fstat(file.fileno())) or found.st_size < file.tell()
