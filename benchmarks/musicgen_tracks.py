"""A whole track end to end, ours and the reference's in turns: from the sentence to samples.

`python benchmarks/musicgen_tracks.py [--seconds 10] [--rounds 3] [--keep DIRECTORY] [--threads N]` makes a
checkpoint of random weights of the size of musicgen-small. Ours is the plugin as the daemon calls it, models
loaded; the reference is `MusicgenForConditionalGeneration.generate` of transformers with a model of the same
size, where it and torch are installed (a track of it takes minutes). Both sample with guidance 3 and top-k
250, and both decode. `--same` compares codes instead: does another number of threads draw others?
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.musicgen_checkpoint import write_checkpoint
from benchmarks.musicgen_forms import SMALL, TEXT_TOKENS
from lofi_core import GenerateRequest, Runtime
from lofi_musicgen import generate, load_model, make_schedule
from lofi_musicgen.loop import columns
from lofi_musicgen.options import MusicGenOptions
from lofi_musicgen.sampling import Sampler
from lofi_musicgen.windows import Window

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

PROMPT = "lofi hip hop, jazzy piano"
PRECISIONS = ("fast", "quality")
FRAMES_PER_SEC = 50


def ours(model_dir: Path, precision: str, seconds: float, threads: int) -> Callable[[int], int]:
    """Makes a track from a seed; returns how many samples it has."""
    runtime = Runtime(threads=threads)
    options = MusicGenOptions(precision=precision)  # type: ignore[arg-type]
    model = load_model(model_dir, runtime, precision)

    def make(seed: int) -> int:
        request = GenerateRequest(PROMPT, seconds, seed, options)
        schedule = make_schedule(request, model_dir)
        steps = generate(request, model, schedule, runtime)
        return sum(step.audio.shape[1] for step in steps if step.audio is not None)

    return make


def reference(seconds: float, threads: int) -> Callable[[int], int]:
    """The same of transformers."""
    import torch
    from transformers import MusicgenConfig, MusicgenForConditionalGeneration

    torch.set_num_threads(threads)
    config = MusicgenConfig(
        text_encoder={
            "model_type": "t5",
            "d_model": SMALL.text.d_model,
            "d_kv": SMALL.text.d_kv,
            "d_ff": SMALL.text.d_ff,
            "num_layers": SMALL.text.num_layers,
            "num_heads": SMALL.text.num_heads,
        },
        audio_encoder={
            "model_type": "encodec",
            "sampling_rate": 32_000,
            "num_filters": 64,
            "upsampling_ratios": [8, 5, 4, 4],
            "codebook_size": SMALL.vocab_size,
            "target_bandwidths": [2.2],
            "use_causal_conv": False,
            "use_conv_shortcut": False,
        },
        decoder={
            "model_type": "musicgen_decoder",
            "num_hidden_layers": SMALL.num_layers,
            "hidden_size": SMALL.hidden_size,
            "num_attention_heads": SMALL.num_heads,
            "ffn_dim": SMALL.ffn_dim,
        },
    )
    model: Any = MusicgenForConditionalGeneration(config).eval()
    tokens = torch.randint(3, 32_000, (1, TEXT_TOKENS))
    # The delay pattern takes as many columns more.
    columns_needed = round(seconds * FRAMES_PER_SEC) + SMALL.num_codebooks - 1

    def make(seed: int) -> int:
        torch.manual_seed(seed)
        with torch.inference_mode():
            samples = model.generate(
                tokens,
                attention_mask=torch.ones_like(tokens),
                do_sample=True,
                guidance_scale=3.0,
                top_k=250,
                max_new_tokens=columns_needed,
            )
        return int(samples.shape[-1])

    return make


def codes_of(model_dir: Path, precision: str, seconds: float, threads: int, seed: int) -> NDArray[np.int64]:
    """The codes [K, T] of a track."""
    runtime = Runtime(threads=threads)
    model = load_model(model_dir, runtime, precision)
    options = MusicGenOptions(precision=precision)  # type: ignore[arg-type]
    tokens = model.tokenizer.encode(PROMPT, runtime)
    frames = round(seconds * FRAMES_PER_SEC)
    window = Window(0, 0, frames)
    codes = np.full((model.config.num_codebooks, frames), model.config.special_token, np.int64)
    for _ in columns(model, model.text_encoder.encode(tokens), Sampler(options, seed), window, codes):
        pass
    return codes


def compare_times(model_dir: Path, seconds: float, threads: int, rounds: int) -> None:
    """Print the seconds that each takes, in turns, and the ratios within each round."""
    makers = {name: ours(model_dir, name, seconds, threads) for name in PRECISIONS}
    if importlib.util.find_spec("transformers") and importlib.util.find_spec("torch"):
        makers["transformers"] = reference(seconds, threads)
    taken: dict[str, list[float]] = {name: [] for name in makers}
    for turn in range(rounds):
        for name, make in makers.items():
            started = time.perf_counter()
            samples = make(turn)
            taken[name].append(time.perf_counter() - started)
            print(f"round {turn + 1}: {name} {taken[name][-1]:.1f} s for {samples} samples", flush=True)
    print(f"\n{seconds:g} s, {threads} threads      median s   of {rounds}")
    for name, all_of_it in taken.items():
        print(f"{name:24}{statistics.median(all_of_it):9.1f}   {min(all_of_it):.1f} to {max(all_of_it):.1f}")
    for name in PRECISIONS if "transformers" in taken else ():
        ratios = [theirs / one for theirs, one in zip(taken["transformers"], taken[name], strict=True)]
        print(f"{f'{name} / transformers':24}{statistics.median(ratios):9.1f}   times as fast")


def compare_codes(model_dir: Path, seconds: float, seeds: int) -> None:
    """Print after how many frames the codes of other numbers of threads leave those of one."""
    print(f"frames of {round(seconds * FRAMES_PER_SEC)} that are as with 1 thread, {seeds} seeds")
    for precision in ("exact", *PRECISIONS):
        base = [codes_of(model_dir, precision, seconds, 1, seed) for seed in range(seeds)]
        for threads in (1, 2, 3, 4):
            same = []
            for seed in range(seeds):
                codes = codes_of(model_dir, precision, seconds, threads, seed)
                differ = np.flatnonzero((codes != base[seed]).any(axis=0))
                same.append(int(differ[0]) if differ.size else codes.shape[1])
            print(f"{precision:10}{threads} threads: {', '.join(map(str, same))}", flush=True)


def main() -> None:
    """Make the checkpoint, then measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=3, help="or seeds, with --same")
    parser.add_argument("--threads", type=int, default=Runtime().threads)
    parser.add_argument("--keep", type=Path, help="where the checkpoint and built graphs stay")
    parser.add_argument("--same", action="store_true", help="compare codes, not times")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lofi-musicgen-") as name:
        model_dir = given.keep or Path(name)
        write_checkpoint(model_dir)
        if given.same:
            compare_codes(model_dir, given.seconds, given.rounds)
        else:
            compare_times(model_dir, given.seconds, given.threads, given.rounds)


if __name__ == "__main__":
    main()
