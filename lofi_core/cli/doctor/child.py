"""How is something looked at that may take its process down, or never come back?"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, NamedTuple

from lofi_core.host.endings import signal_name


class Outcome(NamedTuple):
    """What a child left.

    Attributes:
        reports: the JSON documents that it printed, one a line.
        end: how it ended, in words; None when it ended well.
    """

    reports: list[dict[str, Any]]
    end: str | None


def run_child(module: str, task: dict[str, Any], timeout_sec: float) -> Outcome:
    """Run a module of ours in a process of its own, with a task on its standard input."""
    # -P: a stray numpy.py in the user's directory must not be imported.
    command = [sys.executable, "-P", "-m", module]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            command,
            input=json.dumps(task).encode(),
            capture_output=True,
            check=False,
            timeout=timeout_sec,
        )
    except subprocess.TimeoutExpired as error:
        return Outcome(_documents(error.stdout or b""), f"it does not come back within {timeout_sec:g} s")
    if done.returncode == 0:
        return Outcome(_documents(done.stdout), None)
    last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2][:200]
    return Outcome(_documents(done.stdout), ending(done.returncode, last))


def ending(status: int, last: str = "") -> str:
    """How a process ended that should not have, in words; `last` is what it said last."""
    if status > 0:
        return f"its process ended with status {status}{': ' + last if last else ''}"
    return f"its process was ended by {signal_name(-status)}"


def _documents(output: bytes) -> list[dict[str, Any]]:
    """Whole lines that are documents; the last may have been cut short."""
    found = []
    for line in output.split(b"\n"):
        try:
            document = json.loads(line)
        except ValueError:
            continue
        if isinstance(document, dict):
            found.append(document)
    return found
