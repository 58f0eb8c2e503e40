"""What each held instrument is made of. Data only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Voice:
    """A tone that is kept up.

    Attributes:
        amplitudes: of harmonics 1, 2, 3 … at full force.
        detune_cents: spread of the three players on each note.
        attack_sec: onset.
        release_sec: after it is let go.
        vibrato_cents: depth; it comes in slowly. A voice without it is a section of players.
        bloom: how much darker it is when soft: the exponent by which harmonics fall besides.
        sweep: how far the upper harmonics of a section come and go, 0 … 1.
        breath: level of the noise beside the tone.
        gain: level in the mix.
    """

    amplitudes: tuple[float, ...]
    detune_cents: float
    attack_sec: float
    release_sec: float
    vibrato_cents: float = 0.0
    bloom: float = 0.6
    sweep: float = 0.0
    breath: float = 0.0
    gain: float = 0.1


VOICES: dict[str, Voice] = {
    "pad": Voice(
        (1.0, 0.5, 0.34, 0.24, 0.16, 0.11, 0.08, 0.055, 0.04, 0.03), 7.0, 0.55, 0.9, sweep=0.75, gain=0.055
    ),
    "strings": Voice(
        (1.0, 0.7, 0.55, 0.38, 0.3, 0.23, 0.17, 0.13, 0.1, 0.075, 0.055, 0.04),
        9.0,
        0.28,
        0.5,
        sweep=0.35,
        gain=0.05,
    ),
    # Drawbars, and what leaks in from the wheels beside.
    "organ": Voice(
        (1.0, 0.6, 0.35, 0.2, 0.07, 0.12, 0.04, 0.08, 0.03, 0.04, 0.02, 0.03, 0.01, 0.01, 0.01, 0.02),
        2.5,
        0.012,
        0.08,
        gain=0.07,
    ),
    "flute": Voice(
        (1.0, 0.36, 0.2, 0.1, 0.06, 0.035, 0.02, 0.012),
        0.0,
        0.07,
        0.12,
        vibrato_cents=14.0,
        bloom=0.8,
        breath=0.065,
        gain=0.15,
    ),
    # A cylinder closed at the reed sounds every second harmonic; a mildly filtered saw wave, all of them.
    "clarinet": Voice(
        (1.0, 0.04, 0.6, 0.07, 0.38, 0.1, 0.2, 0.09, 0.11, 0.06, 0.06, 0.04, 0.03),
        0.0,
        0.055,
        0.12,
        vibrato_cents=5.0,
        breath=0.02,
        gain=0.115,
    ),
    "synth_lead": Voice(
        (1.0, 0.5, 0.33, 0.25, 0.2, 0.16, 0.13, 0.11, 0.09, 0.075, 0.06, 0.05, 0.04, 0.03, 0.025, 0.02),
        0.0,
        0.02,
        0.16,
        vibrato_cents=8.0,
        bloom=0.9,
        gain=0.105,
    ),
    # A conical reed is strong in its second and third harmonics; a cup mute leaves a trumpet its middle ones.
    "saxophone": Voice(
        (0.8, 1.0, 0.66, 0.46, 0.34, 0.27, 0.2, 0.15, 0.11, 0.08, 0.06, 0.045),
        0.0,
        0.045,
        0.11,
        vibrato_cents=16.0,
        bloom=0.7,
        breath=0.06,
        gain=0.082,
    ),
    "trumpet": Voice(
        (0.5, 0.6, 0.8, 0.9, 0.75, 0.55, 0.4, 0.28, 0.18, 0.11, 0.07, 0.04),
        0.0,
        0.03,
        0.09,
        vibrato_cents=9.0,
        bloom=0.9,
        breath=0.02,
        gain=0.078,
    ),
}
