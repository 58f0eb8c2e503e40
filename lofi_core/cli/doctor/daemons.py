"""Does a daemon run, does it answer, and is it of this version?"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from lofi_core import __version__
from lofi_core.cli.doctor.finding import Area, Finding
from lofi_core.errors import LofiError
from lofi_core.rpc.client import ConnectionLost, NoDaemon
from lofi_core.rpc.ending import lock_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lofi_core.cli.doctor.patient import Patient

ANSWER_SEC = 2.0
_AREA = Area("daemon")


def check_daemon(patient: Patient) -> Iterator[Finding]:
    """Greet it, if it is there. `patient.serves` is what it says."""
    socket = patient.settings.paths.socket
    begun = time.monotonic()
    try:
        hello = patient.call("hello", ANSWER_SEC)
        took_ms = (time.monotonic() - begun) * 1000
    except ConnectionLost as error:
        holder = _holder(socket)
        remedy = f"kill {holder}, and start it again" if holder else error.hint
        yield _AREA.problem(error.message, remedy)
    except NoDaemon:
        yield from _why_none(socket)
    except LofiError as error:
        yield _AREA.refused(error)
    else:
        patient.serves = hello
        yield from _compare(hello, took_ms)


def _compare(hello: dict[str, object], took_ms: float) -> Iterator[Finding]:
    from lofi_core.rpc.methods import PROTOCOL

    told = f"lofi-core {hello.get('version')}, pid {hello.get('pid')}, answers in {took_ms:.1f} ms"
    again = "`lofi-core shutdown`; the next command that needs a daemon starts the new one"
    if hello.get("protocol") != PROTOCOL:
        yield _AREA.problem(f"{told}, and speaks protocol {hello.get('protocol')}, not {PROTOCOL}", again)
    elif hello.get("version") != __version__:
        yield _AREA.warning(f"{told}; this command is {__version__}", again)
    else:
        yield _AREA.ok(told)


def _why_none(socket: Path) -> Iterator[Finding]:
    holder = _holder(socket)
    if holder is not None:
        text = f"process {holder} has the lock of {socket} and does not listen: it starts, ends or hangs"
        yield _AREA.warning(text, f"wait a moment; if it stays so, kill {holder}")
    elif socket.is_socket():
        yield _AREA.ok(f"none runs; {socket} is left of one that died, and is no obstacle")
    else:
        yield _AREA.ok("none runs; the first command that needs one starts it")


def _holder(socket: Path) -> int | None:
    """The daemon that noted itself in the lock beside the socket, if it still runs."""
    import psutil

    try:
        pid = int(lock_path(socket).read_text()[:20].split()[0])  # behind it may stand that it ends
        words = psutil.Process(pid).cmdline()
    except (OSError, ValueError, IndexError, psutil.Error):
        return None
    return pid if any("lofi" in word for word in words) else None
