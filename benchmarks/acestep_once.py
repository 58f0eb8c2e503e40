"""One track, or the decoding of one, in a process of its own, for `acestep.py`: prints its peak of memory."""

from __future__ import annotations

import argparse
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from lofi_acestep import generate, load_model, make_schedule
from lofi_acestep.decoding import decode_latents, vocode_mel
from lofi_acestep.latents import frame_length
from lofi_acestep.loader import load
from lofi_acestep.options import ACEStepOptions
from lofi_core import GenerateRequest, Runtime

SECONDS, STEPS = 10.0, 2
# Of ru_maxrss: KiB on Linux, bytes on macOS.
UNIT = 1 if sys.platform == "darwin" else 1024


def make_track(residency: Any, precision: Any, model_dir: Path, threads: int) -> None:
    """Ten seconds in two guided steps, decoded in windows."""
    runtime = Runtime(threads=threads, residency=residency)
    options = ACEStepOptions(
        inference_steps=STEPS, guidance_interval=1.0, precision=precision, decode="windows"
    )
    request = GenerateRequest("lofi beats", SECONDS, 1, options)
    schedule = make_schedule(request)
    model = load_model(model_dir, runtime, precision)
    for _ in generate(request, model, schedule, runtime):
        pass


def decode(seconds: float, model_dir: Path, threads: int) -> None:
    """Random latents, to the last sample."""
    runtime = Runtime(threads=threads)
    networks: Any = load(model_dir, runtime, "fp32", "staged")
    shape = (1, 8, 16, frame_length(seconds))
    latents = np.random.default_rng(0).standard_normal(shape, np.float32)
    steps = decode_latents(latents, networks, "windows", runtime)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            mel, whole = end.value
            break
    for _ in vocode_mel(mel, networks, whole=whole):
        pass


def main() -> None:
    """Do the one or the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--track", nargs=2, metavar=("RESIDENCY", "PRECISION"))
    parser.add_argument("--decode", type=float, metavar="SECONDS")
    parser.add_argument("--prepare", metavar="PRECISION", help="only make the files that are opened")
    parser.add_argument("model_dir", type=Path)
    parser.add_argument("--threads", type=int, default=Runtime().threads)
    given = parser.parse_args()
    started = time.perf_counter()
    if given.prepare:
        load(given.model_dir, Runtime(threads=given.threads), given.prepare, "staged")
    elif given.track:
        residency, precision = given.track
        make_track(residency, precision, given.model_dir, given.threads)
    else:
        decode(given.decode, given.model_dir, given.threads)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT
    print(f"{peak / 1e9:.2f} GB, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
