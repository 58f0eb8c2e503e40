"""How long, how fast and in how many bars: everything about a track that is known before it is composed."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lofi_core import InvalidOption
from lofi_procedural.options import ProceduralOptions
from lofi_procedural.words import Brief, parse_key, read_prompt

if TYPE_CHECKING:
    from lofi_core import GenerateRequest
    from lofi_procedural.metre import Metre

SAMPLE_RATE = 48_000
USUAL_BPM = 78.0
# Music starts this long after the first sample, so that a player ahead of the beat is never cut off.
LEAD_IN_SEC = 0.05


@dataclass(frozen=True, slots=True)
class Plan:
    """The frame of a piece.

    Attributes:
        brief: what the prompt means, options included.
        tempo: beats per minute; in 6/8 of dotted quarters.
        body_beats: before the final chord, as the score counts; whole bars, but for the shortest tracks.
        total_samples: length of the track at 48 kHz.
        swing: where the off-beat eighth falls within its beat, 0.5 … 0.67.
        variety: hash of the prompt, so that words the lexicon does not know still vary the piece.
    """

    brief: Brief
    tempo: float
    body_beats: int
    total_samples: int
    swing: float
    variety: int

    @property
    def bars(self) -> int:
        """Bars before the final chord; the last may be cut short."""
        return -(-self.body_beats // self.beats_per_bar)

    @property
    def beats_per_bar(self) -> int:
        """What the score counts as beats in a bar: quarters, or the eighths of 6/8."""
        return self.brief.metre.pulses

    @property
    def steps(self) -> int:
        """Render steps: the bars and the final chord."""
        return self.bars + 1

    @property
    def beat_sec(self) -> float:
        """Seconds per such beat."""
        return _beat_sec(self.tempo, self.brief.metre)

    def bar_start(self, bar: int) -> int:
        """First sample of the chunk that holds a bar; `bars` is the final chord, `bars + 1` the end."""
        if bar > self.bars:
            return self.total_samples
        beats = min(bar * self.beats_per_bar, self.body_beats)
        return round(beats * self.beat_sec * SAMPLE_RATE)


def make_plan(request: GenerateRequest) -> Plan:
    """Read the prompt and lay out the bars.

    Raises:
        InvalidOption: `key` names no key.
    """
    options = request.options if request.options is not None else ProceduralOptions()
    brief = _apply(options, read_prompt(request.prompt))
    # The core states durations in milliseconds: the product is exact to far below one sample.
    total_samples = round(request.duration_sec * SAMPLE_RATE)
    variety = zlib.crc32(request.prompt.casefold().encode())
    tempo = options.tempo or brief.tempo or _usual_tempo(brief, request.seed + variety)
    return Plan(
        brief=brief,
        tempo=tempo,
        body_beats=_body_beats(tempo, brief.metre, request.duration_sec),
        total_samples=total_samples,
        swing=options.swing if options.swing is not None else _usual_swing(brief, tempo),
        variety=variety,
    )


def _apply(options: ProceduralOptions, brief: Brief) -> Brief:
    """Let the options win over the words."""
    key = brief.key
    if options.key is not None:
        key = parse_key(options.key)
        if key is None:
            raise InvalidOption(
                f"key is {options.key!r}, which names no key",
                hint="give a note and a mode, for instance 'd minor', 'F#' or 'Bb lydian'",
            )
    textures = {"vinyl": 0.35, **brief.textures}
    textures |= {name: amount for name in ("vinyl", "rain") if (amount := getattr(options, name)) is not None}
    without, groove = brief.without, brief.groove
    if options.drums is not None:
        without = without - {"drums"} if options.drums else without | {"drums"}
        groove = None if options.drums and groove == "none" else groove
    instruments = (*brief.instruments, "drums") if options.drums else brief.instruments
    brightness = brief.brightness if options.brightness is None else options.brightness
    return replace(
        brief,
        key=key,
        textures=textures,
        without=without,
        groove=groove,
        instruments=instruments,
        brightness=brightness,
    )


def _usual_tempo(brief: Brief, variety: int) -> float:
    """The tempo the words suggest, within the few beats per minute that one seed differs from the next."""
    usual = max(52.0, min(132.0, USUAL_BPM + brief.tempo_shift + variety % 9 - 4))
    return float(round(usual * brief.metre.pace))


def _usual_swing(brief: Brief, tempo: float) -> float:
    """Slow pieces swing more; bossa, house, and whatever has no drums to swing with are straight."""
    if (
        brief.metre.is_compound
        or brief.groove in {"bossa", "four", "none"}
        or brief.solo
        or "drums" in brief.without
    ):
        return 0.5
    return max(0.5, min(0.6, 0.575 + (80.0 - tempo) * 0.001))


def _body_beats(tempo: float, metre: Metre, duration_sec: float) -> int:
    """Whole bars that leave the final chord time to ring; half a bar where not even one fits."""
    ring_sec = max(1.5, min(3.0, 0.3 * duration_sec))
    beats = int((duration_sec - ring_sec - LEAD_IN_SEC) / _beat_sec(tempo, metre))
    per_bar = metre.pulses
    return beats // per_bar * per_bar if beats >= per_bar else -(-per_bar // 2)


def _beat_sec(tempo: float, metre: Metre) -> float:
    return 60.0 / tempo * metre.beats / metre.pulses
