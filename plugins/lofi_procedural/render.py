"""How a track is rendered: bar by bar, from score to finished samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lofi_core import InferenceFailed, Step
from lofi_procedural.plan import SAMPLE_RATE
from lofi_procedural.score import Dice, Piece
from lofi_procedural.sound.balance import find_tilt
from lofi_procedural.sound.limiter import Limiter
from lofi_procedural.sound.loudness import TARGET_LUFS, Meter, measure
from lofi_procedural.sound.mixer import Mixer
from lofi_procedural.sound.rider import Rider
from lofi_procedural.sound.tape import Room, Wow, saturate, tone_kernel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lofi_core import GenerateRequest
    from lofi_procedural.plan import Plan
    from lofi_procedural.sound.types import Stereo

# Tracks up to this long are mixed whole before the first sample leaves: two bars are too few to ride by ear.
SHORT_SEC = 8.0
SILENT_END_SEC = 0.02
CLOSE_DB = 0.1


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
    master = _Short(plan) if plan.total_samples <= SHORT_SEC * SAMPLE_RATE else _Long(plan)
    for index, mixed in enumerate(_mix(plan, piece, dice)):
        last = index == plan.bars
        audio = master.process(mixed, 0.0 if last else piece.section(index).level_db, last=last)
        yield Step("render", index, np.ascontiguousarray(audio) if audio.shape[1] else None)


def _mix(plan: Plan, piece: Piece, dice: Dice) -> Iterator[Stereo]:
    """Bars [2, N] through band, room and tape, before the final level; the last one fades out."""
    mixer = Mixer(plan, piece, dice)
    wow = Wow(max(0.35, plan.brief.textures.get("tape", 0.0) * 1.6))
    tilt = find_tilt(plan, piece, mixer, tone_kernel(plan.brief.brightness))
    room = Room(plan.brief.brightness, tilt, dice.roll("room"))
    for index in range(plan.steps):
        dry, send = mixer.bar(piece.bar(index))
        mixed = room.process(saturate(wow.process(dry)), send)
        yield mixed * _fade(mixed.shape[1]) if index == plan.bars else mixed


class _Long:
    """Levels a long track as it goes."""

    def __init__(self, plan: Plan) -> None:
        self._meter, self._limiter = Meter(), Limiter()
        self._rider = Rider(1.0 - plan.bar_start(plan.bars) / plan.total_samples)

    def process(self, mixed: Stereo, level_db: float, *, last: bool) -> Stereo:
        if last:
            ended = self._limiter.process(self._rider.end(mixed, self._meter))
            return np.concatenate((ended, self._limiter.flush()), axis=1)
        settled = self._limiter.process(self._rider.ride(mixed, level_db, self._meter))
        self._meter.add(settled)
        return settled


class _Short:
    """Levels a short track as a whole: nothing leaves before the last bar is mixed."""

    def __init__(self, plan: Plan) -> None:
        self._held: list[Stereo] = []
        self._steps = plan.steps

    def process(self, mixed: Stereo, level_db: float, *, last: bool) -> Stereo:
        del level_db
        self._held.append(mixed)
        return _level(np.concatenate(self._held, axis=1)) if last else mixed[:, :0]


def _level(mixed: Stereo) -> Stereo:
    """One gain for all; what the limiter takes away is given back on a second and third try."""
    gain_db = TARGET_LUFS - measure(mixed)
    limited = mixed
    for _ in range(3):
        limited = _limit(mixed * np.float32(10 ** (gain_db / 20)))
        missing_db = TARGET_LUFS - measure(limited)
        if abs(missing_db) < CLOSE_DB:
            break
        gain_db += missing_db
    return limited


def _limit(block: Stereo) -> Stereo:
    limiter = Limiter()
    return np.concatenate((limiter.process(block), limiter.flush()), axis=1)


def _fade(count: int) -> Stereo:
    """Stay for a quarter of the final chord, then fall smoothly to silence shortly before the end."""
    silent = round(SILENT_END_SEC * SAMPLE_RATE)
    hold = count // 4
    fall = np.cos(np.linspace(0.0, np.pi / 2, count - hold - silent)) ** 3
    return np.concatenate((np.ones(hold), fall, np.zeros(silent))).astype(np.float32)
