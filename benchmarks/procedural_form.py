"""Is a piece of `procedural` a piece? Sections that return, no bar twice, a theme, moving harmony, an end.

`OPENBLAS_NUM_THREADS=1 python -m benchmarks.procedural_form [--seconds 600] [--only TEXT] [--short]`, from
the project's folder, prints a line for each piece, and which of the bounds it leaves. A bar is heard by
librosa: the chroma and MFCCs of its halves, less their mean over the piece. It needs the `test` extra; ten
minutes of music take about half a minute, and `--short`, which makes no sound, a fraction of a second.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import warnings
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, NamedTuple

import librosa
import numpy as np

from benchmarks.procedural import render
from benchmarks.procedural_score import Score, compose, recurrence
from lofi_procedural.plan import SAMPLE_RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lofi_procedural.score.form import Section

    Samples = NDArray[np.float32]
    Floats = NDArray[np.float64]

RATE, HOP = 22_050, 512
TIMBRE_WEIGHT, TIMBRES = 0.5, 13
PROMPTS = (
    "rainy night, jazzy rhodes, 72 bpm, in D minor",
    "happy guitar in G major, 88 bpm",
    "jazz hop with muted trumpet, 86 bpm, Db major",
    "solo piano, 80 bpm, no drums, in F major",
    "waltz for piano, 90 bpm, D major",
    "rhodes in 6/8, 60 bpm, F minor",
    "brushed jazz in D dorian, 92 bpm",
    "bossa nova nylon guitar 120 bpm in A major",
    "synthwave, 100 bpm, A minor",
    "ambient harp, 60 bpm, Eb major",
    "tense organ, 70 bpm, E phrygian",
    "floating vibraphone, 74 bpm, F lydian",
)
STATIC_WORDS = {"ambient", "drone"}  # styles that may stay where they are


class Bound(NamedTuple):
    """What a figure has to lie between."""

    low: float
    high: float


BOUNDS = {
    # How much more alike bars of a section that returns are than bars of unlike sections, of at most 2.
    "margin": Bound(0.2, 2.0),
    # How often a pair of like sections is more alike than a pair of unlike ones.
    "order": Bound(0.85, 1.0),
    "twins": Bound(0, 0),
    "theme": Bound(0.40, 0.95),
    "chance": Bound(0.0, 0.35),
    "static": Bound(1, 8),
    "travel": Bound(0.0, 3.0),
    "leap": Bound(0, 9),
    "together": Bound(0, 0),
    "rings": Bound(1, 1),
}


def of_score(score: Score, others: list[Score]) -> dict[str, float]:
    """The figures that need no audio; `others` lend their themes to compare with."""
    moves = np.array(score.voice_moves)
    together = (np.abs(moves).min(axis=1) > 4) & (np.abs(np.sign(moves).sum(axis=1)) == moves.shape[1])
    return {
        "theme": sum(recurrence(score).values()),
        "chance": float(np.mean([sum(recurrence(score, other.theme).values()) for other in others])),
        "static": score.longest_static,
        "travel": float(np.abs(moves).mean()),
        "leap": float(np.abs(moves).max()),
        "together": float(together.sum()),
        "rings": float(score.rings_on_tonic()),
    }


def of_audio(samples: Samples, score: Score) -> dict[str, float]:
    """The figures of a track [2, N]."""
    like, unlike = similarities(self_similarity(samples, score), score.piece.sections)
    pairs = like[:, None] - unlike[None, :]
    return {
        "margin": float(like.mean() - unlike.mean()),
        "order": float((pairs > 0).mean()),
        "twins": float(twins(samples, score)),
    }


def twins(samples: Samples, score: Score) -> int:
    """How many bars are, bit for bit, one that was before."""
    plan = score.plan
    prints = [
        hashlib.sha256(samples[:, plan.bar_start(bar) : plan.bar_start(bar) + bar_samples(score)].tobytes())
        for bar in range(plan.bars)
    ]
    return len(prints) - len({each.digest() for each in prints})


def bar_samples(score: Score) -> int:
    """Whole samples of a bar; the last fraction is left out, so that all have the same length."""
    plan = score.plan
    return int(plan.beats_per_bar * plan.beat_sec * SAMPLE_RATE)


def self_similarity(samples: Samples, score: Score) -> Floats:
    """[bars, bars]: 1 where two bars sound alike, about 0 where they share nothing beyond the whole."""
    plan = score.plan
    mono = librosa.resample(samples.mean(axis=0), orig_sr=SAMPLE_RATE, target_sr=RATE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        chroma = librosa.feature.chroma_stft(y=mono, sr=RATE, hop_length=HOP, n_fft=4096, tuning=0.0)
        timbre = librosa.feature.mfcc(y=mono, sr=RATE, hop_length=HOP, n_mfcc=TIMBRES + 1)[1:]
    halves = np.arange(2 * plan.bars + 1) * plan.beats_per_bar * plan.beat_sec / 2
    edges = np.round(halves * RATE / HOP).astype(int)
    tones = np.stack([chroma[:, a:b].mean(axis=1) for a, b in pairwise(edges)])
    colours = np.stack([timbre[:, a:b].mean(axis=1) for a, b in pairwise(edges)])
    rows = np.concatenate((unit(tones), TIMBRE_WEIGHT * unit(colours)), axis=1).reshape(plan.bars, -1)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    similarity: Floats = rows @ rows.T
    return similarity


def unit(rows: Floats) -> Floats:
    """Rows less their mean, of a length of 1 on average."""
    apart = rows - rows.mean(axis=0)
    scaled: Floats = apart / (np.sqrt((apart**2).sum(axis=1).mean()) + 1e-9)
    return scaled


def similarities(matrix: Floats, sections: list[Section]) -> tuple[Floats, Floats]:
    """How alike sections are, bar for bar: of the same name and harmony, and of different names."""
    like, unlike = [], []
    for one, other in combinations(sections, 2):
        bars = min(one.bars, other.bars)
        if bars < 4 or {"intro", "outro", "solo"} & {one.name, other.name}:
            continue
        alike = float(np.mean([matrix[one.start + at, other.start + at] for at in range(bars)]))
        if one.name != other.name:
            unlike.append(alike)
        elif one.name == "A" or one.movement == other.movement:
            like.append(alike)
    return np.array(like), np.array(unlike)


def main() -> int:
    """Compose, render, measure, and count what leaves its bounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", default="", help="part of a prompt")
    parser.add_argument("--short", action="store_true", help="scores only, without sound")
    arguments = parser.parse_args()
    print(" ".join(f"{name:>8}" for name in BOUNDS))
    outside = 0
    for prompt in (prompt for prompt in PROMPTS if arguments.only in prompt):
        for seed in range(1, arguments.seeds + 1):
            score = compose(prompt, arguments.seconds, seed)
            figures = of_score(score, [compose(prompt, 120.0, seed + other) for other in range(100, 110)])
            if not arguments.short:
                figures |= of_audio(render(prompt, arguments.seconds, seed).samples, score)
            bounds = dict(BOUNDS)
            if STATIC_WORDS & {*prompt.split()}:
                bounds["static"] = Bound(1, np.inf)
            misses = [
                name for name, value in figures.items() if not bounds[name].low <= value <= bounds[name].high
            ]
            outside += bool(misses)
            told = [f"{figures[name]:8.2f}" if name in figures else " " * 8 for name in BOUNDS]
            print(*told, f" {prompt}, seed {seed}", *misses, flush=True)
    print("pieces that leave a bound:", outside)
    return int(outside > 0)


if __name__ == "__main__":
    sys.exit(main())
