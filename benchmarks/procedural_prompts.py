"""Is what the words ask of `procedural` heard by tools nobody here wrote?

`python -m benchmarks.procedural_prompts [--jobs N] [--only TEXT] [--short]`, from the project's folder,
renders what `procedural_prompts.toml` asks for and prints a line for each thing that must be so, with its
worst case and all that missed it; it exits with 1 where one does. It needs the `test` extra, and takes some
three minutes on two cores; `--short` takes a seventh of the prompts, and few seeds. With `pip install
essentia`, that listens for keys as well.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # each process is one core's

import numpy as np

import lofi_procedural as backend
from benchmarks.procedural_ear import PROFILES, Ear, folded, is_among, octave_of
from lofi_core import GenerateRequest, Runtime
from lofi_procedural.options import ProceduralOptions
from lofi_procedural.plan import SAMPLE_RATE

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS, SEEDS = 24.0, 20
TARGET_LUFS, TOLERANCE_LU = -14.0, 0.7
TEMPO_TOLERANCE, TEMPO_SHARE, KEY_SHARE = 0.03, 0.95, 0.90


@dataclass(frozen=True, slots=True)
class Task:
    """One track, and what is to be heard of it."""

    words: str
    seed: int
    measure: str
    options: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that was measured. `margin` is by how much it is as it must be; below 0 it misses."""

    words: str
    told: str
    margin: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """One line of the report, with its cases.

    Attributes:
        name: what must be so.
        cases: how it was, from case to case.
        least: share of the cases that must be so; None where it is only told.
        told: what else is to be said.
    """

    name: str
    cases: list[Case]
    least: float | None = 1.0
    told: str = ""

    @property
    def missed(self) -> list[Case]:
        """The cases that are not so."""
        return [case for case in self.cases if not case.margin >= 0]

    @property
    def passed(self) -> bool:
        """Whether enough cases are so."""
        right = len(self.cases) - len(self.missed)
        return self.least is None or right >= self.least * len(self.cases)

    def lines(self) -> Iterator[str]:
        """What is printed."""
        mark = "    " if self.least is None else "PASS" if self.passed else "FAIL"
        right, worst = len(self.cases) - len(self.missed), min(self.cases, key=lambda case: case.margin)
        wanted = f", at least {self.least:.0%}" if self.least not in {None, 1.0} else ""
        told = f"{right} of {len(self.cases)}{wanted}{f'; {self.told}' if self.told else ''}"
        yield f"{mark} {self.name}: {told}; worst {worst.told} ({worst.words})"
        yield from (f"       missed: {case.words}: {case.told}" for case in self.missed)


class Listener:
    """Renders and measures; the same track is measured for the same thing once."""

    def __init__(self, pool: Any) -> None:
        self._pool, self._heard = pool, dict[Task, Any]()

    def hear(self, tasks: list[Task]) -> list[Any]:
        """What is heard of each."""
        new = [task for task in dict.fromkeys(tasks) if task not in self._heard]
        for count, (task, heard) in enumerate(zip(new, self._pool.imap(listen, new), strict=True), 1):
            self._heard[task] = heard
            if sys.stderr.isatty():
                print(f"\r{count} of {len(new)} tracks ", end="", file=sys.stderr, flush=True)
        return [self._heard[task] for task in tasks]


def listen(task: Task) -> Any:
    """What is heard: a number, or of a prompt tempo, keys and loudness."""
    request = GenerateRequest(task.words, SECONDS, task.seed, ProceduralOptions(**dict(task.options)))
    steps = backend.generate(request, backend.make_schedule(request), Runtime())
    ear = Ear(np.concatenate([s.audio for s in steps if s.audio is not None], axis=1), SAMPLE_RATE)
    if task.measure != "prompt":
        return getattr(ear, task.measure)
    keys = {name: ear.keys(name)[:2] for name in PROFILES}
    return {"tempo": ear.tempo_bpm, "lufs": ear.lufs, "keys": keys, "essentia": ear.key_of_essentia}


def judge_prompts(prompts: list[dict[str, Any]], listener: Listener) -> Iterator[Verdict]:
    """Tempo, key and loudness of each prompt, with a seed of its own."""
    heard = listener.hear([Task(prompt["words"], seed, "prompt") for seed, prompt in enumerate(prompts)])
    pairs = list(zip(prompts, heard, strict=True))
    off = [(p["words"], octave_of(h["tempo"], p["tempo"])) for p, h in pairs if "tempo" in p]
    timed = [Case(words, f"{100 * by:.1f} % off", TEMPO_TOLERANCE - by) for words, by in off]
    yield Verdict("stated tempo within 3 %, an octave allowed", timed, TEMPO_SHARE)
    keyed = [(prompt, h) for prompt, h in pairs if "key" in prompt]
    for name in PROFILES:
        found = [_keyed(prompt, h["keys"][name]) for prompt, h in keyed]
        yield Verdict(f"stated key among the two best ({name})", found, KEY_SHARE)
    if keyed[0][1]["essentia"]:
        first = [_keyed(prompt, [h["essentia"]]) for prompt, h in keyed]
        yield Verdict("stated key is Essentia's only answer", first, None)
    levels = [(p["words"], h["lufs"]) for p, h in pairs]
    loud = [Case(words, f"{lufs:.2f}", TOLERANCE_LU - abs(lufs - TARGET_LUFS)) for words, lufs in levels]
    yield Verdict(f"{TARGET_LUFS:g} LUFS within {TOLERANCE_LU:g}", loud)


def _keyed(prompt: dict[str, Any], keys: list[str]) -> Case:
    told = f"{prompt['key']} is heard as {' or '.join(keys)}"
    return Case(prompt["words"], told, 0.0 if is_among(prompt["key"], keys) else -1.0)


def judge_contrast(contrast: dict[str, Any], listener: Listener, prompts: int | None) -> Iterator[Verdict]:
    """Whether each prompt has more of it than the same without, seed by seed."""
    cases = [(words, seed) for words in contrast["prompts"][:prompts] for seed in range(contrast["seeds"])]
    options = tuple(contrast.get("options", {}).items())
    tasks = [
        Task(contrast[side].format(words), seed, contrast["measure"], options)
        for words, seed in cases
        for side in ("more", "less")
    ]
    heard = listener.hear(tasks)
    measured: list[Case] = []
    gaps: list[float] = []
    for (words, seed), more, less in zip(cases, heard[::2], heard[1::2], strict=True):
        gap = 100 * (more / less - 1) if contrast["unit"] == "%" else more - less
        gaps.append(gap)
        measured.append(Case(f"{words}, seed {seed}", f"{gap:+.2f} {contrast['unit']}", gap - contrast["by"]))
    yield Verdict(contrast["name"], measured, told=f"median {np.median(gaps):+.1f} {contrast['unit']}")


def judge_tendency(tendency: dict[str, Any], listener: Listener, seeds: int) -> Iterator[Verdict]:
    """Whether one prompt has more of it than another: with each seed, or more often over all."""
    measure, sides = tendency["measure"], (tendency["more"], tendency["less"])
    heard = listener.hear([Task(words, seed, measure) for words in sides for seed in range(seeds)])
    if measure == "tempo_bpm":
        heard = [folded(tempo) for tempo in heard]
    more, less = np.array(heard[:seeds]), np.array(heard[seeds:])
    told = f"{more.mean():.3g} and {less.mean():.3g} on average"
    if tendency["must"] == "often":
        told = f"{more.sum():.0f} and {less.sum():.0f} of {seeds}"
        cases = [Case("all seeds", told, float(more.sum() - less.sum() - 1))]
    else:
        cases = [
            Case(
                f"seed {seed}",
                f"{more[seed]:.3g} and {less[seed]:.3g}",
                float(more[seed] - less[seed]) - 1e-9,
            )
            for seed in range(seeds)
        ]
    yield Verdict(tendency["name"], cases, told=told)


def judge(wanted: dict[str, Any], only: str, listener: Listener, *, short: bool) -> Iterator[Verdict]:
    """All of it, or what is named, as it comes."""
    if only in "prompts":
        yield from judge_prompts(wanted["prompts"][:: 7 if short else 1], listener)
    for contrast in wanted["contrasts"]:
        if only in contrast["name"]:
            yield from judge_contrast(contrast, listener, 1 if short else None)
    for tendency in wanted["tendencies"]:
        if only in tendency["name"]:
            yield from judge_tendency(tendency, listener, 5 if short else SEEDS)


def main() -> int:
    """Run it all, or what is named; 1 when anything missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="tracks at a time")
    parser.add_argument("--only", default="", help="part of a line's name, or `prompts`")
    parser.add_argument("--short", action="store_true", help="a seventh of it")
    arguments = parser.parse_args()
    wanted = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    passed = True
    with multiprocessing.get_context("spawn").Pool(arguments.jobs) as pool:
        for verdict in judge(wanted, arguments.only, Listener(pool), short=arguments.short):
            print("\n".join(verdict.lines()), flush=True)
            passed &= verdict.passed
    print("PASS all" if passed else "FAIL", flush=True)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
