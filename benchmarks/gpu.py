"""MusicGen and ACE-Step on a CUDA device, with random weights of their true sizes.

`python -m benchmarks.gpu [--only musicgen|acestep] [--keep DIRECTORY]`. MusicGen is `benchmarks/musicgen.py`
with the forms that make sense there: `half` (our graph in float16, everything bound on the device), `split`
(what optimum exports, keys and values in and out of each run) and `fast` on the processor, in one interleaved
run. ACE-Step is `benchmarks/acestep_gpu.py`; it needs the extra `export` and 35 GB of disk. Where there is no
CUDA device it says so and exits with 0.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.acestep_gpu import measure_true_size
from benchmarks.musicgen import make_split, make_step, print_steps, print_table, rates, sample
from benchmarks.musicgen_forms import SMALL, TEXT_TOKENS
from lofi_core import Runtime
from lofi_core.device import lacks_for_cuda
from lofi_core.runtime import PROVIDERS
from lofi_musicgen.decoders import TextStates

ROUNDS, STEPS = 5, 50
ACESTEP_ROUNDS = 10


def main() -> None:
    """Say what is missing, or measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("musicgen", "acestep"), help="which of them; else both")
    parser.add_argument("--keep", type=Path, help="where built graphs stay")
    given = parser.parse_args()
    if lacks := lacks_for_cuda():
        print(f"No CUDA to measure on: {lacks}.")
        return
    with tempfile.TemporaryDirectory(prefix="lofi-gpu-") as name:
        top = given.keep or Path(name)
        if given.only != "musicgen":
            measure_true_size(top / "acestep", Runtime("cuda", PROVIDERS["cuda"]), ACESTEP_ROUNDS)
        if given.only != "acestep":
            measure_musicgen(top)


def measure_musicgen(top: Path) -> None:
    """Print steps a second of the decoder, beside the best form for the processor."""
    hidden = np.random.default_rng(0).standard_normal((1, TEXT_TOKENS, SMALL.text.d_model), np.float32)
    text = TextStates(hidden)
    cuda, processor = Runtime("cuda", PROVIDERS["cuda"]), Runtime()
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
