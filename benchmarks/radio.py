"""Does the radio ever fall silent? Hours of it, in virtual time, with backends of four speeds.

`OPENBLAS_NUM_THREADS=1 python -m benchmarks.radio [HOURS] [SCENARIO]...` from the project's folder. All parts
are the daemon's, but for the backends, whose work is only time that passes, and for the player's process: its
mixer runs in this one, and every sample is listened to. Each scenario runs in a process of its own.
"""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
from pathlib import Path

from tests.radio.hours import SCENARIOS, Report, Scenario, play
from tests.radio.moments import MOMENTS

HOURS = 6.0
MIB = 2**20


def main(hours: float, names: list[str]) -> None:
    """Run and print."""
    for name in names or list(SCENARIOS):
        with multiprocessing.get_context("spawn").Pool(1) as process:
            print(process.apply(run, (name, hours)), flush=True)


def run(name: str, hours: float) -> str:
    """One scenario, in words."""
    scenario = {**SCENARIOS, **MOMENTS}[name]
    with tempfile.TemporaryDirectory(prefix="lofi-") as folder:
        return told(play(scenario, Path(folder), hours), scenario)


def told(report: Report, scenario: Scenario) -> str:
    """What came of it."""
    status, heard, ear, rss = report.status, report.heard, report.ear, report.rss
    warm, busy = rss[len(rss) // 6], report.backend.worked_sec / 36 / report.hours
    told = {
        "silence": f"{ear.silence_sec:.3f} s in {len(ear.gaps)} gaps, the longest {ear.longest_sec:.3f} s",
        "begins": f"after {report.first_sec:.1f} s, the player's start included",
        "heard": f"{heard['made']} new ones, {heard['bridge']} new bridges, {heard['again']} heard before",
        "counted": f"played {status.played}, made {status.made}, bridges {status.bridges},"
        f" again {status.again}, failures {status.failures}, silence {status.silence_sec:.3f} s",
        "jobs": f"{report.jobs}; the station's work {busy:.0f} % of the time",
        "memory": f"{warm / MIB:.1f} MiB after a sixth of the time, {rss[-1] / MIB:.1f} at the end,"
        f" at most {100 * report.growth:+.1f} %",
        "disk": f"{max(report.disk) / 1e6:.1f} MB at most, of {scenario.max_gb * 1e3:g} allowed",
    }
    lines = [f"{report.scenario}: {report.hours:g} h in {report.real_sec:.0f} s"]
    return "\n".join([*lines, *(f"  {name:8}  {text}" for name, text in told.items())])


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else HOURS, sys.argv[2:])
