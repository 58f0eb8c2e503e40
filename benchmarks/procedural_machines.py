"""Is one seed one piece on other machines: other numpy, other instructions, other threads?

`python -m benchmarks.procedural_machines [--python OTHER]...` renders a few pieces in fresh processes, each
with another numpy, or without instructions that older processors lack. It prints whether the scores are the
same to the last bit, and how far the samples are from those of this interpreter with all it has. `--python`
names an interpreter of another environment, which needs numpy, msgspec and pluggy.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from lofi_procedural.plan import Plan
    from lofi_procedural.score import Piece

ROOT = Path(__file__).parents[1]
PATHS = os.pathsep.join((str(ROOT), str(ROOT / "plugins")))
# Between them they have every kind of instrument, drums, textures, a short track, a fade and a loop.
PIECES: tuple[tuple[str, float, bool], ...] = (
    ("jazz hop, muted trumpet, rhodes, upright bass, 86 bpm, rain", 12.0, False),
    ("rainy night, felt piano and strings, vinyl, tape", 15.0, False),
    ("synthwave, organ, synth lead, bright, 100 bpm, fade out", 12.0, False),
    ("bossa nova, nylon guitar, flute, waves", 15.0, False),
    ("kalimba lullaby, harp, night insects, fireplace", 7.0, False),
    ("boom bap, vibraphone, café, 90 bpm", 12.0, True),
)
# What numpy's own kernels would use here, and the kinds of processor that OpenBLAS has kernels for.
FEATURES = """
import numpy as np
core = getattr(np, "_core", None) or np.core
umath = core._multiarray_umath
print(*(name for name in umath.__cpu_dispatch__ if umath.__cpu_features__.get(name)))
"""
KERNELS = ("Prescott", "Nehalem", "Haswell", "Zen", "SkylakeX")


class Machine(NamedTuple):
    """One way to compute: an interpreter and what is set for it."""

    name: str
    python: str
    settings: dict[str, str]


class Made(NamedTuple):
    """One piece as one machine made it: a hash of every note, and the samples [2, N]."""

    score: str
    samples: NDArray[np.float32]


class Distance(NamedTuple):
    """How far samples are from others.

    Attributes:
        peak_db: the largest difference against full scale; -inf where there is none.
        rms_db: the power of the difference against full scale.
        steps_24: the largest difference once both are rounded to 24 bits, as the library keeps them.
        steps_16: the same for 16 bits.
        differ_16: the share of samples that differ in 16 bits.
    """

    peak_db: float
    rms_db: float
    steps_24: int
    steps_16: int
    differ_16: float


def score_of(plan: Plan, piece: Piece) -> str:
    """A hash of every note and stroke, to the last bit of their times and velocities."""
    told = hashlib.sha256(repr((piece.key, piece.ensemble, plan.tempo)).encode())
    for index in range(plan.steps):
        bar = piece.bar(index)
        played = [
            (note.part, note.pitch, note.beat, note.beats, note.velocity, note.delay_sec)
            for note in bar.notes
        ]
        struck = [(hit.voice, hit.beat, hit.velocity, hit.delay_sec) for hit in bar.hits]
        for sound in (*played, *struck):
            told.update(repr([n if isinstance(n, str) else float(n).hex() for n in sound]).encode())
    return told.hexdigest()


def make(number: int) -> Made:
    """One of `PIECES`, made in this process."""
    from lofi_core import GenerateRequest
    from lofi_procedural.options import ProceduralOptions
    from lofi_procedural.plan import make_plan
    from lofi_procedural.render import compose, render

    prompt, duration_sec, loop = PIECES[number]
    request = GenerateRequest(prompt, duration_sec, 1, ProceduralOptions(loop=loop))
    plan = make_plan(request)
    piece = compose(request, plan)
    chunks = [step.audio for step in render(request, plan, piece) if step.audio is not None]
    return Made(score_of(plan, piece), np.concatenate(chunks, axis=1))


def made_on(machine: Machine, numbers: Sequence[int]) -> list[Made]:
    """Some of `PIECES`, made by a process of that machine."""
    with tempfile.TemporaryDirectory() as folder:
        command = [machine.python, "-m", "benchmarks.procedural_machines", "--into", folder]
        command += ["--pieces", *map(str, numbers)]
        usual = {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": PATHS}
        subprocess.run(command, env={**os.environ, **usual, **machine.settings}, check=True, cwd=ROOT)
        files = [Path(folder) / f"{number}" for number in numbers]
        return [
            Made(
                file.with_suffix(".score").read_text(),
                np.fromfile(file.with_suffix(".f32"), np.float32).reshape(2, -1),
            )
            for file in files
        ]


def leave(made: Made, file: Path) -> None:
    """Write a piece for the process that asked for it."""
    file.with_suffix(".score").write_text(made.score)
    made.samples.tofile(file.with_suffix(".f32"))


def distance(a: NDArray[np.float32], b: NDArray[np.float32]) -> Distance:
    """How far samples [2, N] are from others."""
    x, y = a.astype(np.float64), b.astype(np.float64)
    apart = np.abs(x - y)
    in_24 = np.abs(np.rint(x * 2**23) - np.rint(y * 2**23))
    in_16 = np.abs(np.rint(x * 2**15) - np.rint(y * 2**15))
    with np.errstate(divide="ignore"):
        peak_db, rms_db = 20 * np.log10(apart.max()), 10 * np.log10((apart**2).mean())
    return Distance(
        float(peak_db), float(rms_db), int(in_24.max()), int(in_16.max()), float((in_16 > 0).mean())
    )


def features_of(python: str) -> str:
    """The instructions beyond its baseline that an interpreter's numpy uses here, oldest first."""
    done = subprocess.run([python, "-c", FEATURES], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def machines(others: list[str]) -> Iterator[Machine]:
    """The reference first: this interpreter, one thread, all that the processor has."""
    here = sys.executable
    features = features_of(here)
    bare = {"NPY_DISABLE_CPU_FEATURES": features}
    yield Machine("this machine", here, {})
    yield Machine("two threads", here, {"OPENBLAS_NUM_THREADS": "2"})
    yield Machine(f"numpy without {features}", here, bare)
    for kernel in KERNELS:
        yield Machine(f"OpenBLAS for {kernel}", here, {"OPENBLAS_CORETYPE": kernel})
    yield Machine("both as on the oldest", here, {**bare, "OPENBLAS_CORETYPE": "Prescott"})
    for other in others:
        version = [other, "-c", "import numpy; print(numpy.__version__)"]
        numpy = f"numpy {subprocess.run(version, check=True, capture_output=True, text=True).stdout.strip()}"
        yield Machine(numpy, other, {})
        bare = {"NPY_DISABLE_CPU_FEATURES": features_of(other), "OPENBLAS_CORETYPE": "Prescott"}
        yield Machine(f"{numpy} as on the oldest", other, bare)


def main() -> None:
    """Render everything on every machine, and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", action="append", default=[], help="an interpreter with another numpy")
    parser.add_argument("--pieces", type=int, nargs="+", default=range(len(PIECES)), help="which, by number")
    parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.into:
        for number in arguments.pieces:
            leave(make(number), arguments.into / f"{number}")
        return
    wanted: list[Made] = []
    for machine in machines(arguments.python):
        made = made_on(machine, arguments.pieces)
        wanted = wanted or made
        same = sum(a.score == b.score for a, b in zip(made, wanted, strict=True))
        apart = [distance(a.samples, b.samples) for a, b in zip(made, wanted, strict=True)]
        worst = max(apart)
        print(
            f"{machine.name[:46]:46} scores {same}/{len(made)}  peak {worst.peak_db:7.1f} dBFS  "
            f"rms {max(d.rms_db for d in apart):7.1f}  24 bit: {max(d.steps_24 for d in apart):4d} steps  "
            f"16 bit: {max(d.steps_16 for d in apart)} step in {100 * max(d.differ_16 for d in apart):.3f} %",
            flush=True,
        )


if __name__ == "__main__":
    main()
