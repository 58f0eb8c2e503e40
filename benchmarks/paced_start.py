"""Does a track that is made while it is heard begin as early as it can, and as it was told?

`python -m benchmarks.paced_start [SECONDS]`: a real daemon, the null device in real time, and a backend that
makes sound at half, 1.2 times and three times the speed at which it is heard. Prints the table of
`docs/performance.md`. The earliest begin that does not run dry is D / v - D after the job's, for D seconds at
a speed of v, and at once from a speed of 1 on.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.first_sound import first_sound_ns
from benchmarks.own_daemon import WAIT_SEC, own_daemon

if TYPE_CHECKING:
    from benchmarks.own_daemon import OwnDaemon

SECONDS, SPEEDS = 20.0, (0.5, 1.2, 3.0)


class Begin(NamedTuple):
    """How one track began. Seconds from the begin of its job, but for `told`.

    Attributes:
        told: when it was told, and in how many seconds it would begin then.
        heard_sec: the first sample at the device that is not 0.
        dry: how often it stopped in its middle.
    """

    told: list[tuple[float, float]]
    heard_sec: float
    made_sec: float
    dry: int

    @property
    def worst_told(self) -> float | None:
        """By what share of the time that was left the worst of them was wrong."""
        errors = [abs(at + in_sec - self.heard_sec) / (self.heard_sec - at) for at, in_sec in self.told]
        return max(errors, default=None)


def main(seconds: float) -> None:
    """Run and print."""
    print("| speed | ideal begin | told first | real begin | told, worst error | made after | ran dry |")
    print("|---|---|---|---|---|---|---|")
    for speed in SPEEDS:
        with own_daemon("paced") as daemon:
            begin = heard(daemon, seconds, speed)
        first = f"in {begin.told[0][1]:.1f} s after {begin.told[0][0]:.1f} s" if begin.told else "nothing"
        worst = "" if begin.worst_told is None else f"{begin.worst_told:.0%}"
        ideal_sec = max(seconds / speed - seconds, 0.0)
        print(
            f"| {speed:g} | {ideal_sec:.1f} s | {first} | {begin.heard_sec:.2f} s | {worst} |"
            f" {begin.made_sec:.1f} s | {begin.dry} |"
        )


def heard(daemon: OwnDaemon, seconds: float, speed: float) -> Begin:
    """Have a track made and played, to its end."""
    client = daemon.client
    client.call("subscribe", events=["playback_"])
    track_id = client.call(
        "generate", prompt="steps", duration_sec=seconds, backend="paced", play=True, options={"speed": speed}
    )["track_id"]
    begun, made_sec, dry = 0.0, 0.0, 0
    told: list[tuple[float, float]] = []
    while event := client.next_event(WAIT_SEC):
        now, fields = time.monotonic(), event.fields
        if event.name == "generation_start":
            begun = now
        elif event.name == "generation_audio" and fields.get("final"):
            made_sec = made_sec or now - begun
        elif event.name == "playback_buffering" and fields["position_sec"] > 0:
            dry += 1
        elif event.name == "playback_buffering":
            told.append((now - begun, fields["starts_in_sec"]))
        elif event.name == "playback_ended" and fields["track_id"] == track_id:
            break
    return Begin(told, first_sound_ns(daemon.tap) / 1e9 - begun, made_sec, dry)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS)
