"""How long, how fast and in how many bars: everything about a track that is known before it is composed."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lofi_core import InvalidOption
from lofi_procedural.options import ProceduralOptions
from lofi_procedural.wishes import with_options
from lofi_procedural.words import Brief, read_prompt

if TYPE_CHECKING:
    from lofi_core import GenerateRequest
    from lofi_procedural.metre import Metre

SAMPLE_RATE = 48_000
USUAL_BPM = 78.0
# Music starts this long after the first sample, so that a player ahead of the beat is never cut off.
LEAD_IN_SEC = 0.05
LONGEST_LOOP_SEC = 180.0


@dataclass(frozen=True, slots=True)
class Plan:
    """The frame of a piece.

    Attributes:
        brief: what the prompt means, options included.
        tempo: beats per minute; in 6/8 of dotted quarters.
        body_beats: before the final chord, as the score counts; whole bars, but for the shortest tracks
            and those that fade.
        total_samples: length of the track at 48 kHz.
        swing: where the off-beat eighth falls within its beat, 0.5 … 0.67.
        ending: `ring`, `fade`, or `loop` for none.
        variety: hash of the words that the lexicon does not know, so that they still vary the piece. The
            others change what they say and nothing else: "rhodes" and "rhodes, rain" are one piece.
    """

    brief: Brief
    tempo: float
    body_beats: int
    total_samples: int
    swing: float
    ending: str
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
        """Render steps: the bars, and the final chord where there is one."""
        return self.bars + self.rings

    @property
    def rings(self) -> bool:
        """Whether a final chord comes after the bars."""
        return self.ending == "ring"

    @property
    def loops(self) -> bool:
        """Whether the last bar leads into the first."""
        return self.ending == "loop"

    @property
    def first_bar_sec(self) -> float:
        """Where the first bar begins; a loop begins with it."""
        return 0.0 if self.loops else LEAD_IN_SEC

    @property
    def beat_sec(self) -> float:
        """Seconds per such beat."""
        return _beat_sec(self.tempo, self.brief.metre)

    def bar_start(self, bar: int) -> int:
        """First sample of the chunk that holds a bar; `bars` is the final chord, `steps` the end.

        In a loop, bars before the first are those at its end.
        """
        if bar >= self.steps:
            return self.total_samples
        if bar < 0:
            return self.bar_start(bar % self.bars) + bar // self.bars * self.total_samples
        beats = min(bar * self.beats_per_bar, self.body_beats)
        return round(beats * self.beat_sec * SAMPLE_RATE)


def make_plan(request: GenerateRequest) -> Plan:
    """Read the prompt and lay out the bars.

    Raises:
        InvalidOption: `key` names no key, options contradict each other, or a loop would be too long.
    """
    options = request.options if request.options is not None else ProceduralOptions()
    brief = with_options(read_prompt(request.prompt), options)
    variety = zlib.crc32(" ".join(brief.unknown).encode())
    tempo = options.tempo or brief.tempo or _usual_tempo(brief, request.seed + variety)
    ending = "loop" if options.loop else brief.ending or "ring"
    body_beats = _body_beats(ending, _beat_sec(tempo, brief.metre), brief.metre, request.duration_sec)
    # The core states durations in milliseconds: the product is exact to far below one sample.
    length_sec = body_beats * _beat_sec(tempo, brief.metre) if options.loop else request.duration_sec
    swing = brief.swing if brief.swing is not None else _usual_swing(brief, tempo)
    return Plan(
        brief=brief,
        tempo=tempo,
        body_beats=body_beats,
        total_samples=round(length_sec * SAMPLE_RATE),
        swing=0.5 if brief.metre.is_compound else swing,
        ending=ending,
        variety=variety,
    )


def _usual_tempo(brief: Brief, variety: int) -> float:
    """The tempo the words suggest, within the few beats per minute that one seed differs from the next."""
    usual = max(52.0, min(132.0, USUAL_BPM + brief.tempo_shift + variety % 9 - 4))
    return float(round(usual * brief.metre.pace))


def _usual_swing(brief: Brief, tempo: float) -> float:
    """Slow pieces swing more; bossa, house, and whatever has no drums to swing with are straight."""
    if brief.style is not None and brief.style.swing is not None and "drums" not in brief.without:
        return brief.style.swing
    if brief.groove in {"bossa", "four", "none"} or brief.solo or "drums" in brief.without:
        return 0.5
    return max(0.5, min(0.6, 0.575 + (80.0 - tempo) * 0.001))


def _body_beats(ending: str, beat_sec: float, metre: Metre, duration_sec: float) -> int:
    """What is counted before the final chord; bars that fade, and those of a loop, have none."""
    per_bar = metre.pulses
    if ending == "fade":
        return math.ceil(duration_sec / beat_sec)
    if ending == "loop":
        return per_bar * _loop_bars(duration_sec, beat_sec * per_bar)
    # Whole bars that leave the chord time to ring; half a bar where not even one fits.
    ring_sec = max(1.5, min(3.0, 0.3 * duration_sec))
    beats = int((duration_sec - ring_sec - LEAD_IN_SEC) / beat_sec)
    return beats // per_bar * per_bar if beats >= per_bar else -(-per_bar // 2)


def _loop_bars(duration_sec: float, bar_sec: float) -> int:
    """As many whole phrases as there is time for: of four bars, of two, or one bar."""
    if duration_sec > LONGEST_LOOP_SEC:
        raise InvalidOption(
            f"duration_sec is {duration_sec:g}, and a loop is mixed whole: at most {LONGEST_LOOP_SEC:g} s",
            hint=f"ask for {LONGEST_LOOP_SEC:g} s or less, or leave loop out",
        )
    bars = int(duration_sec / bar_sec + 1e-9)
    phrase = 4 if bars >= 8 else 2 if bars >= 2 else 1
    return max(1, bars // phrase * phrase)


def _beat_sec(tempo: float, metre: Metre) -> float:
    return 60.0 / tempo * metre.beats / metre.pulses
