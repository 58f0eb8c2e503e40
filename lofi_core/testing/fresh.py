"""What does a backend do to the process it is in? Looked at in a fresh one, where no other hides it.

The process runs `probe.py`; this is the side that starts it and reads what it found.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from lofi_core.host.endings import signal_name
from lofi_core.testing.conformance import Unfit

if TYPE_CHECKING:
    from pathlib import Path

    from lofi_core.testing.kit import Kit

LINES_SHOWN = 12
PATIENCE_SEC = 1800.0  # for three tracks of a few seconds


class Order(Struct):
    """What the process is told: the fields of `Conformance`, and where to write what it finds."""

    backend: str
    duration_sec: float | None
    model_dir: str | None
    options: list[str]
    report: str
    directories: list[str]


class Findings(Struct):
    """What it found.

    Attributes:
        modules_described: top-level modules that were not there before the backend was loaded and described.
        modules_planned: those that came with the first schedule.
        planning_sec: processor time of one more schedule, the least of several.
        digests: sha256 of the samples of two tracks of the same request.
        states_touched: names of global random generators that are not as they were.
        files: what lies in the current and the temporary directory since, by path.
        threads: names of threads that each further track leaves behind, a cancelled one included.
        descriptors: what the open files are that each further track leaves behind.
        error: why it went no further; empty when it did.
        printed: what came out of standard output.
    """

    modules_described: list[str] = []
    modules_planned: list[str] = []
    planning_sec: float = 0.0
    digests: list[str] = []
    states_touched: list[str] = []
    files: list[str] = []
    threads: list[str] = []
    descriptors: list[str] = []
    error: str = ""
    printed: str = ""


def look(kit: Kit) -> Findings:
    """Run the backend in a fresh process.

    Raises:
        Unfit: the process did not come to its end.
    """
    room = kit.room / "fresh"
    here, temporary = room / "here", room / "tmp"
    for directory in (room, here, temporary):
        directory.mkdir()
    report = room / "report"
    wanted = kit.wanted
    order = Order(
        backend=wanted.backend,
        duration_sec=wanted.duration_sec,
        model_dir=None if wanted.model_dir is None else os.path.abspath(wanted.model_dir),  # noqa: PTH100 - as the kit's own process sees it
        options=list(wanted.options),
        report=str(report),
        directories=[str(here), str(temporary)],
    )
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "lofi_core.testing.probe"],
            input=msgspec.json.encode(order),
            capture_output=True,
            check=False,
            cwd=here,
            env=environment(temporary),
            timeout=PATIENCE_SEC,
        )
    except subprocess.TimeoutExpired:
        raise Unfit(
            f"in a fresh process three tracks were not made within {PATIENCE_SEC:g} s",
            "end each step, and the generator; or try a shorter --lofi-duration, if it is only slow",
        ) from None
    if done.returncode or not report.exists():
        said = done.stderr.decode("utf-8", "replace").splitlines()[-LINES_SHOWN:]
        raise Unfit(
            f"in a fresh process it ended with {_status(done.returncode)}:\n  " + "\n  ".join(said),
            "nothing may end the process, for the daemon would end with it: raise InferenceFailed instead;"
            " where native code crashes, `PYTHONFAULTHANDLER=1` shows what called it",
        )
    findings = msgspec.json.decode(report.read_bytes(), type=Findings)
    findings.printed = done.stdout.decode("utf-8", "replace")
    return findings


def _status(code: int) -> str:
    return f"status {code}" if code >= 0 else signal_name(-code)


def environment(temporary: Path) -> dict[str, Any]:
    """Of a process that sees the same packages, and writes its temporary files where we look."""
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(place for place in sys.path if place),
        "PYTHONHASHSEED": "1",  # the order of a set of strings is another one than here
        "TMPDIR": str(temporary),
    }
