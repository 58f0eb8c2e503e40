"""MusicGen's decoder on a CUDA device, beside the best form for the processor, in one interleaved run.

`python -m benchmarks.gpu [--keep DIRECTORY]` is `benchmarks/musicgen.py` with the forms that make sense
there: `half` (our graph in float16, everything bound on the device), `split` (what optimum exports, keys and
values in and out of each run) and `fast` on the processor. Where there is no CUDA device it says so and exits
with 0.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.musicgen import make_split, make_step, print_steps, print_table, rates, sample
from benchmarks.musicgen_forms import SMALL, TEXT_TOKENS
from lofi_core import Runtime
from lofi_core.device import lacks_for_cuda
from lofi_core.runtime import PROVIDERS
from lofi_musicgen.decoders import TextStates

ROUNDS, STEPS = 5, 50


def main() -> None:
    """Say what is missing, or measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="where built graphs stay")
    given = parser.parse_args()
    if lacks := lacks_for_cuda():
        print(f"No CUDA to measure on: {lacks}.")
        return
    hidden = np.random.default_rng(0).standard_normal((1, TEXT_TOKENS, SMALL.text.d_model), np.float32)
    text = TextStates(hidden)
    cuda, processor = Runtime("cuda", PROVIDERS["cuda"]), Runtime()
    with tempfile.TemporaryDirectory(prefix="lofi-musicgen-") as name:
        top = given.keep or Path(name)
        contenders = [
            make_step("half", top, text, cuda),
            make_split(top, text, cuda),
            make_step("fast", top, text, processor),
        ]
        # A session falls back to the processor where CUDA does not start; the table must not hide that.
        print(f"half and split run on {cuda.facts()['provider']}")
        taken = sample(contenders, ROUNDS, STEPS)
        print_table(contenders, {each: rates(rows) for each, rows in taken.items()})
        print_steps(taken)


if __name__ == "__main__":
    main()
