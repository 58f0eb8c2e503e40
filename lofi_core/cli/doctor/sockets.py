"""May a socket lie where it is to lie, and whose is the one that does?"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from lofi_core.cli.doctor.finding import Area, Finding
from lofi_core.paths import SOCKET_LIMIT_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lofi_core.cli.doctor.patient import Patient

OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
ELSEWHERE = "choose another path with --socket or LOFI_SOCKET"
_AREA = Area("socket")


def check_socket(patient: Patient) -> Iterator[Finding]:
    """Length, directory and file, by the rules that the daemon goes by. Changes nothing."""
    path = patient.settings.paths.socket
    length = len(os.fsencode(path))
    yield _AREA.ok(f"{path}, {length} of {SOCKET_LIMIT_BYTES} bytes")
    try:
        directory = os.lstat(path.parent)
    except FileNotFoundError:
        yield _AREA.ok(f"{path.parent} is not there yet; the daemon makes it")
        return
    trouble = _of_directory(path.parent, directory)
    if trouble is not None:
        yield trouble
        return
    yield _AREA.ok(f"{path.parent} is yours, {_mode(directory)}")
    yield from _of_file(path)


def _of_directory(place: Path, found: os.stat_result) -> Finding | None:
    if stat.S_ISLNK(found.st_mode):
        return _AREA.problem(f"{place} is a symbolic link, which another could turn elsewhere", ELSEWHERE)
    if not stat.S_ISDIR(found.st_mode):
        return _AREA.problem(f"{place} is no directory", ELSEWHERE)
    if found.st_uid != os.geteuid():
        return _AREA.problem(f"{place} belongs to user {found.st_uid}, not to you", ELSEWHERE)
    if found.st_mode & OTHERS_MAY_WRITE:
        text = f"other users may write to {place} ({_mode(found)}) and put their socket in place of yours"
        return _AREA.problem(text, f"chmod 700 {place}, or {ELSEWHERE}")
    return None


def _of_file(path: Path) -> Iterator[Finding]:
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        yield _AREA.problem(f"{path} is there, and is no socket", f"remove it, or {ELSEWHERE}")
    elif found.st_uid != os.geteuid():
        yield _AREA.problem(f"{path} belongs to user {found.st_uid}, not to you", ELSEWHERE)
    elif found.st_mode & 0o077:
        yield _AREA.warning(
            f"{path} has the rights {_mode(found)}; only you should have any", f"chmod 600 {path}"
        )


def _mode(found: os.stat_result) -> str:
    return f"{stat.S_IMODE(found.st_mode):04o}"
