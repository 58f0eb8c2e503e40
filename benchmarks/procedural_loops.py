"""Does spectral flux find the seam of a loop?

`OPENBLAS_NUM_THREADS=1 python -m benchmarks.procedural_loops [--seeds 1]` makes loops, plays each three
times on end, and has librosa look for onsets where bars begin: in all of the spectrum, and above 8 kHz,
where such dull music has little and a click has much. It prints the rank of the seam among all bar lines, 1
for the strongest, and its flux against the strongest of the others; then the same for the loop with its
last 20 ms cut off, to show what the test does find. It needs the `test` extra.
"""

from __future__ import annotations

import argparse
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import librosa
import numpy as np

import lofi_procedural as backend
from lofi_core import GenerateRequest, Runtime
from lofi_procedural.options import ProceduralOptions
from lofi_procedural.plan import SAMPLE_RATE, make_plan

if TYPE_CHECKING:
    from numpy.typing import NDArray

PROMPTS = (
    "boom bap with vibraphone, 91 bpm",
    "jazz hop, muted trumpet, 86 bpm",
    "chillhop, flute and guitar, 82 bpm",
    "trip hop, strings, electric bass, 84 bpm",
    "synthwave, synth lead, 100 bpm",
    "bossa nova, nylon guitar, 120 bpm",
    "lofi house, organ, 117 bpm",
    "half time, bells, 130 bpm",
    "brushed jazz, saxophone, 92 bpm",
    "ambient pads, no drums, 62 bpm",
    "lullaby for a music box, 66 bpm",
    "waltz for piano, 90 bpm",
    "harp waltz without drums, 84 bpm",
    "rhodes in 6/8, 60 bpm",
    "felt piano in 6/8, strings, no drums, 57 bpm",
    "solo guitar, gentle, 80 bpm",
    "drums only, 85 bpm",
    "drums and bass only, 90 bpm",
    "rhodes, heavy rain, 75 bpm",
    "pads, ocean waves and wind, no drums, 70 bpm",
    "piano, thunderstorm, 72 bpm",
    "guitar, fireplace, no drums, 76 bpm",
    "clarinet, café, 94 bpm",
    "kalimba, night insects, 68 bpm",
    "electric piano, city, tape, 83 bpm",
    "tense organ drone, vinyl, no drums, 70 bpm",
)
DURATION_SEC = 32.0
HOP = 128
# How librosa is asked to look.
LOOKS: dict[str, dict[str, Any]] = {
    "all": {"n_fft": 1_024, "n_mels": 40},
    "above 8 kHz": {"n_fft": 512, "n_mels": 8, "fmin": 8_000.0},
}
NEAR = 8  # frames to either side of a bar line: 21 ms
CUT_SEC = 0.02
FAR_ABOVE = 1.5


class Seam(NamedTuple):
    """How the seam stands among `bars` bar lines.

    Attributes:
        rank: 1 where the flux is strongest there.
        bars: how many bar lines there are, the seam among them.
        above: the seam's flux against the strongest of the others.
    """

    rank: int
    bars: int
    above: float


def looped(prompt: str, seed: int) -> tuple[NDArray[np.float32], int]:
    """A loop [2, N], and how many bars it has."""
    request = GenerateRequest(prompt, DURATION_SEC, seed, ProceduralOptions(loop=True))
    steps = backend.generate(request, backend.make_schedule(request), Runtime())
    samples = np.concatenate([step.audio for step in steps if step.audio is not None], axis=1)
    return samples, make_plan(request).bars


def seam_of(samples: NDArray[np.float32], bars: int, bar: float, look: dict[str, Any]) -> Seam:
    """Listen to a loop [2, N] three times on end.

    Args:
        samples: the loop, perhaps cut short.
        bars: that it has.
        bar: samples from one bar line to the next.
        look: what librosa is told.
    """
    thrice = np.tile(samples.mean(axis=0), 3)
    flux = librosa.onset.onset_strength(y=thrice, sr=SAMPLE_RATE, hop_length=HOP, **look)

    def strongest(at: float) -> float:
        frame = round((samples.shape[1] + at) / HOP)
        return float(flux[frame - NEAR : frame + NEAR + 1].max())

    seam, others = strongest(0.0), [strongest(number * bar) for number in range(1, bars)]
    return Seam(1 + sum(other > seam for other in others), bars, seam / max(others))


def summed_up(name: str, seams: list[Seam]) -> str:
    """Where the seams stand in all, beside what chance would give."""
    share = np.mean([(seam.rank - 0.5) / seam.bars for seam in seams])
    first = sum(seam.rank == 1 for seam in seams)
    chance = sum(1 / seam.bars for seam in seams)
    far = sum(seam.above > FAR_ABOVE for seam in seams)
    most = max(seam.above for seam in seams)
    return (
        f"{name:20} mean rank {share:.2f} (chance 0.50); strongest bar line in {first} of {len(seams)} "
        f"(chance {chance:.1f}); {FAR_ABOVE} x the others in {far}; at most {most:.2f} x"
    )


def main() -> None:
    """Listen to all loops, and to the same with a bad seam."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1)
    arguments = parser.parse_args()
    found: dict[str, list[Seam]] = {}
    for seed in range(1, arguments.seeds + 1):
        for prompt in PROMPTS:
            samples, bars = looped(prompt, seed)
            bar = samples.shape[1] / bars
            heard = {"whole": samples, "cut": samples[:, : -round(CUT_SEC * SAMPLE_RATE)]}
            told = []
            for (name, loop), (where, look) in product(heard.items(), LOOKS.items()):
                seam = seam_of(loop, bars, bar, look)
                found.setdefault(f"{name}, {where}", []).append(seam)
                told.append(f"{seam.rank:3d} of {seam.bars:2d} {seam.above:6.2f} x")
            print(" | ".join(told), prompt, sep="  ", flush=True)
    for name, seams in found.items():
        print(summed_up(name, seams))


if __name__ == "__main__":
    main()
