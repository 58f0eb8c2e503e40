"""How much memory does a track of `procedural` take, however long it is?

`OPENBLAS_NUM_THREADS=1 python -m benchmarks.procedural_memory` makes each in a fresh process, which lets go
of the samples as they come, and prints the most that was resident. One that only imports numpy stands beside.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys

from benchmarks.figures import Figure, show

PROMPT = "rainy jazz hop, rhodes, trumpet, strings, vinyl, tape, 80 bpm"
DURATIONS = (60.0, 300.0, 600.0)
LOOPS = (30.0, 180.0)
# ru_maxrss is in bytes on macOS, in KiB elsewhere.
UNIT = 1 if sys.platform == "darwin" else 1024


def make(duration_sec: float, *, loop: bool) -> None:
    """Make a track and keep nothing of it."""
    import lofi_procedural as backend
    from lofi_core import GenerateRequest, Runtime
    from lofi_procedural.options import ProceduralOptions

    request = GenerateRequest(PROMPT, duration_sec, 1, ProceduralOptions(loop=loop))
    for _ in backend.generate(request, backend.make_schedule(request), Runtime()):
        pass


def peak_mb(*arguments: str) -> float:
    """The most that was resident in a process that was started with arguments, in MB."""
    command = [sys.executable, "-m", "benchmarks.procedural_memory", "--child", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout)


def main() -> None:
    """Measure each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--loop", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("seconds", type=float, nargs="?", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not arguments.child:
        show([Figure("numpy alone, MB", peak_mb())])
        first = peak_mb(str(DURATIONS[0]))
        show([Figure(f"{DURATIONS[0]:g} s, MB", first)])
        show(Figure(f"{seconds:g} s, MB", peak_mb(str(seconds)), 1.1 * first) for seconds in DURATIONS[1:])
        show(Figure(f"a loop of {seconds:g} s, MB", peak_mb("--loop", str(seconds))) for seconds in LOOPS)
        return
    if arguments.seconds:
        make(arguments.seconds, loop=arguments.loop)
    else:
        import numpy  # noqa: F401, ICN001
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT / 1e6)


if __name__ == "__main__":
    main()
