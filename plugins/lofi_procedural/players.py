"""Who there is to play, by the part they may take. Data only."""

from __future__ import annotations

CHORDAL = ("rhodes", "piano", "felt", "guitar", "electric_guitar", "ukulele", "harp", "organ")
WINDS = ("flute", "saxophone", "trumpet", "clarinet")
MALLETS = ("vibraphone", "kalimba", "marimba", "music_box")
LEADS = (*WINDS, *MALLETS, "synth_lead", *CHORDAL)
SUSTAINED = ("strings", "pad")
BASSES = ("upright_bass", "synth_bass", "electric_bass")


def part_of(name: str, without: frozenset[str]) -> str | None:
    """The part that an instrument cannot play without; None where another is left to it."""
    if name in BASSES:
        return "bass"
    if name in CHORDAL:
        return "chords" if {"chords", "melody"} <= without else None
    return "melody" if name in LEADS else None
