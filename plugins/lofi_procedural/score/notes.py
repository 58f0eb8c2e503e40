"""What a score is made of. Positions are in beats from the bar line, before swing."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Note:
    """One pitched note.

    Attributes:
        part: `chords`, `bass`, `melody` or `pad`.
        beat: position from the bar line, unswung.
        beats: length.
        pitch: MIDI note number.
        velocity: 0 … 1.
        delay_sec: human deviation from the grid; may be negative.
    """

    part: str
    beat: float
    beats: float
    pitch: int
    velocity: float
    delay_sec: float = 0.0


@dataclass(frozen=True, slots=True)
class Hit:
    """One stroke on the kit: `voice` is `kick`, `snare`, `rim`, `hat`, `open_hat`, `shaker` or `brush`."""

    voice: str
    beat: float
    velocity: float
    delay_sec: float = 0.0


@dataclass(slots=True)
class Bar:
    """All that starts within one bar."""

    index: int
    notes: list[Note] = field(default_factory=list)
    hits: list[Hit] = field(default_factory=list)
