"""ACE-Step at its true size, with random weights, as the daemon runs it on a graphics card; see `gpu.py`.

Evaluations are timed one by one, alone and as the guided pair; what a track's steps take follows from these
by the plan's counts. `first` is how much longer all parts take once, for the first track of a length: CUDA
tries algorithms then.
"""

from __future__ import annotations

import statistics
import subprocess
import time
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from benchmarks.acestep_checkpoint import LAYERS, write_onnx
from benchmarks.acestep_cost import (
    CARDS,
    DURATIONS,
    STEPS,
    evaluation_bound_sec,
    evaluations_sec,
)
from lofi_acestep.conditions import Conditioner, choose_branch
from lofi_acestep.decoding import decode_latents, vocode_mel
from lofi_acestep.exporter import NEEDED
from lofi_acestep.latents import CHANNELS, HEIGHT
from lofi_acestep.loader import load
from lofi_acestep.options import ACEStepOptions
from lofi_acestep.plan import make_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from benchmarks.acestep_cost import Card
    from lofi_acestep.networks import Networks
    from lofi_core import Runtime, Step

_T = TypeVar("_T")
PROMPT = "lofi, jazzy piano, rain"  # 24 tokens of the tokenizer that goes with random weights
TIMESTEP = 500.0
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Measured:
    """Tracks of one length; seconds, medians.

    Attributes:
        duration_sec: that was asked for.
        single: an evaluation.
        pair: a guided one, for the prompt and against it.
        dcae: latents to mel.
        vocoder: mel to samples at 44.1 kHz, both channels.
        samples: the same and the resampling to 48 kHz, which the processor does.
        first: how much longer all of these take together the first time.
        card_bytes: in use on the card afterwards, by whomever; None where that cannot be read.
    """

    duration_sec: float
    single: float
    pair: float
    dcae: float
    vocoder: float
    samples: float
    first: float
    card_bytes: int | None

    def steps_sec(self, steps: int) -> float:
        """What so many steps take, other options being the defaults."""
        plan = make_plan(ACEStepOptions(inference_steps=steps), self.duration_sec)
        return evaluations_sec(plan, self.single, self.pair)

    def share(self, rows: int, card: Card) -> float:
        """Of what the card could do at best, in evaluations of so many rows."""
        frames = make_plan(ACEStepOptions(), self.duration_sec).frames
        return evaluation_bound_sec(frames, rows, card) / (self.pair if rows == 2 else self.single)


def measure_true_size(top: Path, runtime: Runtime, rounds: int) -> None:
    """Make the model in `top` unless it is there, then print what it takes, or say what is missing."""
    lacking = [title for name, title in NEEDED.items() if find_spec(name) is None]
    if lacking and not (top / "onnx").exists():
        print(f"No ACE-Step to measure: its export needs {', '.join(lacking)}.")
        return
    model_dir, took = timed_once(lambda: write_onnx(top, LAYERS))
    print(f"ACE-Step, {LAYERS} layers: made in {took:.0f} s", flush=True)
    model, took = timed_once(lambda: load(model_dir, runtime, "fp16", "resident"))
    facts = runtime.facts()
    print(f"fp16 weights made, opened and tried in {took:.0f} s, on {facts['provider']}", flush=True)
    if facts["device"] != runtime.device:
        print(f"It does not run on {runtime.device}; see the warnings.")
        return
    with model.denoiser() as denoiser:
        print(f"a guided pair is {'one run' if denoiser.weakens_by_row and denoiser.batches else 'two runs'}")
    measured = []
    for duration_sec in DURATIONS:
        measured.append(measure(model, duration_sec, rounds, runtime))
        print(measured[-1], flush=True)  # a run that is ended early has told something
    name, _ = card_in_use() or ("a card of unknown name", None)
    print(f"\n{name}, fp16, medians of {rounds}\n{table(measured, CARDS.get(name))}", flush=True)
    model.close()


def measure(networks: Networks, duration_sec: float, rounds: int, runtime: Runtime) -> Measured:
    """Time each part of a track, once to warm up and then `rounds` times."""
    branch = choose_branch("auto", networks.weakening, guided=True)
    conditions = finished(Conditioner(networks).conditions(PROMPT, "[inst]", branch))
    assert conditions.negative is not None
    contexts, weaken = [conditions.positive, conditions.negative], [1.0, conditions.weaken]
    shape = (1, CHANNELS, HEIGHT, make_plan(ACEStepOptions(), duration_sec).frames)
    latents = np.random.default_rng(0).standard_normal(shape, np.float32)
    with networks.denoiser() as denoiser:
        single = timed(lambda: denoiser.velocity(latents, TIMESTEP, contexts[0]), rounds)
        pair = timed(lambda: denoiser.velocities(latents, TIMESTEP, contexts, weaken), rounds)
    dcae = timed(lambda: finished(decode_latents(latents, networks, "whole", runtime)), rounds)
    mel, whole = dcae.result
    with networks.vocoder() as network:
        vocoder = timed(lambda: [network.wave(mel[:, channel]) for channel in range(mel.shape[1])], rounds)
    # The resampling takes seconds, on the processor, and hardly varies.
    samples = timed(lambda: list(vocode_mel(mel, networks, whole=whole)), min(rounds, 2))
    first = sum(each.first - each.later for each in (single, pair, dcae, vocoder))
    _, card_bytes = card_in_use() or ("", None)
    return Measured(
        duration_sec,
        single=single.later,
        pair=pair.later,
        dcae=dcae.later,
        vocoder=vocoder.later,
        samples=samples.later,
        first=first,
        card_bytes=card_bytes,
    )


@dataclass(frozen=True, slots=True)
class Timed(Generic[_T]):
    """Seconds of the first call, the median of those after it, and what the last one gave."""

    first: float
    later: float
    result: _T


def finished(steps: Generator[Step, None, _T]) -> _T:
    """What a generator returns when all of its steps are taken."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: _T = end.value
            return found


def timed(call: Callable[[], _T], rounds: int) -> Timed[_T]:
    """Call it once, then `rounds` times more."""
    result, first = timed_once(call)
    later = []
    for _ in range(rounds):
        result, took = timed_once(call)
        later.append(took)
    return Timed(first, statistics.median(later), result)


def timed_once(call: Callable[[], _T]) -> tuple[_T, float]:
    """What it gives, and the seconds it takes."""
    started = time.perf_counter()
    return call(), time.perf_counter() - started


def card_in_use() -> tuple[str, int | None] | None:
    """The first card's name, and the bytes in use there; None where `nvidia-smi` does not say."""
    command = ["nvidia-smi", "--query-gpu=name,memory.used", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    name, _, used = told.partition("\n")[0].rpartition(", ")
    return name, int(used) * MIB if used.isdecimal() else None


def table(measured: list[Measured], card: Card | None) -> str:
    """Markdown, a row for each length; shares of the bound only where the card is known."""
    names = ["audio", "evaluation", "guided pair", *(f"{steps} steps" for steps in STEPS)]
    names += [
        "DCAE",
        "vocoder",
        "and resampled",
        "first",
        "on the card",
        *(["share, single", "share, pair"] if card else []),
    ]
    rows = [names, ["---"] * len(names), *(_cells(each, card) for each in measured)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cells(each: Measured, card: Card | None) -> list[str]:
    return [
        f"{each.duration_sec:g} s",
        f"{each.single * 1e3:.1f} ms",
        f"{each.pair * 1e3:.1f} ms",
        *(f"{each.steps_sec(steps):.2f} s" for steps in STEPS),
        f"{each.dcae:.3f} s",
        f"{each.vocoder:.3f} s",
        f"{each.samples:.3f} s",
        f"{each.first:.1f} s",
        "" if each.card_bytes is None else f"{each.card_bytes / 1e9:.1f} GB",
        *(f"{each.share(rows, card):.0%}" for rows in (1, 2) if card),
    ]
