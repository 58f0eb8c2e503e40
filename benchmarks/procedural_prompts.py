"""Is what the words ask of `procedural` heard by tools nobody here wrote?

`python -m benchmarks.procedural_prompts [--jobs N] [--only TEXT] [--short]`, from the project's folder,
renders the prompts of `procedural_prompts.toml` and prints a line for each thing that must be so, with what
missed it. It needs the `test` extra, and takes some ten minutes on two cores; `--short` takes a seventh of
the prompts, and few seeds.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # each process is one core's

import numpy as np

import lofi_procedural as backend
from benchmarks.procedural_ear import Ear, folded, is_among, octave_of
from lofi_core import GenerateRequest, Runtime
from lofi_procedural.options import ProceduralOptions
from lofi_procedural.plan import SAMPLE_RATE

SECONDS, SEEDS = 24.0, 20
TARGET_LUFS, TOLERANCE_LU = -14.0, 0.7
TEMPO_TOLERANCE, TEMPO_SHARE, KEY_SHARE = 0.03, 0.95, 0.90


@dataclass(frozen=True, slots=True)
class Task:
    """One track, and what is to be heard of it."""

    words: str
    seed: int
    measure: str
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Verdict:
    """One line of the report."""

    name: str
    told: str
    passed: bool
    missed: list[str]


def render(words: str, seed: int, options: dict[str, Any]) -> Ear:
    """One track through the hooks."""
    request = GenerateRequest(words, SECONDS, seed, ProceduralOptions(**options))
    steps = backend.generate(request, backend.make_schedule(request), Runtime())
    return Ear(np.concatenate([s.audio for s in steps if s.audio is not None], axis=1), SAMPLE_RATE)


def listen(task: Task) -> Any:
    """What is heard: a number, or for a prompt tempo, keys and loudness."""
    ear = render(task.words, task.seed, task.options)
    if task.measure == "prompt":
        return ear.tempo_bpm, ear.keys[:2], ear.lufs
    return getattr(ear, task.measure)


def judge_prompts(prompts: list[dict[str, Any]], pool: Any) -> list[Verdict]:
    """Tempo, key and loudness of each prompt, with a seed of its own."""
    tasks = [Task(prompt["words"], seed, "prompt") for seed, prompt in enumerate(prompts)]
    heard = pool.map(listen, tasks, chunksize=1)
    timed = [
        (p["words"], tempo, octave_of(tempo, p["tempo"]) <= TEMPO_TOLERANCE)
        for p, (tempo, _, _) in zip(prompts, heard, strict=True)
        if "tempo" in p
    ]
    keyed = [
        (p["words"], " or ".join(keys), is_among(p["key"], keys))
        for p, (_, keys, _) in zip(prompts, heard, strict=True)
        if "key" in p
    ]
    loud = [
        (p["words"], lufs, abs(lufs - TARGET_LUFS) <= TOLERANCE_LU)
        for p, (_, _, lufs) in zip(prompts, heard, strict=True)
    ]
    return [
        share("stated tempo within 3 %, an octave allowed", timed, TEMPO_SHARE),
        share("stated key among the two best", keyed, KEY_SHARE),
        share(f"{TARGET_LUFS:g} LUFS within {TOLERANCE_LU:g}", loud, 1.0),
    ]


def share(name: str, judged: list[tuple[str, Any, bool]], least: float) -> Verdict:
    """How many of them are so."""
    right = sum(good for _, _, good in judged)
    told = f"{right} of {len(judged)} ({right / max(1, len(judged)):.0%}; at least {least:.0%})"
    missed = [f"{words}: {heard}" for words, heard, good in judged if not good]
    return Verdict(name, told, right >= least * len(judged), missed)


def judge_contrast(contrast: dict[str, Any], pool: Any, prompts: int | None) -> Verdict:
    """Whether each prompt has more of it than the same without, seed by seed."""
    cases = [(words, seed) for words in contrast["prompts"][:prompts] for seed in range(contrast["seeds"])]
    options = contrast.get("options", {})
    tasks = [
        Task(contrast[side].format(words), seed, contrast["measure"], options)
        for words, seed in cases
        for side in ("more", "less")
    ]
    heard = pool.map(listen, tasks, chunksize=1)
    gaps = [more - less for more, less in zip(heard[::2], heard[1::2], strict=True)]
    least = contrast.get("by", 0.0)
    missed = [
        f"{words}, seed {seed}: {gap:.4g}"
        for (words, seed), gap in zip(cases, gaps, strict=True)
        if gap <= least
    ]
    return Verdict(
        contrast["name"],
        f"{len(gaps) - len(missed)} of {len(gaps)}, least difference {min(gaps):.4g}",
        not missed,
        missed,
    )


def judge_tendency(tendency: dict[str, Any], pool: Any, seeds: int) -> Verdict:
    """Whether one prompt has more of it than another over many seeds."""
    measure, sides = tendency["measure"], (tendency["more"], tendency["less"])
    tasks = [Task(words, seed, measure) for words in sides for seed in range(seeds)]
    heard = pool.map(listen, tasks, chunksize=1)
    if measure == "tempo_bpm":
        heard = [folded(tempo) for tempo in heard]
    more, less = np.array(heard[:seeds]), np.array(heard[seeds:])
    told = f"means {more.mean():.3g} and {less.mean():.3g}, {int((more > less).sum())} of {seeds} seeds"
    passed = more.min() > less.max() if tendency["must"] == "all" else more.mean() > less.mean()
    return Verdict(tendency["name"], told, bool(passed), [])


def main() -> int:
    """Run it all, or what is named; 1 when anything missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="tracks at a time")
    parser.add_argument("--only", default="", help="part of a line's name, or `prompts`")
    parser.add_argument("--short", action="store_true", help="a seventh of it")
    arguments = parser.parse_args()
    wanted = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    verdicts: list[Verdict] = []
    with multiprocessing.get_context("spawn").Pool(arguments.jobs) as pool:
        if arguments.only in "prompts":
            verdicts += told(judge_prompts(wanted["prompts"][:: 7 if arguments.short else 1], pool))
        for contrast in wanted["contrasts"]:
            if arguments.only in contrast["name"]:
                verdicts += told([judge_contrast(contrast, pool, 1 if arguments.short else None)])
        for tendency in wanted["tendencies"]:
            if arguments.only in tendency["name"]:
                verdicts += told([judge_tendency(tendency, pool, 5 if arguments.short else SEEDS)])
    return 0 if all(verdict.passed for verdict in verdicts) else 1


def told(verdicts: list[Verdict]) -> list[Verdict]:
    """Print them as they come."""
    for verdict in verdicts:
        print(f"{'ok  ' if verdict.passed else 'MISS'} {verdict.name}: {verdict.told}", flush=True)
        for missed in verdict.missed:
            print(f"       {missed}", flush=True)
    return verdicts


if __name__ == "__main__":
    sys.exit(main())
