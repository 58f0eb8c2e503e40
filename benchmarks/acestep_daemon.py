"""ACE-Step in the daemon: how good is the ETA, how fast does a cancel take effect, what does it take?

`python -m benchmarks.acestep_daemon --models DIRECTORY [--seconds 10] [--steps 8] [--precision fp32]`, where
`DIRECTORY/ace_step` holds a model: the published one, or one with all 24 layers from
`python -m benchmarks.acestep_checkpoint --layers 24` (the stages' shares of the time are those of 24). A real
daemon is asked through its socket. Linux only: memory is read from /proc.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.musicgen_daemon import daemon, show

if TYPE_CHECKING:
    from benchmarks.musicgen_daemon import Daemon
    from lofi_core.rpc.client import Notification

JOB_TIMEOUT_SEC = 3600.0
CANCELS = 5
ENDS = {"generation_complete", "generation_error", "generation_cancelled"}


def begin(one: Daemon, seconds: float, seed: int, options: dict[str, Any]) -> str:
    """Ask for a track; returns the job."""
    asked = one.client.call(
        "generate",
        prompt="lofi beats, jazzy piano, rain",
        backend="ace_step",
        duration_sec=seconds,
        seed=seed,
        cache=False,
        options=options,
    )
    job_id: str = asked["job_id"]
    return job_id


def next_of(one: Daemon, job_id: str) -> Notification:
    """The job's next event."""
    while True:
        event = one.client.next_event(JOB_TIMEOUT_SEC)
        if event is None:
            raise SystemExit("no event any more")
        if event.fields.get("job_id") == job_id:
            return event


def make_track(one: Daemon, seconds: float, options: dict[str, Any]) -> None:
    """A whole track: the time of each stage, and what the ETA said on the way."""
    job_id = begin(one, seconds, 1, options)
    first: dict[str, float] = {}
    told: list[tuple[float, float, float]] = []  # when, percent, ETA
    begun = time.monotonic()
    while (event := next_of(one, job_id)).name not in ENDS:
        if event.name != "generation_progress":
            continue
        now = time.monotonic()
        first.setdefault(event.fields["stage"], now)
        if event.fields["eta_sec"] is not None:
            told.append((now, event.fields["percent"], event.fields["eta_sec"]))
    ended = time.monotonic()
    if event.name != "generation_complete":
        raise SystemExit(f"no track: {event}")
    starts = [*first.items(), ("end", ended)]
    stages = ", ".join(f"{a} {t1 - t0:.1f}" for (a, t0), (_, t1) in itertools.pairwise(starts))
    show(f"{seconds:g} s of music: in all", f"{ended - begun:.1f} s: {stages}")
    for percent in (25, 50, 75):
        reached = [row for row in told if row[1] >= percent]
        if reached:
            when, at, eta = reached[0]
            left = ended - when
            show(
                f"ETA at {at:.0f} %", f"{eta:.1f} s, it took {left:.1f} s: {100 * (eta - left) / left:+.0f} %"
            )
    show("peak of the daemon and its process", f"{one.peak_mb:.0f} MB")


def cancel(one: Daemon, seconds: float, options: dict[str, Any]) -> None:
    """Cancel in the middle of an evaluation: until the answer, and until the job has ended."""
    answered: list[float] = []
    ended: list[float] = []
    for seed in range(CANCELS):
        job_id = begin(one, seconds, 100 + seed, options)
        while (event := next_of(one, job_id)).fields.get("stage") != "denoise":
            if event.name in ENDS:
                raise SystemExit(f"no denoising: {event}")
        time.sleep(0.37 * (seed + 1))  # anywhere in the evaluation
        begun = time.monotonic()
        one.client.call("cancel", job_id=job_id)
        answered.append(time.monotonic() - begun)
        while (event := next_of(one, job_id)).name not in ENDS:
            continue
        ended.append(time.monotonic() - begun)
    for name, took in (("answered", answered), ("ended", ended)):
        show(
            f"cancel within an evaluation: {name} after, median and most of {CANCELS}",
            f"{1000 * statistics.median(took):.0f}, {1000 * max(took):.0f} ms",
        )


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--precision", default="fp32")
    given = parser.parse_args()
    options = {"inference_steps": given.steps, "precision": given.precision}
    print("| what | figure |\n|---|---|")
    with daemon(given.models.absolute()) as one:
        make_track(one, given.seconds, options)
        cancel(one, given.seconds, options)


if __name__ == "__main__":
    main()
