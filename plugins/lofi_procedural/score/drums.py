"""What the drums play: a groove made human, and how they hand over from section to section."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_procedural.score.grooves import BRUSHED_FILLS, FILLS, GROOVES, PICKUPS, TURNS
from lofi_procedural.score.notes import Hit
from lofi_procedural.score.taste import calmness, liveliness

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.random import Generator

FORCE = {"X": 0.9, "x": 0.68, "o": 0.42, "-": 0.26}
# How likely a ghost is heard: at rest, and what density adds.
GHOST_CHANCE, GHOST_DENSITY = 0.2, 0.5
TIMEKEEPERS = {"hat", "shaker", "brush"}
# How likely a soft stroke goes, or one comes between, for each unit of density below calm or above lively.
LEFT_OUT, PUT_IN = 3.0, 2.0
TURN_CHANCE = 0.5
# Seconds behind the beat: a snare that drags a little is most of the feel.
DRAG_SEC = {"snare": 0.009, "rim": 0.006, "hat": 0.002, "open_hat": 0.002, "brush": 0.004}
JITTER_SEC = 0.0025


def play_drums(
    groove: str, beats: int, variant: int, density: float, rng: Generator, *, turns: str, hats_only: bool
) -> list[Hit]:
    """One bar of a groove.

    Args:
        groove: name in `GROOVES`.
        beats: what the score counts in its bar.
        variant: which of its bars; taken modulo their number.
        density: 0 … 1; the timekeeper leaves soft strokes out or puts some in, and ghosts come and go.
        rng: the bar's own.
        turns: how it leads on: a handover of `form.Section`, `phrase` at the end of one, or "".
        hats_only: timekeeping without kick and snare.
    """
    patterns = GROOVES[groove]
    pattern = patterns[variant % len(patterns)]
    length = len(next(iter(pattern.values())))
    if hats_only:
        pattern = {voice: steps for voice, steps in pattern.items() if voice in TIMEKEEPERS}
    pattern = {
        voice: _timed(steps, density, rng) if voice in TIMEKEEPERS else steps
        for voice, steps in pattern.items()
    }
    ghosts = GHOST_CHANCE + GHOST_DENSITY * density
    hits = _strokes(pattern, length, beats, ghosts, rng)
    return hits if hats_only else _turn(hits, groove, turns, (length, beats, ghosts), rng)


def _turn(hits: list[Hit], groove: str, turns: str, bar: tuple[int, int, float], rng: Generator) -> list[Hit]:
    """Lead on to what follows."""
    length, beats, ghosts = bar
    is_brushed = "brushed" in groove
    banks: Mapping[str, tuple[dict[str, str], ...]] = {
        "fill": BRUSHED_FILLS if is_brushed else FILLS,
        "phrase": TURNS,
        "drop": PICKUPS,
        "stop": PICKUPS,
    }
    if turns not in banks or (turns == "phrase" and rng.random() > TURN_CHANCE):
        return hits
    if turns in {"drop", "stop"}:
        hits = [hit for hit in hits if hit.beat == 0 and (turns == "stop" or hit.voice == "kick")]
    bank = banks[turns]
    extra = bank[int(rng.integers(len(bank)))]
    # A groove without a snare turns on the rim.
    rim = {} if "snare" in GROOVES[groove][0] else {"snare": "rim"}
    ends = {rim.get(voice, voice): steps[-length:] for voice, steps in extra.items()}
    added = _strokes(ends, length, beats, ghosts, rng)
    taken = {(hit.voice, hit.beat) for hit in added}
    return [hit for hit in hits if (hit.voice, hit.beat) not in taken] + added


def _timed(steps: str, density: float, rng: Generator) -> str:
    """Thin a timekeeper's steps out, or fill them up."""
    leaves_out, puts_in = LEFT_OUT * calmness(density), PUT_IN * liveliness(density)
    changed = []
    for mark, chance in zip(steps, rng.random(len(steps)), strict=True):
        if mark == "o" and chance < leaves_out:
            changed.append(".")
        elif mark == "." and chance < puts_in:
            changed.append("o")
        else:
            changed.append(mark)
    return "".join(changed)


def _strokes(pattern: Mapping[str, str], length: int, beats: int, ghosts: float, rng: Generator) -> list[Hit]:
    """The strokes of some lines, each a little early or late, softer or firmer."""
    hits = []
    for voice, steps in pattern.items():
        for at, mark in enumerate(steps):
            if mark == "." or (mark == "-" and rng.random() > ghosts):
                continue
            force = FORCE[mark] * (1 + 0.09 * rng.standard_normal())
            late = DRAG_SEC.get(voice, 0.0) + JITTER_SEC * rng.standard_normal()
            hits.append(Hit(voice, at * beats / length, max(0.1, min(1.0, float(force))), float(late)))
    return hits
