"""What is told of how a prompt was read, and what follows from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_core import Explanation

if TYPE_CHECKING:
    from lofi_procedural.plan import Plan

LEFT = "left to the seed"


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
        "instruments": ", ".join(brief.instruments) or LEFT,
    }
    if brief.style is not None:
        choices["style"] = brief.style.name
    if brief.without:
        choices["without"] = ", ".join(sorted(brief.without))
    if brief.solo:
        choices["solo"] = True
    textures = [f"{name} {amount:g}" for name, amount in sorted(brief.textures.items()) if amount > 0]
    choices["textures"] = ", ".join(textures) or "none"
    return Explanation(brief.understood, brief.unknown, choices)


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
    named = brief.groove or (" or ".join(sorted({*brief.style.grooves})) if brief.style else "")
    if "drums" in brief.without or (brief.groove == "none" and "drums" not in brief.instruments):
        return "none"
    return named if named not in {"", "none"} else LEFT
