"""In which order is everything looked at, so that it takes a few seconds and nothing stands in the way?"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from lofi_core.cli.doctor import (
    backends,
    clocks,
    daemons,
    desktop,
    generation,
    library,
    places,
    sessions,
    sockets,
    software,
    sound,
)
from lofi_core.cli.doctor.finding import Area, Finding
from lofi_core.cli.doctor.patient import Patient, admit, check_configuration
from lofi_core.errors import LofiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from lofi_core.cli.options import Globals

    Check = Callable[[], Iterable[Finding]]


def examine(options: Globals, *, quick: bool) -> Iterator[Finding]:
    """Every finding, in an order that does not depend on how long each check takes."""
    yield from Area("python").guarded(software.check_python)
    yield from Area("package").guarded(software.check_package)
    yield from Area("onnxruntime").guarded(software.check_onnxruntime)
    try:
        patient = admit(options)
    except LofiError as error:
        yield Area("configuration").refused(error)
        return
    yield from Area("configuration").guarded(partial(check_configuration, patient))
    if patient.has_socket:
        yield from Area("socket").guarded(partial(sockets.check_socket, patient))
        yield from Area("daemon").guarded(partial(daemons.check_daemon, patient))
    yield from _at_once(_slow_ones(patient))
    yield from Area("clock").guarded(partial(clocks.check_clock, patient))
    if not quick:  # last and alone: it is timed
        yield from Area("generation").guarded(partial(generation.check_generation, patient))


def _slow_ones(patient: Patient) -> list[tuple[Area, Check]]:
    """They wait for processes, disks and others' answers, and not for one another."""
    return [
        (Area("disk"), partial(places.check_places, patient)),
        (Area("library"), partial(library.check_library, patient)),
        (Area("device"), partial(sessions.check_device, patient)),
        (Area("backends"), partial(backends.check_backends, patient)),
        (Area("sound"), partial(sound.check_sound, patient)),
        (Area("media keys"), partial(desktop.check_desktop, patient)),
    ]


def _at_once(checks: list[tuple[Area, Check]]) -> Iterator[Finding]:
    def run(area: Area, check: Check) -> list[Finding]:
        return list(area.guarded(check))

    with ThreadPoolExecutor(len(checks)) as pool:
        for found in pool.map(run, *zip(*checks, strict=True)):
            yield from found
