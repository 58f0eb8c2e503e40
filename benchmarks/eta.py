"""How good are the ETAs of jobs, on this machine?

`python -m benchmarks.eta [JOBS]` has a daemon make tracks of one to six minutes, 24 unless told otherwise,
and restarts it half-way: what it has learnt is kept. What each event said is held against when the track was
there.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from itertools import count
from pathlib import Path

from benchmarks.figures import Figure, quantile, show
from benchmarks.own_daemon import OwnDaemon

JOBS, LEARNING = 24, 3
WORDS = (
    "rainy jazz, rhodes",
    "solo piano",
    "ambient pads, no drums",
    "boom bap, upright bass",
    "bossa, flute, waves",
)
POINTS = (0.25, 0.5, 0.75)


def main(jobs: int) -> None:
    """The errors as shares of what the jobs took; the first few teach, and do not count."""
    chance, seeds = random.Random(0), count()
    errors: dict[float, list[float]] = {0.0: [], **{point: [] for point in POINTS}}
    with tempfile.TemporaryDirectory(prefix="lofi-", ignore_cleanup_errors=True) as folder:
        daemon = OwnDaemon(Path(folder))
        try:
            for number in range(jobs):
                if number == jobs // 2:
                    daemon.stop()
                    daemon = OwnDaemon(Path(folder))
                found = one_job(daemon, WORDS[number % len(WORDS)], 60 * 6 ** chance.random(), next(seeds))
                for point, error in found.items() if number >= LEARNING else ():
                    errors[point].append(error)
            said = daemon.client.call("status")["eta"]
        finally:
            daemon.stop()
    show(
        Figure(f"ETA at {point:.0%}: {name} error, % of what the job took", 100 * value)
        for point, all_of in errors.items()
        for name, value in (("median", statistics.median(all_of)), ("90th percentile", quantile(all_of, 0.9)))
    )
    print(f"  the daemon says of itself: {said}")


def one_job(daemon: OwnDaemon, prompt: str, seconds: float, seed: int) -> dict[float, float]:
    """Make a track; how far off the ETA was at its begin and at the first event past each point."""
    client = daemon.client
    client.call("subscribe", events=["generation_start", "generation_progress", "generation_complete"])
    accepted = client.call("generate", prompt=prompt, duration_sec=round(seconds, 1), seed=seed)
    told: dict[float, tuple[float, float]] = {}
    begun = time.monotonic()
    while event := client.next_event(600):
        now, fields = time.monotonic(), event.fields
        if fields.get("job_id") != accepted["job_id"]:
            continue
        if event.name == "generation_start":
            begun = now
        if event.name == "generation_complete":
            return {point: abs(at + eta - now) / (now - begun) for point, (at, eta) in told.items()}
        if (eta := fields.get("eta_sec")) is not None:
            share = fields["percent"] / 100 if event.name == "generation_progress" else 0.0
            for point in (0.0, *POINTS):
                if share >= point:
                    told.setdefault(point, (now, eta))
    raise SystemExit("the track did not come")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else JOBS)
