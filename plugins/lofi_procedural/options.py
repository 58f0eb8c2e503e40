"""What a user may set beside the prompt: an option wins over the words."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Mode = Literal["major", "minor", "dorian", "phrygian", "lydian", "mixolydian"]
MetreName = Literal["4/4", "3/4", "6/8"]
Ending = Literal["ring", "fade"]
Player = Literal[
    "rhodes",
    "piano",
    "felt",
    "guitar",
    "electric_guitar",
    "harp",
    "organ",
    "vibraphone",
    "kalimba",
    "marimba",
    "music_box",
    "ukulele",
    "flute",
    "saxophone",
    "trumpet",
    "clarinet",
    "synth_lead",
    "strings",
    "pad",
    "upright_bass",
    "synth_bass",
    "electric_bass",
    "drums",
    "bass",
    "chords",
    "melody",
]
TEXTURE_NAMES = ("vinyl", "tape", "rain", "waves", "wind", "fireplace", "thunder", "cafe", "insects", "city")


class ProceduralOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """Every field may be left out; None leaves the choice to the prompt."""

    tempo: Annotated[
        Annotated[float, Meta(ge=40.0, le=200.0)] | None,
        Meta(description="Tempo in beats per minute; in 6/8 of dotted quarters."),
    ] = None
    key: Annotated[
        Annotated[str, Meta(min_length=1, max_length=32)] | None,
        Meta(description="Key and mode, for instance 'd minor', 'F#' or 'Bb lydian'."),
    ] = None
    mode: Annotated[Mode | None, Meta(description="Mode, whatever the key says.")] = None
    metre: Annotated[MetreName | None, Meta(description="How a bar is counted.")] = None
    swing: Annotated[
        Annotated[float, Meta(ge=0.5, le=0.67)] | None,
        Meta(description="Where the off-beat eighth falls within its beat: 0.5 is straight, 0.67 a shuffle."),
    ] = None
    density: Annotated[Share | None, Meta(description="From 0 (calm, sparse) to 1 (lively, busy).")] = None
    brightness: Annotated[Share | None, Meta(description="From 0 (dark, muffled) to 1 (open).")] = None
    instruments: Annotated[
        dict[Player, bool] | None,
        Meta(description="Instruments and parts by name: true lets one play, false takes it out."),
    ] = None
    drums: Annotated[bool | None, Meta(description="Whether there are drums.")] = None
    vinyl: Annotated[Share | None, Meta(description="How much vinyl crackle, from 0 (none) to 1.")] = None
    tape: Annotated[Share | None, Meta(description="How much tape hiss and wow.")] = None
    rain: Annotated[Share | None, Meta(description="How much rain.")] = None
    waves: Annotated[Share | None, Meta(description="How much of the sea.")] = None
    wind: Annotated[Share | None, Meta(description="How much wind.")] = None
    fireplace: Annotated[Share | None, Meta(description="How much fire.")] = None
    thunder: Annotated[Share | None, Meta(description="How much far thunder.")] = None
    cafe: Annotated[Share | None, Meta(description="How much of a café.")] = None
    insects: Annotated[Share | None, Meta(description="How much of a night's insects.")] = None
    city: Annotated[Share | None, Meta(description="How much of a city's street.")] = None
    ending: Annotated[
        Ending | None, Meta(description="`ring`: a last chord that rings; `fade`: the music fades out.")
    ] = None
    loop: Annotated[
        bool, Meta(description="Whole bars that go on where they began, at most as long as asked for.")
    ] = False
