"""How fast is a track made here, from the words to the file?"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from lofi_core.cli.doctor.child import ending
from lofi_core.cli.doctor.finding import Area, Finding
from lofi_core.errors import from_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lofi_core.cli.doctor.patient import Patient

MOST_SEC = 30.0
BACKEND = "procedural"
_AREA = Area("generation")


def check_generation(patient: Patient) -> Iterator[Finding]:
    """The shortest track that `procedural` makes, by `generate --no-daemon`, in a library of its own."""
    if patient.shortest_sec is None:
        yield _AREA.warning(f"{BACKEND} does not work, so no track is made to the clock")
        return
    with tempfile.TemporaryDirectory(prefix="lofi-doctor-") as place:
        try:
            done = _generate(Path(place), patient.shortest_sec)
        except subprocess.TimeoutExpired:
            text = f"a track of {patient.shortest_sec:g} s is not made within {MOST_SEC:g} s"
            yield _AREA.problem(text, "see what keeps the machine busy: top")
            return
    if done.returncode < 0:
        remedy = "whatever is wrong with a backend above may be why: no daemon would live either"
        yield _AREA.problem(f"no track can be made: {ending(done.returncode)}", remedy)
        return
    if done.returncode != 0:
        error = from_text(_last_words(done.stderr))
        yield _AREA.problem(f"no track can be made: {error.message}", error.hint)
        return
    made = json.loads(done.stdout)
    took_sec = made["generation_time_sec"]
    speed = made["duration_sec"] / took_sec if took_sec else float("inf")
    told = f"{made['duration_sec']:g} s of {BACKEND} took {took_sec:.2f} s: {speed:.1f} times real time"
    if speed < 1.0:
        yield _AREA.warning(told, "close what keeps the processor busy: the radio would fall silent")
    else:
        yield _AREA.ok(told)


def _last_words(stderr: str) -> str:
    """The error that a command ends with, behind whatever was logged before."""
    return re.split(r"^(?=[A-Z_]+: )", stderr.strip(), flags=re.MULTILINE)[-1]


def _generate(place: Path, duration_sec: float) -> subprocess.CompletedProcess[str]:
    """As a user would, but with no configuration: what is wrong with that is told elsewhere."""
    config = place / "config.toml"
    config.touch()
    environ = {name: value for name, value in os.environ.items() if not name.startswith("LOFI_")}
    return subprocess.run(  # noqa: S603 - our own interpreter and module
        [
            *(sys.executable, "-P", "-m", "lofi_core", "--json", "--config", str(config)),
            # A socket that nobody makes: the path of a temporary directory may be too long for one.
            *("--data-dir", str(place / "data"), "--socket", "/nonexistent"),
            *("generate", "slow piano", "--no-daemon", "-b", BACKEND, "-d", f"{duration_sec:g}"),
        ],
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=MOST_SEC,
    )
