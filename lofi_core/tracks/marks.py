"""What people said of a track lies beside its FLAC, so that an index made anew has it again."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec

from lofi_core.files import replace_file

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger("lofi.tracks")


class Marks(msgspec.Struct, frozen=True, omit_defaults=True):
    """Title and favourite mark."""

    title: str | None = None
    favourite: bool = False


def write_marks(path: Path, marks: Marks) -> None:
    """Write the file, or remove it where nothing was said.

    Raises:
        OSError: the old one stays.
    """
    if marks == Marks():
        path.unlink(missing_ok=True)
    else:
        replace_file(path, msgspec.json.encode(marks))


def read_marks(path: Path) -> Marks | None:
    """What was said; None without a file, or with one that cannot be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Marks)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        log.warning("%s cannot be read: title and favourite mark are lost: %s", path, error)
        return None
