"""How fast does ACE-Step's denoiser step beside PyTorch, and how much memory does a track take?

`python -m benchmarks.acestep [steps|memory|decode] [--keep DIRECTORY] [--seconds 30 120] [--rounds 5]` uses
random weights of the true widths, with 4 of the 24 layers. `steps` times one evaluation, in turns: our file
as the daemon opens it (fp32, int8), and PyTorch in float32 with the official form of the feed-forward (1x1
convolutions) and with ours (Linear). `memory` makes a short track in a process of its own, staged and
resident, and tells its peak. `decode` tells the peak of decoding in windows for each of `--seconds`. Needs
the extra `export`, to make the model: 9 GB of disk meanwhile, unless `--keep` has them already.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.acestep_checkpoint import write_onnx
from lofi_core import Runtime

if TYPE_CHECKING:
    from collections.abc import Callable

    from lofi_acestep.arrays import FloatArray
    from lofi_acestep.networks import Context

    Forward = Callable[[FloatArray], FloatArray]

CONTEXT_TOKENS = 29  # a voice, a prompt of 24 tokens, `[inst]`
WIDTH = 2560
TIMESTEP = 500.0


def context() -> Context:
    """Of a usual prompt."""
    from lofi_acestep.networks import Context

    states = np.random.default_rng(1).standard_normal((1, CONTEXT_TOKENS, WIDTH), np.float32)
    return Context(states, np.ones((1, CONTEXT_TOKENS), np.float32))


def ours(model_dir: Path, precision: Any, threads: int) -> Forward:
    """The denoiser as the plugin opens it."""
    from lofi_acestep.loader import load

    model = load(model_dir, Runtime(threads=threads), precision, "resident")
    given = context()
    entered = model.denoiser()
    denoiser = entered.__enter__()
    return lambda latents: denoiser.velocity(latents, TIMESTEP, given)


def pytorch(checkpoint: Path, threads: int, *, official: bool) -> Forward:
    """The same in PyTorch; `official`: the feed-forward's products as convolutions, as ACE-Step has them."""
    import torch

    from lofi_acestep.exporter.components import COMPONENTS
    from lofi_acestep.exporter.conversion import Conversion

    torch.set_num_threads(threads)
    module: Any = Conversion(checkpoint, COMPONENTS["transformer_decoder"]).loaded()
    if official:
        for block in module.transformer_blocks:
            _convolve(block.ff)
    given = context()
    states, mask = torch.from_numpy(given.states), torch.from_numpy(given.mask)

    def forward(latents: FloatArray) -> FloatArray:
        with torch.inference_mode():
            frames = torch.ones(1, latents.shape[-1])
            at = torch.tensor([TIMESTEP])
            found: FloatArray = module(torch.from_numpy(latents), frames, states, mask, at).numpy()
            return found

    return forward


def _convolve(feed_forward: Any) -> None:
    import torch
    from torch.nn import functional

    def forward(x: Any) -> Any:
        up, deep, down = (
            getattr(feed_forward, f"{name}_conv").conv for name in ("inverted", "depth", "point")
        )
        x = functional.conv1d(x.transpose(1, 2), up.weight[..., None], up.bias)
        kept, gate = deep(functional.silu(x)).chunk(2, dim=1)
        return functional.conv1d(kept * functional.silu(gate), down.weight[..., None]).transpose(1, 2)

    assert isinstance(feed_forward, torch.nn.Module)
    feed_forward.forward = forward


def time_steps(top: Path, seconds: list[float], rounds: int, threads: int, layers: int) -> None:
    """Print medians, and PyTorch's time over ours within each round."""
    from lofi_acestep.latents import frame_length

    model_dir = write_onnx(top, layers)
    contenders = {
        "ours, fp32": ours(model_dir, "fp32", threads),
        "ours, int8": ours(model_dir, "int8", threads),
        "PyTorch, official": pytorch(top / "checkpoint", threads, official=True),
        "PyTorch, Linear": pytorch(top / "checkpoint", threads, official=False),
    }
    for duration in seconds:
        shape = (1, 8, 16, frame_length(duration))
        latents = np.random.default_rng(0).standard_normal(shape, np.float32)
        answers = {name: forward(latents) for name, forward in contenders.items()}
        taken: dict[str, list[float]] = {name: [] for name in contenders}
        for _ in range(rounds):
            for name, forward in contenders.items():
                started = time.perf_counter()
                forward(latents)
                taken[name].append(time.perf_counter() - started)
        wanted = answers["PyTorch, official"]
        print(f"\n{duration:g} s, {layers} layers, {threads} threads: s an evaluation, medians of {rounds}")
        for name, times in taken.items():
            error = float(np.sqrt(np.mean((answers[name] - wanted) ** 2) / np.mean(wanted**2)))
            ratio = statistics.median(b / a for a, b in zip(times, taken["PyTorch, official"], strict=True))
            print(
                f"{name:20}{statistics.median(times):8.2f}   {ratio:.2f} x PyTorch, error {error:.1e}",
                flush=True,
            )


def measure_memory(top: Path, layers: int, threads: int) -> None:
    """Print the peak of a short track, staged and resident."""
    model_dir = write_onnx(top, layers)
    for precision in ("fp32", "int8"):
        _in_a_process(["--prepare", precision, str(model_dir)], threads)
    for residency in ("staged", "resident"):
        for precision in ("fp32", "int8"):
            peak = _in_a_process(["--track", residency, precision, str(model_dir)], threads)
            print(f"{residency}, {precision}: peak {peak}", flush=True)


def measure_decode(top: Path, seconds: list[float], layers: int, threads: int) -> None:
    """Print the peak of decoding in windows, for each duration."""
    model_dir = write_onnx(top, layers)
    _in_a_process(["--prepare", "fp32", str(model_dir)], threads)
    for duration in seconds:
        peak = _in_a_process(["--decode", str(duration), str(model_dir)], threads)
        print(f"{duration:g} s decoded in windows: peak {peak}", flush=True)


def _in_a_process(arguments: list[str], threads: int) -> str:
    command = [sys.executable, "-m", "benchmarks.acestep_once", *arguments, "--threads", str(threads)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def main() -> None:
    """Make the model, then measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", choices=("steps", "memory", "decode"), default="steps")
    parser.add_argument("--keep", type=Path, help="where the model stays")
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--seconds", type=float, nargs="+", default=[30.0, 120.0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=Runtime().threads)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lofi-acestep-") as name:
        top = given.keep or Path(name)
        if given.what == "steps":
            time_steps(top, given.seconds, given.rounds, given.threads, given.layers)
        elif given.what == "memory":
            measure_memory(top, given.layers, given.threads)
        else:
            measure_decode(top, given.seconds, given.layers, given.threads)


if __name__ == "__main__":
    main()
