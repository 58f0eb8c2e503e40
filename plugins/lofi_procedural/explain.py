"""What is told of how a prompt was read, and what follows from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_core import Explanation
from lofi_procedural.metre import groove_in
from lofi_procedural.words import PARTS

if TYPE_CHECKING:
    from lofi_procedural.plan import Plan

LEFT, NOBODY = "left to the seed", "none"


def explain(plan: Plan) -> Explanation:
    """Words and what they ask for, and what was decided before a note is composed."""
    brief = plan.brief
    choices: dict[str, str | float | bool] = {
        "tempo_bpm": round(plan.tempo, 3),
        "key": _key(plan),
        "metre": brief.metre.name,
        "bars": plan.bars,
        "swing": round(plan.swing, 3),
        "density": round(brief.density, 3),
        "brightness": round(brief.brightness, 3),
        "groove": _groove(plan),
        "instruments": ", ".join(brief.instruments) or (NOBODY if brief.without >= PARTS else LEFT),
    }
    if brief.style is not None:
        choices["style"] = brief.style.name
    if brief.without:
        choices["without"] = ", ".join(sorted(brief.without))
    if brief.solo:
        choices["solo"] = True
    textures = [f"{name} {amount:g}" for name, amount in sorted(brief.textures.items()) if amount > 0]
    choices["textures"] = ", ".join(textures) or NOBODY
    # Told once each, however often they are said.
    return Explanation(brief.understood, tuple(dict.fromkeys(brief.unknown)), choices)


def _key(plan: Plan) -> str:
    brief = plan.brief
    if brief.stated_key is not None:
        return str(brief.stated_key)
    if brief.mode is not None:
        return f"{brief.mode}, its note {LEFT}"
    leaning = "towards major" if brief.valence > 0 else "towards minor"
    return f"{LEFT}, {leaning}" if brief.valence else LEFT


def _groove(plan: Plan) -> str:
    brief = plan.brief
    drums = "drums" in brief.instruments
    alone = brief.solo and {*brief.instruments} - {"chords", "melody"}
    if "drums" in brief.without or (not drums and (alone or brief.groove == "none")):
        return NOBODY
    named = brief.style.grooves if brief.style else ()
    if brief.groove is not None:
        named = ("brushed" if brief.groove == "none" else brief.groove,)
    elif alone:
        named = ("boom_bap",)
    return " or ".join(sorted({groove_in(brief.metre, groove) for groove in named})) or LEFT
