"""Who plays: which instrument takes which part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lofi_procedural.metre import groove_in
from lofi_procedural.players import BASSES, CHORDAL, LEADS, SUSTAINED

if TYPE_CHECKING:
    from numpy.random import Generator

    from lofi_procedural.words import Brief

# Drawn from where the words leave it open; a name given twice is likelier.
USUAL_CHORDS = ("rhodes", "rhodes", "rhodes", "felt", "guitar")
USUAL_LEADS = ("vibraphone", "electric_guitar", "rhodes", "kalimba", "flute")
USUAL_BASSES = ("upright_bass", "upright_bass", "synth_bass")
USUAL_GROOVES = ("boom_bap", "boom_bap", "boom_bap", "half_time", "brushed")
CALMEST_DENSITY = 0.25  # under which brushes do


@dataclass(frozen=True, slots=True)
class Ensemble:
    """An instrument for each part; None where nobody plays it. `groove` names what the drums play."""

    chords: str | None
    melody: str | None
    bass: str | None
    pad: str | None
    groove: str | None

    @property
    def parts(self) -> frozenset[str]:
        """Parts somebody plays, drums included."""
        played = {"chords": self.chords, "melody": self.melody, "bass": self.bass, "pad": self.pad}
        played["drums"] = self.groove
        return frozenset(part for part, player in played.items() if player)


def choose_ensemble(brief: Brief, rng: Generator) -> Ensemble:
    """Seat the named instruments first; fill the other chairs unless the words forbid it."""
    free = [name for name in brief.instruments if name in LEADS]
    chordal = () if "chords" in brief.without else CHORDAL
    chords = next((name for name in free if name in chordal), None)
    melody = next((name for name in free if name != chords), None)
    # Strings before a pad, which a word such as "ambient" brings along.
    pad = next((name for name in SUSTAINED if name in brief.instruments), None)
    bass = next((name for name in brief.instruments if name in BASSES), None)
    named = {"bass", "drums"} & {*brief.instruments}
    if brief.solo and (free or pad or bass or named):
        return _alone(brief, Ensemble(chords, melody, bass, pad, None))
    style = brief.style
    usual_chords = _draw((style and style.chords) or USUAL_CHORDS, {*brief.without, melody}, rng)
    taken = {*brief.without, chords or usual_chords}
    usual_melody = _draw((style and style.leads) or USUAL_LEADS, taken, rng)
    usual_bass = _draw((style and style.basses) or USUAL_BASSES, {*brief.without}, rng)
    usual_grooves = ("brushed",) if brief.density < CALMEST_DENSITY else USUAL_GROOVES
    groove = brief.groove or _draw((style and style.grooves) or usual_grooves, set(), rng)
    return Ensemble(
        chords=None if "chords" in brief.without else chords or usual_chords,
        melody=None if "melody" in brief.without else melody or usual_melody,
        bass=None if {"bass", bass or usual_bass} & brief.without else bass or usual_bass,
        pad=next((name for name in (pad, "pad") if name and name not in brief.without), None),
        groove=_groove(brief, groove),
    )


def _alone(brief: Brief, named: Ensemble) -> Ensemble:
    """Only what was named plays: an instrument plays its own chords, broken if need be, and its own bass."""
    chords = named.chords or named.melody
    wants_bass = "bass" in brief.instruments or named.bass
    groove = _groove(brief, brief.groove or "boom_bap") if "drums" in brief.instruments else None
    return Ensemble(
        chords=chords,
        melody=named.melody or chords,
        bass=(named.bass or "upright_bass") if wants_bass else named.chords,
        pad=named.pad,
        groove=groove,
    )


def _groove(brief: Brief, groove: str | None) -> str | None:
    if "drums" in brief.without:
        return None
    if groove == "none":
        groove = "brushed" if "drums" in brief.instruments else None
    return groove and groove_in(brief.metre, groove)


def _draw(names: tuple[str, ...], taken: set[str | None] | frozenset[str], rng: Generator) -> str | None:
    """Draw one of the names that are not taken; the draw is spent even when only one is left."""
    at = rng.random()
    left = [name for name in names if name not in taken]
    return left[int(at * len(left))] if left else None
