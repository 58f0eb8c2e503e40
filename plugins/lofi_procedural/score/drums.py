"""What the drums play: grooves as data, made human."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_procedural.score.bass import CALM_DENSITY, LIVELY_DENSITY
from lofi_procedural.score.notes import Hit

if TYPE_CHECKING:
    from numpy.random import Generator

# Sixteenths of a bar: X strong, x usual, o soft, - sometimes (a ghost), . nothing.
GROOVES: dict[str, tuple[dict[str, str], ...]] = {
    "boom_bap": (
        {"kick": "X.....-.x.x.....", "snare": "....X..-....X..-", "hat": "x.o.x.o.x.o.x.o."},
        {"kick": "X..x......x..-..", "snare": "....X....-..X...", "hat": "x.o.x.o.x.o.x.o-"},
        {"kick": "X......xx.......", "snare": "....X.......X.-.", "hat": "x.o.x.o.x-o.x.o."},
        {"kick": "X.-...x...x.....", "snare": "....X..-.-..X...", "hat": "x.o.x.o.x.o.x-o."},
    ),
    "brushed": (
        {"kick": "x.......o.......", "rim": "....o.......o...", "brush": "x.o.x.o.x.o.x.o."},
        {"kick": "x.....-.o.......", "rim": "....o.......o..-", "brush": "x.o.x.o-x.o.x.o."},
    ),
    "half_time": (
        {"kick": "X.....x.........", "snare": "........X.......", "hat": "x.o.x.o.x.o.x.oo"},
        {"kick": "X..x......-.....", "snare": "........X.....-.", "hat": "x.o.x.o.x.o.xoo."},
    ),
    "jazz_hop": (
        {"kick": "X.....-x..x.....", "snare": "....X..-.-..X..-", "hat": "x...x.o.x...x.oo"},
        {"kick": "X..-..x...x..-..", "snare": "....X.-.....X.-.", "hat": "x...x.o.x-..x.o."},
        {
            "kick": "X.......x.x....-",
            "snare": "....X..-.-..X...",
            "rim": "..............o.",
            "hat": "x...x.o.x...x.o.",
        },
    ),
    "trip_hop": (
        {"kick": "X..x......X.....", "snare": "....X..-.-..X..-", "hat": "x.x.x.x.x.x.xox."},
        {"kick": "X.........X..x..", "snare": "....X..-....X...", "hat": "x.x.x.x.x.xox.x."},
        {"kick": "X..x..-...X..-..", "snare": "....X....-..X.-.", "hat": "x.x.xox.x.x.x.x."},
    ),
    "synthwave": (
        {"kick": "X...X...X...X...", "snare": "....X.......X...", "hat": "x.o.x.o.x.o.x.o."},
        {"kick": "X...X...X...X.x.", "snare": "....X.......X...", "hat": "x.o.x.o.x.o.x.oo"},
    ),
    "bossa": (
        {"kick": "X..xx..xx..xx..x", "rim": "x..x..x...x..x..", "shaker": "xoxoxoxoxoxoxoxo"},
        {"kick": "X..xx..xx..xx..x", "rim": "..x...x..x..x...", "shaker": "xoxoxoxoxoxoxoxo"},
    ),
    "waltz": (
        {"kick": "X.....-.....", "snare": "....o...x..-", "hat": "x.o.x.o.x.o."},
        {"kick": "X...........", "snare": "....o..-x...", "hat": "x.o.x.o.x-o."},
        {"kick": "X.....x.....", "snare": "........X...", "hat": "x.o.x.o.x.o."},
    ),
    "waltz_brushed": (
        {"kick": "x...........", "rim": "....o...o...", "brush": "x.o.x.o.x.o."},
        {"kick": "x.........-.", "rim": "........o...", "brush": "x.o.x.o-x.o."},
    ),
    "six_eight": (
        {"kick": "X.........o.", "snare": "......X.....", "hat": "X.-.o.X.-.o."},
        {"kick": "X.........-.", "snare": "......X...-.", "hat": "X...o.X...oo"},
        {"kick": "X...-.......", "snare": "......X..-..", "hat": "X.-.o.X.-.o."},
    ),
    "six_eight_brushed": (
        {"kick": "x.........-.", "rim": "......x.....", "brush": "X...o.X...o."},
        {"kick": "x...........", "rim": "......x...-.", "brush": "X.-.o.X.-.o."},
    ),
    "four": (
        {"kick": "X...x...X...x...", "snare": "....x.......x...", "hat": "..x...x...x...x."},
        {"kick": "X...x...X...x..-", "rim": "....x.......x..-", "hat": "o.x.o.x.o.x.o.x."},
    ),
}
FILLS: tuple[dict[str, str], ...] = (
    {"snare": "..........o.o.oo"},
    {"snare": ".............oox", "kick": "..........x....."},
    {"rim": "........o.o.x.o."},
)
FORCE = {"X": 0.9, "x": 0.68, "o": 0.42, "-": 0.26}
GHOST_CHANCE = 0.45
TIMEKEEPERS = {"hat", "shaker", "brush"}
# How likely a soft stroke goes, or one comes between, for each unit of density below calm or above lively.
LEFT_OUT, PUT_IN = 2.0, 2.0
# Seconds behind the beat: a snare that drags a little is most of the feel.
DRAG_SEC = {"kick": 0.0, "snare": 0.009, "rim": 0.006, "hat": 0.002, "brush": 0.004, "shaker": 0.0}
JITTER_SEC = 0.0025


def play_drums(
    groove: str, beats: int, variant: int, density: float, rng: Generator, *, fill: bool, hats_only: bool
) -> list[Hit]:
    """One bar of a groove.

    Args:
        groove: name in `GROOVES`.
        beats: what the score counts in its bar.
        variant: which of its bars; taken modulo their number.
        density: 0 … 1; the timekeeper leaves soft strokes out, or puts some in between.
        rng: the bar's own.
        fill: the last beats lead into a new section.
        hats_only: timekeeping without kick and snare.
    """
    patterns = GROOVES[groove]
    pattern = patterns[variant % len(patterns)]
    if hats_only:
        pattern = {voice: steps for voice, steps in pattern.items() if voice in TIMEKEEPERS}
    pattern = {
        voice: _timed(steps, density, rng) if voice in TIMEKEEPERS else steps
        for voice, steps in pattern.items()
    }
    length = len(next(iter(pattern.values())))
    step = beats / length
    hits = [hit for voice, steps in pattern.items() for hit in _strokes(voice, steps, step, rng)]
    if fill and not hats_only:
        extra = FILLS[int(rng.integers(len(FILLS)))]
        # A fill is written over four beats; a shorter bar plays the end of it.
        ends = {voice: steps[-length:] for voice, steps in extra.items()}
        hits += [hit for voice, steps in ends.items() for hit in _strokes(voice, steps, step, rng)]
    return hits


def _timed(steps: str, density: float, rng: Generator) -> str:
    """Thin a timekeeper's steps out, or fill them up."""
    leaves_out = LEFT_OUT * max(0.0, CALM_DENSITY - density)
    puts_in = PUT_IN * max(0.0, density - LIVELY_DENSITY)
    changed = []
    for mark, chance in zip(steps, rng.random(len(steps)), strict=True):
        if mark == "o" and chance < leaves_out:
            changed.append(".")
        elif mark == "." and chance < puts_in:
            changed.append("o")
        else:
            changed.append(mark)
    return "".join(changed)


def _strokes(voice: str, steps: str, step: float, rng: Generator) -> list[Hit]:
    hits = []
    for at, mark in enumerate(steps):
        if mark == "." or (mark == "-" and rng.random() > GHOST_CHANCE):
            continue
        force = FORCE[mark] * (1 + 0.09 * rng.standard_normal())
        late = DRAG_SEC[voice] + JITTER_SEC * rng.standard_normal()
        hits.append(Hit(voice, at * step, max(0.1, min(1.0, float(force))), float(late)))
    return hits
