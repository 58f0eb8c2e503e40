"""What the score of a piece of `procedural` tells: themes that come back, harmony, voices, the end.

Nothing here asks the composer what it meant: a theme is what the first A section sings first.
"""

from __future__ import annotations

from functools import cached_property
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from lofi_core import GenerateRequest
from lofi_procedural.options import ProceduralOptions
from lofi_procedural.plan import SAMPLE_RATE, Plan, make_plan
from lofi_procedural.score import Bar, Dice, Piece

if TYPE_CHECKING:
    from collections.abc import Sequence

    # (onset in beats, MIDI pitch), from the start of a cell.
    Line = Sequence[tuple[float, int]]

CELL_BARS = 2
LIKE = 0.6  # the share of a line's intervals that must be the theme's, in rhythm and in direction
FEWEST = 2  # intervals: a line of two notes says nothing


class Score:
    """A composed piece and what is played in it."""

    def __init__(self, plan: Plan, piece: Piece) -> None:
        self.plan, self.piece = plan, piece

    @cached_property
    def bars(self) -> list[Bar]:
        """All bars, the final chord included."""
        return [self.piece.bar(index) for index in range(self.plan.steps)]

    @cached_property
    def cells(self) -> list[tuple[str, Line]]:
        """What is sung in every two bars of a section that sing, and the section's name."""
        beats = self.plan.beats_per_bar
        sung: list[tuple[str, Line]] = []
        for section in self.piece.sections:
            for first in range(section.start, section.start + section.bars, CELL_BARS):
                last = min(first + CELL_BARS, section.start + section.bars)
                line = [
                    (note.beat + beats * (index - first), note.pitch)
                    for index in range(first, last)
                    for note in self.bars[index].notes
                    if note.part == "melody"
                ]
                if line:
                    sung.append((section.name, sorted(line)))
        return sung

    @property
    def theme(self) -> Line:
        """What the first A sings first."""
        return next(line for name, line in self.cells if name == "A")

    @property
    def roots(self) -> list[set[int]]:
        """The roots that sound in each bar."""
        return [{chord.root for _, chord in bar} for bar in self.piece.chords[: self.plan.bars]]

    @property
    def longest_static(self) -> int:
        """Bars in a row on one root at most."""
        alone = [min(roots) if len(roots) == 1 else -1 - at for at, roots in enumerate(self.roots)]
        return max(len(list(run)) for _, run in groupby(alone))

    @property
    def voice_moves(self) -> list[list[int]]:
        """By how many semitones each voice moves from chord to chord."""
        laid = [voicing for bar in self.piece.voicings for voicing in bar]
        return [[b - a for a, b in zip(one, two, strict=True)] for one, two in pairwise(laid)]

    @property
    def onsets_per_beat(self) -> float:
        """How many moments of a beat are struck, on average."""
        bars = self.bars[: self.plan.bars]
        struck = [{note.beat for note in bar.notes} | {hit.beat for hit in bar.hits} for bar in bars]
        return sum(len(beats) for beats in struck) / self.plan.body_beats

    def rings_on_tonic(self) -> bool:
        """Whether the last bar is the tonic chord, and all of it lasts until the track ends."""
        plan = self.plan
        left = (plan.total_samples - plan.bar_start(plan.bars)) / SAMPLE_RATE / plan.beat_sec
        ((_, chord),) = self.piece.chords[plan.bars]
        notes = self.bars[plan.bars].notes
        lasts = all(note.beat + note.beats >= left - 1e-6 for note in notes)
        lowest = min(notes, key=lambda note: note.pitch)
        return lasts and chord.root == self.piece.key.tonic == lowest.pitch % 12


def compose(prompt: str, duration_sec: float, seed: int) -> Score:
    """The score of a request."""
    plan = make_plan(GenerateRequest(prompt, duration_sec, seed, ProceduralOptions()))
    return Score(plan, Piece(plan, Dice(seed, plan.variety)))


def kinship(line: Line, theme: Line) -> str | None:
    """How a line is made of a theme; None where it is not.

    Returns:
        `repeated` (at any height), `cut`, `displaced`, `augmented`, `inverted` or `ornamented`.
    """
    if len(line) <= FEWEST and line[0] != theme[0]:
        return None
    onsets = [onset for onset, _ in line]
    if onsets == [onset for onset, _ in theme]:
        same = _agreement(_signs(line), _signs(theme))
        return "repeated" if same >= LIKE else "inverted" if _turned(line, theme) >= LIKE else None
    kept = [note for note in line if note[0] in {onset for onset, _ in theme}]
    if len(line) > len(theme) and len(kept) == len(theme) and _agreement(_signs(kept), _signs(theme)) >= LIKE:
        return "ornamented"
    if len(line) < FEWEST + 1:
        return "cut" if onsets == [onset for onset, _ in theme[: len(line)]] else None
    for name, factor in (("cut", 1.0), ("augmented", 2.0)):
        at = _found(line, [(factor * onset, pitch) for onset, pitch in theme])
        if at is not None:
            return "displaced" if name == "cut" and theme[at][0] != line[0][0] else name
    return None


def recurrence(score: Score, theme: Line | None = None) -> dict[str, float]:
    """Kinship → share of the cells that sing; of the piece's own theme, or of another to compare with."""
    cells = [line for _, line in score.cells]
    wanted = score.theme if theme is None else theme
    kinds = [kinship(line, wanted) for line in cells]
    return {kind: kinds.count(kind) / len(kinds) for kind in kinds if kind}


def _found(line: Line, theme: Line) -> int | None:
    """Where in a theme a line's rhythm and directions are found as they are."""
    for at in range(len(theme) - len(line) + 1):
        part = theme[at : at + len(line)]
        steps, its = ([b - a for (a, _), (b, _) in pairwise(notes)] for notes in (line, part))
        if steps == its and _agreement(_signs(line), _signs(part)) >= LIKE:
            return at
    return None


def _signs(line: Line) -> list[int]:
    """Up, level or down, from note to note."""
    return [(b > a) - (b < a) for (_, a), (_, b) in pairwise(line)]


def _turned(line: Line, theme: Line) -> float:
    return _agreement([-sign for sign in _signs(line)], _signs(theme))


def _agreement(signs: list[int], others: list[int]) -> float:
    """The share of intervals that go the same way; a level one disagrees with none wholly."""
    agreeing = [1.0 if a == b else 0.5 if 0 in {a, b} else 0.0 for a, b in zip(signs, others, strict=True)]
    return sum(agreeing) / max(1, len(agreeing))
