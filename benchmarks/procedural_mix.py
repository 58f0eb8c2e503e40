"""Is the mix of the procedural backend sound: level, clicks, width and spectrum, over many kinds of prompt?

`OPENBLAS_NUM_THREADS=1 python -m benchmarks.procedural_mix [--seconds 30] [--seeds 1] [--jobs 2]` prints one
line per track, and for each clause whether all tracks keep it, and the worst. It exits with 1 where one does
not. It needs the `test` extra (pyloudnorm, scipy).
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import product

import numpy as np

import lofi_procedural as backend
from benchmarks.mix_figures import BOUNDS, measure
from lofi_core import GenerateRequest, Runtime
from lofi_procedural.options import ProceduralOptions

# Every instrument alone, every style, texture, groove and metre, the brightest and the darkest.
PROMPTS = (
    "solo piano, 104 bpm, no drums",
    "solo felt piano, late night",
    "solo rhodes, dreamy",
    "heavy rain, solo guitar",
    "solo electric guitar, sad",
    "solo ukulele, sunny",
    "solo harp, in Eb major",
    "solo vibraphone, 3/4",
    "solo kalimba, sleepy",
    "solo marimba, upbeat",
    "solo music box, christmas",
    "solo flute, 80 bpm in C major",
    "solo clarinet, nostalgic",
    "solo saxophone, noir",
    "solo muted trumpet, night",
    "solo organ, peaceful",
    "solo strings, sad",
    "solo pad, floating",
    "solo synth lead, bright",
    "solo upright bass",
    "solo synth bass, dark",
    "drums only",
    "drums only, brushed, 6/8",
    "rainy night, jazzy rhodes, 72 bpm",
    "boom bap with vibraphone, bright, 96 bpm",
    "boom bap, growling bass, dark, heavy vinyl",
    "bossa nova nylon guitar, 120 bpm",
    "brushed jazz in D dorian, 97 bpm",
    "jazz hop, muted trumpet, busy",
    "chillhop, electric guitar and marimba",
    "trip hop, strings, tense",
    "synthwave, synth lead, bright, 108 bpm",
    "dark half time, synth bass, 140 bpm",
    "lofi house, bright organ, 124 bpm",
    "ambient harp, rain and tape, 60 bpm",
    "ambient pads, waves, no drums",
    "lullaby, music box and felt piano",
    "piano waltz, 3/4, strings, warm",
    "6/8 guitar and flute, folk, wind",
    "6/8 rhodes, thunderstorm",
    "cheerful morning",
    "a walk in the snow, winter",
    "lofi beats to study to",
    "coffee shop jazz, saxophone and piano",
    "campfire, acoustic guitar and insects",
    "city at night, trip hop, rhodes",
    "melancholic felt piano and strings, 66 bpm",
    "sunny ukulele, clarinet, happy, 95 bpm",
    "dreamy pad and flute, without drums",
    "cassette, warped, e-piano and clean guitar",
    "minimal sad electric guitar, 80 bpm",
    "sleepy kalimba lullaby, 60 bpm",
    "ethereal strings and harp, bright, no drums",
    "rhodes, no bass, no drums",
)


def figures(work: tuple[str, int, float]) -> dict[str, float]:
    """Render a prompt with a seed, so many seconds of it, and measure it."""
    prompt, seed, seconds = work
    request = GenerateRequest(prompt, seconds, seed, ProceduralOptions())
    steps = backend.generate(request, backend.make_schedule(request), Runtime())
    return measure(np.concatenate([step.audio for step in steps if step.audio is not None], axis=1))


def main() -> int:
    """Render, measure, and say which clauses hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    works = [(prompt, seed, arguments.seconds) for seed, prompt in product(range(arguments.seeds), PROMPTS)]
    found = []
    print(" ".join(f"{name:>8}" for name in BOUNDS))
    with ProcessPoolExecutor(arguments.jobs) as pool:
        for work, track in zip(works, pool.map(figures, works), strict=True):
            found.append(track)
            misses = [name for name, bound in BOUNDS.items() if bound.excess(track[name]) > 0]
            print(" ".join(f"{track[name]:8.2f}" for name in BOUNDS), work[1], work[0], *misses, flush=True)
    return judge(works, found)


def judge(works: list[tuple[str, int, float]], found: list[dict[str, float]]) -> int:
    """Print each clause, its spread and its worst case; 1 if one does not hold."""
    failed = False
    for name, bound in BOUNDS.items():
        excesses = [bound.excess(track[name]) for track in found]
        outside, worst = sum(excess > 0 for excess in excesses), int(np.argmax(excesses))
        failed |= outside > 0
        values = [track[name] for track in found]
        print(
            f"{'FAIL' if outside else 'PASS'} {name:8} {bound.low:g} to {bound.high:g}: {min(values):.2f} to "
            f"{max(values):.2f}, {outside} of {len(found)} outside; worst {values[worst]:.2f}, "
            f"{works[worst][0]!r} seed {works[worst][1]}"
        )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
