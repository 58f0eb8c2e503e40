"""How bars become a mix: the band, the tape, the room and what is heard beside, before the final level."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lofi_procedural.plan import SAMPLE_RATE
from lofi_procedural.sound.balance import find_balance
from lofi_procedural.sound.forecast import PITCHES_HZ
from lofi_procedural.sound.mixer import Mixer
from lofi_procedural.sound.tape import Room, Wow, heard_response, saturate
from lofi_procedural.sound.textures import Beds

if TYPE_CHECKING:
    from lofi_procedural.plan import Plan
    from lofi_procedural.score import Dice, Piece
    from lofi_procedural.sound.types import Stereo

USUAL_WOW, WOW_OF_TAPE = 0.35, 1.6


class Desk:
    """Mixes the bars of one piece in order; what rings on is kept for the next."""

    def __init__(self, plan: Plan, piece: Piece, dice: Dice, first_bar: int = 0) -> None:
        """Set up; `first_bar` is the first that will be asked for, below zero in the run-up to a loop."""
        start = plan.bar_start(first_bar)
        loop = plan.total_samples if plan.loops else None
        self._plan, self._piece = plan, piece
        self._mixer = Mixer(plan, piece, dice, start)
        wow = max(USUAL_WOW, plan.brief.textures.get("tape", 0.0) * WOW_OF_TAPE)
        self._wow = Wow(wow, start, loop / SAMPLE_RATE if loop else None)
        self._beds = Beds(plan.brief.textures, dice, start, loop)
        brightness = plan.brief.brightness
        balance = find_balance(plan, piece, self._mixer, heard_response(PITCHES_HZ, brightness))
        self._gain = np.float32(10.0 ** (balance.gain_db / 20.0))
        self._room = Room(brightness, balance.curve, dice.roll("room"))

    def bar(self, index: int) -> Stereo:
        """The chunk [2, N] that holds a bar; `plan.bars` is the final chord."""
        count = self._plan.bar_start(index + 1) - self._plan.bar_start(index)
        # In a loop, a bar before the first is one of the last.
        played = self._piece.bar(index % self._plan.bars if index < 0 else index)
        dry, send = self._mixer.bar(played, count)
        # Textures are not of the band: what is done to its tone leaves them as they are.
        beside = self._beds.take(played.index, count)
        taped = saturate(self._wow.process(dry * self._gain))
        return self._room.process(taped, send * self._gain) + beside
