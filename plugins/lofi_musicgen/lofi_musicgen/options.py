"""What a user may set beside the prompt."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

Precision = Literal["quality", "fast", "exact"]


class MusicGenOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """The defaults are the reference's."""

    guidance_scale: Annotated[
        float, Meta(ge=1.0, le=20.0, description="How strictly to follow the prompt; 1 does not guide.")
    ] = 3.0
    top_k: Annotated[
        int, Meta(ge=0, le=2048, description="Draw from so many of the likeliest codes; 0: from all.")
    ] = 250
    top_p: Annotated[
        float,
        Meta(ge=0.0, le=1.0, description="Draw from the likeliest codes that hold this share; 0: from all."),
    ] = 0.0
    temperature: Annotated[
        float, Meta(ge=0.0, le=5.0, description="Below 1 tamer, above 1 wilder; 0 takes the likeliest code.")
    ] = 1.0
    extend_stride: Annotated[
        float,
        Meta(ge=1.0, le=29.0, description="Beyond 30 s: seconds made at a time; the rest is context."),
    ] = 18.0
    precision: Annotated[
        Precision | None,
        Meta(description="Of a safetensors model: quality (int8, the default), fast (int4), exact (fp32)."),
    ] = None
