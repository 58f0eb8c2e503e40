"""What can go wrong with a download, in words, and what to do about it."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from lofi_core.errors import ModelDownloadFailed

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

TRANSIENT = {408, 425, 429, 500, 502, 503, 504}
_HINTS = {
    401: "the source wants a login: get the file there by hand",
    403: "the source does not give it to everyone: get the file there by hand",
    404: "the source has moved: update the backend's package, or get the file by hand",
    410: "the source has moved: update the backend's package, or get the file by hand",
}


class AskAgain(Exception):
    """An attempt did not bring the file to its end; another may.

    Attributes:
        pause_sec: how long the server wants to be left alone.
    """

    def __init__(self, reason: str, pause_sec: float = 0.0) -> None:
        super().__init__(reason)
        self.pause_sec = pause_sec


class WrongBytes(ModelDownloadFailed):
    """Everything came, and it is not the file."""


def refusal(response: httpx.Response, path: str, url: str) -> AskAgain | ModelDownloadFailed:
    """The error for an answer without the file in it."""
    status = response.status_code
    told = f"the server answers {status} {response.reason_phrase}".rstrip()
    if status in TRANSIENT:
        after = response.headers.get("retry-after", "")
        return AskAgain(told, float(after) if after.isdecimal() else 0.0)
    return ModelDownloadFailed(f"{path} from {url}: {told}", _HINTS.get(status))


def another_file(path: str, url: str, found: str, wanted: str) -> WrongBytes:
    """The error for a server whose file is not the one that was asked for."""
    hint = (
        "if the source has changed for good: update the backend's package, or `lofi-core rm` what was pinned"
    )
    return WrongBytes(f"{path} from {url} has the {found}; must have the {wanted}", hint)


def no_room(directory: Path, needed: int, free: int) -> ModelDownloadFailed:
    """The error for a disk too small, found out before it is full."""
    problem = f"{needed:,} bytes are to be written to {directory}, and the disk has room for {free:,}"
    return ModelDownloadFailed(
        problem, "make room, or put the models elsewhere: models.dir in the configuration"
    )


def disk_error(error: OSError, directory: Path) -> ModelDownloadFailed:
    """The error for a file that could not be written."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        problem = f"the disk of {directory} is full"
        return ModelDownloadFailed(
            problem, "make room; what has come is kept, and the download goes on from it"
        )
    place = error.filename or directory
    return ModelDownloadFailed(f"cannot write {place}: {error.strerror or error}")
