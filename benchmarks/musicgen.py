"""How fast each form of MusicGen's decoder steps, side by side in one interleaved run.

`python benchmarks/musicgen.py [--quick] [--keep DIRECTORY]` makes random weights of the size of
musicgen-small, builds every form from them, and prints a table. Step times are taken in turns at points along
a window of 1,500 steps; steps a second over the first N are what these come to, interpolated. `--full` takes
every step instead. `transformers` takes part where it and torch are installed. 6 GB of disk are needed
meanwhile; `--keep` leaves the graphs in a directory and takes them from there the next time.
"""

from __future__ import annotations

import argparse
import importlib.util
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.musicgen_forms import (
    SMALL,
    TEXT_TOKENS,
    RandomCheckpoint,
    SplitTimed,
    StepTimed,
    TransformersTimed,
)
from lofi_core import Runtime
from lofi_musicgen.build import FORMS, largest_in_cache, scales_of
from lofi_musicgen.decoders import TextStates
from lofi_musicgen.decoders.split import SplitDecoder
from lofi_musicgen.decoders.step import StepDecoder
from lofi_musicgen.graph.split import build_split
from lofi_musicgen.graph.step import build_cross, build_step, with_int8_cache

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from benchmarks.musicgen_forms import Timed

POINTS = (0, 125, 250, 500, 750, 1000, 1250, 1490)
LENGTHS = (250, 500, 1500)
ROOM = 1504  # of a state: the last point, and the steps taken there
KNOWN = 600  # columns of a window's beginning that come from the window before: 12 s


@dataclass(slots=True)
class Contender:
    """A form of the decoder and what was measured of it."""

    name: str
    timed: Timed
    build_sec: float
    file_mb: float
    resident_mb: float


def resident_mb() -> float:
    """Of this process; 0 where there is no /proc."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * 4096 / 1e6 if statm.exists() else 0.0


def make_step(name: str, top: Path, text: TextStates, runtime: Runtime) -> Contender:
    """Build and open one of our own."""
    form = FORMS[name]

    def write(directory: Path) -> None:
        checkpoint: Any = RandomCheckpoint(SMALL)
        build_cross(directory / "cross.onnx", checkpoint, SMALL, form.cross)
        build_step(directory / "step.onnx", checkpoint, SMALL, form.step, lambda _share: None)
        if form.int8_cache:
            scales = scales_of(largest_in_cache(StepDecoder(directory, SMALL, runtime), SMALL, text))
            with_int8_cache(directory / "step.onnx", directory / "int8.onnx", scales)
            (directory / "int8.onnx").rename(directory / "step.onnx")

    directory = top / name
    return opened(
        name, directory, write, lambda: StepTimed(StepDecoder(directory, SMALL, runtime), text, ROOM)
    )


def make_split(top: Path, text: TextStates, runtime: Runtime) -> Contender:
    """Build and open what optimum would export."""
    directory = top / "split"
    files = (directory / "decoder_model.onnx", directory / "decoder_with_past_model.onnx")

    def write(into: Path) -> None:
        checkpoint: Any = RandomCheckpoint(SMALL)
        build_split(into, checkpoint, SMALL, lambda _share: None)

    return opened("split", directory, write, lambda: SplitTimed(SplitDecoder(*files, SMALL, runtime), text))


def opened(
    name: str, directory: Path, write: Callable[[Path], None], begin: Callable[[], Timed]
) -> Contender:
    """Write the files unless they are there, open them, take the first step."""
    started = time.perf_counter()
    if not directory.exists():
        unfinished = directory.with_name(f"{name}.part")
        unfinished.mkdir(parents=True)
        write(unfinished)
        unfinished.rename(directory)
    took, before = time.perf_counter() - started, resident_mb()
    timed = begin()
    timed.at(0)
    timed.step()
    size = sum(file.stat().st_size for file in directory.iterdir()) / 1e6
    return Contender(name, timed, took, size, resident_mb() - before)


def sample(
    contenders: Sequence[Contender],
    rounds: int,
    steps: int,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, NDArray[np.float64]]:
    """Seconds a step, in turns: name → [rounds, len(POINTS)]."""
    taken = {each.name: np.zeros((rounds, len(POINTS))) for each in contenders}
    for turn in range(rounds):
        for column, point in enumerate(POINTS):
            for each in contenders:
                each.timed.at(point)
                each.timed.step()  # brings the weights and buffers back near
                started = clock()
                for _ in range(steps):
                    each.timed.step()
                taken[each.name][turn, column] = (clock() - started) / steps
        print(f"round {turn + 1} of {rounds}", flush=True)
    return taken


def rates(taken: NDArray[np.float64]) -> NDArray[np.float64]:
    """Steps a second over the first `LENGTHS`: [rounds, len(LENGTHS)]."""
    every = np.arange(max(LENGTHS))
    curves = np.stack([np.interp(every, POINTS, row) for row in taken])
    return np.stack([length / curves[:, :length].sum(1) for length in LENGTHS], axis=1)


def whole(contenders: Sequence[Contender]) -> dict[str, NDArray[np.float64]]:
    """As `rates`, taking every step of a window; one round."""
    result = {}
    for each in contenders:
        each.timed.at(0)
        started, ends = time.perf_counter(), []
        for _ in range(max(LENGTHS)):
            each.timed.step()
            ends.append(time.perf_counter() - started)
        result[each.name] = np.array([[length / ends[length - 1] for length in LENGTHS]])
        print(f"{each.name} is through", flush=True)
    return result


def print_table(contenders: Sequence[Contender], speed: dict[str, NDArray[np.float64]]) -> None:
    """Medians; ratios are medians of the ratios within each round."""
    print(
        f"\n{'steps/s over the first':24}"
        + "".join(f"{n:>8}" for n in LENGTHS)
        + "   build s  file MB  RSS MB"
    )
    for each in contenders:
        figures = "".join(f"{x:8.1f}" for x in np.median(speed[each.name], axis=0))
        print(f"{each.name:24}{figures}{each.build_sec:10.1f}{each.file_mb:9.0f}{each.resident_mb:8.0f}")
    for base in ("split", "transformers"):
        for name in ("exact", "quality", "fast", "half"):
            if base in speed and name in speed:
                ratio = np.median(speed[name] / speed[base], axis=0)
                print(f"{f'{name} / {base}':24}" + "".join(f"{x:8.2f}" for x in ratio))


def print_steps(taken: dict[str, NDArray[np.float64]]) -> None:
    """Milliseconds a step at each point."""
    print(f"\n{'ms a step after':24}" + "".join(f"{point:8}" for point in POINTS))
    for name, rows in taken.items():
        print(f"{name:24}" + "".join(f"{1e3 * x:8.1f}" for x in np.median(rows, axis=0)))


def print_prefill(contenders: Sequence[Contender]) -> None:
    """How long a window's known beginning takes, at once and one by one."""
    print(f"\n{KNOWN} known columns, s      at once   one by one")
    ids = np.random.default_rng(1).integers(0, SMALL.vocab_size, (SMALL.num_codebooks, KNOWN))
    for each in contenders:
        if not isinstance(each.timed, StepTimed):
            continue
        decoder = each.timed.decoder
        state, started = decoder.start(each.timed.text, KNOWN + 1), time.perf_counter()
        decoder.prefill(state, ids)
        at_once, started = time.perf_counter() - started, time.perf_counter()
        each.timed.at(0)
        for _ in range(KNOWN):
            each.timed.step()
        print(f"{each.name:24}{at_once:7.1f}{time.perf_counter() - started:13.1f}", flush=True)


def main() -> None:
    """Build, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round of few steps")
    parser.add_argument("--full", action="store_true", help="take every step of a window (minutes each)")
    parser.add_argument("--only", nargs="+", help="names of the forms to compare")
    parser.add_argument(
        "--processor", action="store_true", help="count processor time: with --threads 1 on a busy machine"
    )
    parser.add_argument("--keep", type=Path, help="where built graphs stay")
    parser.add_argument("--threads", type=int, default=Runtime().threads)
    given = parser.parse_args()
    runtime = Runtime(threads=given.threads)
    hidden = np.random.default_rng(0).standard_normal((1, TEXT_TOKENS, SMALL.text.d_model), np.float32)
    text = TextStates(hidden)
    with tempfile.TemporaryDirectory(prefix="lofi-musicgen-") as name:
        top = given.keep or Path(name)
        contenders = []
        for form, make in _makers(top, text, runtime).items():
            if not given.only or form in given.only:
                contenders.append(make())
                print(f"{form} is ready", flush=True)
        if given.full:
            print_table(contenders, whole(contenders))
            return
        clock = time.process_time if given.processor else time.perf_counter
        rounds, steps = (1, 3) if given.quick else (5, 8)
        taken = sample(contenders, rounds, steps, clock)
        print_table(contenders, {each: rates(rows) for each, rows in taken.items()})
        print_steps(taken)
        print_prefill(contenders)


def _makers(top: Path, text: TextStates, runtime: Runtime) -> dict[str, Callable[[], Contender]]:
    makers: dict[str, Callable[[], Contender]] = {"split": lambda: make_split(top, text, runtime)}
    for form in ("exact", "quality", "fast"):
        makers[form] = partial(make_step, form, top, text, runtime)
    if importlib.util.find_spec("transformers") and importlib.util.find_spec("torch"):
        makers["transformers"] = lambda: Contender(
            "transformers", TransformersTimed(runtime.threads), 0.0, 0.0, 0.0
        )
    return makers


if __name__ == "__main__":
    main()
