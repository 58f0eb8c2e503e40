"""Is the clock right, as far as we can tell?"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import lofi_core
from lofi_core.cli.doctor.finding import Area, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lofi_core.cli.doctor.patient import Patient

SLACK = timedelta(days=1)
SET_IT = "set the clock, or have it set: timedatectl set-ntp true"
_AREA = Area("clock")


def check_clock(patient: Patient) -> Iterator[Finding]:
    """Against what is older than now: our own files, and the tracks."""
    now = datetime.now(UTC)
    installed = datetime.fromtimestamp(Path(lofi_core.__file__).stat().st_mtime, UTC)
    told = f"{now:%Y-%m-%d %H:%M} UTC"
    if now < installed - SLACK:
        yield _AREA.problem(f"it says {told}, and lofi-core was installed on {installed:%Y-%m-%d}", SET_IT)
        return
    newest = datetime.fromisoformat(patient.newest) if patient.newest else None
    if newest is not None and now < newest - SLACK:
        text = f"it says {told}, and the newest track is of {newest:%Y-%m-%d}: it went back since"
        yield _AREA.warning(text, SET_IT)
    elif time.get_clock_info("monotonic").adjustable:
        yield _AREA.warning(f"{told}; its steady clock can be set, so waits may be wrong")
    else:
        yield _AREA.ok(told)
