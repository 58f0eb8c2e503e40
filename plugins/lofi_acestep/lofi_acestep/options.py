"""What a user may set beside the prompt."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from lofi_core import InvalidOption

Preset = Literal["fast"]
SchedulerName = Literal["euler", "heun", "pingpong"]
CfgType = Literal["apg", "cfg", "cfg_star"]
Negative = Literal["auto", "erg", "zero"]
Decode = Literal["auto", "whole", "windows"]
Precision = Literal["fp32", "fp16", "int8"]

REFERENCE_STEPS, FAST_STEPS = 60, 27
# APG bounds how far one evaluation can push, so its 15 is mild; the others multiply without a bound.
GUIDANCE_SCALES: dict[CfgType, float] = {"apg": 15.0, "cfg": 7.0, "cfg_star": 7.0}
INSTRUMENTAL = ("[inst]", "[instrumental]", "")


class ACEStepOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """The defaults are the reference's.

    Raises:
        InvalidOption: a preset, and steps that are not the preset's; or lyrics to be sung.
    """

    inference_steps: Annotated[
        int,
        Meta(ge=1, le=200, description="Steps from noise to music; preset fast has 27."),
    ] = REFERENCE_STEPS
    preset: Annotated[Preset | None, Meta(description="fast: 27 steps, for less than half of the time.")] = (
        None
    )
    scheduler: Annotated[
        SchedulerName,
        Meta(description="heun evaluates twice a step; pingpong draws new noise each step."),
    ] = "euler"
    guidance_scale: (
        Annotated[
            float,
            Meta(ge=1, le=30, description="How strictly to follow the prompt: 15 with apg, else 7."),
        ]
        | None
    ) = None
    cfg_type: Annotated[CfgType, Meta(description="How guidance is computed.")] = "apg"
    guidance_interval: Annotated[
        float, Meta(ge=0, le=1, description="The middle share of the steps that is guided.")
    ] = 0.5
    guidance_interval_decay: Annotated[
        float, Meta(ge=0, le=1, description="How far guidance falls to its minimum over the interval.")
    ] = 0.0
    min_guidance_scale: Annotated[float, Meta(ge=1, le=30, description="Where a decay of 1 ends.")] = 3.0
    omega_scale: Annotated[
        float, Meta(ge=-100, le=100, description="How much of a step is taken, beside its mean.")
    ] = 10.0
    negative: Annotated[
        Negative,
        Meta(description="What to lead away from: erg (the prompt, half heard), zero (none)."),
    ] = "auto"
    lyrics: Annotated[
        str, Meta(max_length=100, description="[inst], [instrumental] or nothing; none are sung yet.")
    ] = "[inst]"
    shift: Annotated[float, Meta(ge=0.1, le=10, description="Above 1: more of the steps at high noise.")] = (
        3.0
    )
    precision: Annotated[
        Precision | None, Meta(description="Of the weights; left out, it is the device's.")
    ] = None
    decode: Annotated[
        Decode, Meta(description="whole needs memory; windows needs little, and differs a little.")
    ] = "auto"

    def __post_init__(self) -> None:
        if self.preset == "fast":
            if self.inference_steps not in {REFERENCE_STEPS, FAST_STEPS}:
                raise InvalidOption(
                    f"preset is 'fast', of {FAST_STEPS} steps, but inference_steps is {self.inference_steps}",
                    "set one of them",
                )
            # 60, the default, gives way. From here on it is as if the steps had been asked for by number, so
            # that both are the same track.
            msgspec.structs.force_setattr(self, "inference_steps", FAST_STEPS)
            msgspec.structs.force_setattr(self, "preset", None)
        if self.lyrics.strip().lower() not in INSTRUMENTAL:
            raise InvalidOption(
                f"lyrics is {self.lyrics!r:.60}; this version sings none",
                "leave it out, or say [inst] or [instrumental]",
            )

    @property
    def scale(self) -> float:
        """The guidance scale in force."""
        return GUIDANCE_SCALES[self.cfg_type] if self.guidance_scale is None else self.guidance_scale
