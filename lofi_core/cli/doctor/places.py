"""Can the daemon write where it has to, and is there room?"""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from lofi_core.cli.doctor.finding import Area, Finding
from lofi_core.cli.output import size

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lofi_core.cli.doctor.patient import Patient

# A track of ten minutes is some 100 MB while it is made; a model some GB.
LITTLE_BYTES, TOO_LITTLE_BYTES = 1_000_000_000, 100_000_000
_DISK = Area("disk")


def check_places(patient: Patient) -> Iterator[Finding]:
    """Each directory, and each disk once."""
    paths, sources = patient.settings.paths, patient.settings.sources
    places = {
        "data": paths.data,
        "cache": paths.cache,
        "state": paths.state,
        "config": paths.config.parent,
        "models": paths.models,
    }
    disks: dict[int, Path] = {}
    for name, directory in places.items():
        area = Area(f"{name} directory")
        source = sources.get(f"paths.{name}", "default")
        yield from area.guarded(partial(_check, area, directory, source))
        there = _nearest(directory)
        disks.setdefault(there.stat().st_dev, there)
    for place in disks.values():
        yield from _DISK.guarded(partial(_check_room, place))


def _check(area: Area, directory: Path, source: str) -> Iterator[Finding]:
    there = _nearest(directory)
    remedy = f"make it writable for you, or choose another ({source} says where it is)"
    if not there.is_dir():
        yield area.problem(f"{there} is no directory", remedy)
    elif there != directory:
        if os.access(there, os.W_OK | os.X_OK):
            yield area.ok(f"{directory} is not there yet, and can be made")
        else:
            yield area.problem(f"{directory} is not there, and {there} does not let it be made", remedy)
    elif why := _cannot_write(directory):
        yield area.problem(f"{directory} cannot be written: {why}", remedy)
    elif directory.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        yield area.warning(f"other users may write to {directory}", f"chmod go-w {directory}")
    else:
        yield area.ok(str(directory))


def _nearest(directory: Path) -> Path:
    """The directory, or what of it is there."""
    return next(place for place in (directory, *directory.parents) if os.path.lexists(place))


def _cannot_write(directory: Path) -> str | None:
    """Why nothing can be written there, found out by doing it; None when it can."""
    probe = directory / f".lofi-doctor-{os.getpid()}"
    try:
        with probe.open("xb") as file:
            file.write(bytes(4096))
    except OSError as error:
        return error.strerror or str(error)
    finally:
        with suppress(OSError):
            probe.unlink()
    return None


def _check_room(place: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(place).free
    told = f"{size(free)} free on the disk of {place}"
    remedy = "make room: `lofi-core tracks rm`, `lofi-core rm`, or a limit with `store.max_gb`"
    if free < TOO_LITTLE_BYTES:
        yield _DISK.problem(told, remedy)
    elif free < LITTLE_BYTES:
        yield _DISK.warning(told, remedy)
    else:
        yield _DISK.ok(told)
