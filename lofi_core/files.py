"""Write files that are whole, and whose mode is what it should be."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import msgspec

from lofi_core.temporary import remove_leftovers, temporary_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

T = TypeVar("T")

log = logging.getLogger("lofi.files")
MAX_BYTES = 16_000_000


def replace_file(path: Path, content: bytes) -> None:
    """Write a file anew, with the permissions that it had. It is on the disk by then."""
    # Two processes may write the same file at once, and two threads of one.
    draft = temporary_path(path.parent, path.suffix)
    try:
        with draft.open("wb") as file:
            if path.exists():
                draft.chmod(path.stat().st_mode & 0o7777)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait until no other process holds the lock file, which is made if it is not there, and hold it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


class _Umask:
    """The one with which this process was started, once it has another."""

    given: int | None = None


def keep_private() -> None:
    """Make whatever this process writes from now on the user's alone, from its first moment.

    Prompts, tracks and logs are nobody else's business, also where a directory was opened to others. What is
    started from here inherits it.
    """
    before = os.umask(0o077)
    if _Umask.given is None:
        _Umask.given = before


def make_private_directory(directory: Path) -> None:
    """Make a directory, and those above that are missing, the user's alone."""
    if not directory.exists():
        make_private_directory(directory.parent)  # `parents=True` would leave those to the umask
        directory.mkdir(mode=0o700, exist_ok=True)


def give_users_mode(path: Path) -> None:
    """Give a file in a place of the user's choice the mode that any program's would have."""
    if _Umask.given is not None:
        path.chmod(0o666 & ~_Umask.given)


def load_or_put_aside(path: Path, kind: type[T], loss: str) -> T:
    """What a JSON file says; `kind()` where there is none, or none that can be read.

    A damaged one is renamed to `NAME.damaged`, for people to look at. What killed processes left of files in
    that directory goes.

    Args:
        path: of the file.
        kind: its content.
        loss: what it costs that it cannot be read, for the log.
    """
    with contextlib.suppress(OSError):
        remove_leftovers(path.parent)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise msgspec.ValidationError(f"it has over {MAX_BYTES:,} bytes")
        return msgspec.json.decode(content, type=kind)
    except FileNotFoundError:
        return kind()
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        aside = path.with_name(f"{path.name}.damaged")
        try:
            path.replace(aside)
            where = f"it is {aside} now"
        except OSError:
            where = "and it cannot be put aside"
        log.warning("%s cannot be read, so %s; %s: %s", path, loss, where, error)
        return kind()
