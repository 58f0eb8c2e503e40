"""Pieces as they are composed, with nothing rendered."""

from __future__ import annotations

from lofi_core import GenerateRequest
from lofi_procedural.options import ProceduralOptions
from lofi_procedural.plan import Plan, make_plan
from lofi_procedural.score import Dice, Piece


def compose(prompt: str, duration_sec: float = 120.0, seed: int = 3) -> tuple[Plan, Piece]:
    plan = make_plan(GenerateRequest(prompt, duration_sec, seed, ProceduralOptions()))
    return plan, Piece(plan, Dice(seed, plan.variety))
