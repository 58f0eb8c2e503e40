"""What a user may set beside the prompt: an option wins over the words."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

Share = Annotated[float, Meta(ge=0.0, le=1.0)]


class ProceduralOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """Every field may be left out; None leaves the choice to the prompt."""

    tempo: Annotated[
        Annotated[float, Meta(ge=40.0, le=200.0)] | None, Meta(description="Tempo in beats per minute.")
    ] = None
    key: Annotated[
        Annotated[str, Meta(min_length=1, max_length=32)] | None,
        Meta(description="Key and mode, for instance 'd minor', 'F#' or 'Bb lydian'."),
    ] = None
    swing: Annotated[
        Annotated[float, Meta(ge=0.5, le=0.67)] | None,
        Meta(description="Where the off-beat eighth falls within its beat: 0.5 is straight, 0.67 a shuffle."),
    ] = None
    drums: Annotated[bool | None, Meta(description="Whether there are drums.")] = None
    brightness: Annotated[Share | None, Meta(description="From 0 (dark, muffled) to 1 (open).")] = None
    vinyl: Annotated[Share | None, Meta(description="How much vinyl crackle, from 0 (none) to 1.")] = None
    rain: Annotated[Share | None, Meta(description="How much rain, from 0 (none) to 1.")] = None
