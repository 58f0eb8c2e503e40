"""How a track is rendered: bar by bar, from score to finished samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lofi_core import InferenceFailed, Step
from lofi_procedural.desk import Desk
from lofi_procedural.loop import render_loop
from lofi_procedural.plan import SAMPLE_RATE
from lofi_procedural.score import Dice, Piece
from lofi_procedural.sound.limiter import Limiter
from lofi_procedural.sound.loudness import Meter, level
from lofi_procedural.sound.rider import Rider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lofi_core import GenerateRequest
    from lofi_procedural.plan import Plan
    from lofi_procedural.sound.types import Stereo

# Tracks up to this long are mixed whole before the first sample leaves: two bars are too few to ride by ear.
SHORT_SEC = 7.0
SILENT_END_SEC = 0.02
# Where nobody plays, the textures are the piece. They lie 20 dB below a band, too far for the fader, and have
# nothing in common on both sides: a share of each goes to the other.
TEXTURES_ALONE = np.array([[9.0, 2.0], [2.0, 9.0]], np.float32)
LONGEST_FADE_SEC, FADING_SHARE = 10.0, 0.25


def compose(request: GenerateRequest, plan: Plan) -> Piece:
    """Choose who plays, what key, and what is played.

    Raises:
        InferenceFailed: the prompt takes out every part and every texture.
    """
    piece = Piece(plan, Dice(request.seed, plan.variety))
    if not piece.ensemble.parts and not any(plan.brief.textures.values()):
        raise InferenceFailed(
            "the prompt leaves nobody to play",
            hint="take out fewer parts, or name an instrument or a texture",
        )
    return piece


def render(request: GenerateRequest, plan: Plan, piece: Piece) -> Iterator[Step]:
    """Yield each bar's samples; the limiter holds the last 55 ms back for the next step.

    All state is local: any number of tracks may be rendered in turns.
    """
    dice = Dice(request.seed, plan.variety)
    yield Step("compose", 0)
    if plan.loops:
        yield from render_loop(plan, piece, dice)
        return
    master = _Short(plan) if plan.total_samples <= SHORT_SEC * SAMPLE_RATE else _Long(plan)
    desk = Desk(plan, piece, dice)
    for index in range(plan.steps):
        last = index == plan.steps - 1
        level_db = 0.0 if index == plan.bars else piece.section(index).level_db
        mixed = desk.bar(index) if piece.ensemble.parts else TEXTURES_ALONE @ desk.bar(index)
        audio = master.process(mixed, level_db, last=last)
        yield Step("render", index, np.ascontiguousarray(audio) if audio.shape[1] else None)


class _Long:
    """Levels a long track as it goes."""

    def __init__(self, plan: Plan) -> None:
        self._meter, self._limiter, self._fade = Meter(), Limiter(), Fade(plan)
        self._rider, self._rings = Rider(self._fade.share), plan.rings

    def process(self, mixed: Stereo, level_db: float, *, last: bool) -> Stereo:
        if last and self._rings:
            # The chord is set as it will be heard.
            settled = self._limiter.process(self._rider.end(self._fade.process(mixed), self._meter))
        else:
            # The hand on the fader must not see bars that fade, or it would hold against it.
            ridden = self._rider.ride(mixed, level_db, self._meter)
            settled = self._limiter.process(self._fade.process(ridden))
        self._meter.add(settled)
        return np.concatenate((settled, self._limiter.flush()), axis=1) if last else settled


class _Short:
    """Levels a short track as a whole: nothing leaves before the last bar is mixed."""

    def __init__(self, plan: Plan) -> None:
        self._held: list[Stereo] = []
        self._fade = Fade(plan)

    def process(self, mixed: Stereo, level_db: float, *, last: bool) -> Stereo:
        del level_db
        self._held.append(self._fade.process(mixed))
        return level(np.concatenate(self._held, axis=1), _limit) if last else mixed[:, :0]


def _limit(block: Stereo) -> Stereo:
    limiter = Limiter()
    return np.concatenate((limiter.process(block), limiter.flush()), axis=1)


class Fade:
    """Lets the end fall smoothly to silence: the final chord after a quarter of it, or the last bars.

    Attributes:
        share: of the track, that the end fills.
    """

    def __init__(self, plan: Plan) -> None:
        self._position = 0
        self._silent = plan.total_samples - round(SILENT_END_SEC * SAMPLE_RATE)
        if plan.rings:
            start = plan.bar_start(plan.bars)
            self._falls = start + (plan.total_samples - start) // 4
        else:
            length_sec = min(LONGEST_FADE_SEC, FADING_SHARE * plan.total_samples / SAMPLE_RATE)
            self._falls = start = self._silent - round(length_sec * SAMPLE_RATE)
        self.share = 1.0 - start / plan.total_samples

    def process(self, block: Stereo) -> Stereo:
        """Take the next samples [2, N], return them at their level."""
        start, self._position = self._position, self._position + block.shape[1]
        if self._position <= self._falls:
            return block
        fallen = (np.arange(start, self._position) - self._falls) / (self._silent - self._falls)
        shape = np.cos(np.clip(fallen, 0.0, 1.0) * (np.pi / 2)) ** 3
        shape[np.arange(start, self._position) >= self._silent] = 0.0
        faded: Stereo = block * shape.astype(np.float32)
        return faded
