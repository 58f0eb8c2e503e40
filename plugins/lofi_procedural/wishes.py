"""What words and options ask for together: an option wins over the words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lofi_core import InvalidOption
from lofi_procedural.metre import METRES
from lofi_procedural.options import TEXTURE_NAMES, ProceduralOptions
from lofi_procedural.players import part_of
from lofi_procedural.words import Key, option_names_mode, parse_key

if TYPE_CHECKING:
    from lofi_procedural.words import Brief

USUAL_VINYL = 0.35


def with_options(brief: Brief, options: ProceduralOptions) -> Brief:
    """Let the options win over the words.

    Raises:
        InvalidOption: `key` names no key, or an option contradicts another.
    """
    asked = {name: amount for name in TEXTURE_NAMES if (amount := getattr(options, name)) is not None}
    brief = replace(
        _seated(brief, options),
        key=_key(brief, options),
        mode=options.mode or (None if option_names_mode(options.key or "") else brief.mode),
        metre=METRES[options.metre] if options.metre else brief.metre,
        swing=brief.swing if options.swing is None else options.swing,
        density=brief.density if options.density is None else options.density,
        brightness=brief.brightness if options.brightness is None else options.brightness,
        textures={"vinyl": USUAL_VINYL, **brief.textures, **asked},
        ending=options.ending or brief.ending,
    )
    if options.swing not in {None, 0.5} and brief.metre.is_compound:
        raise InvalidOption(
            f"swing is {options.swing:g} in {brief.metre.name}, whose eighths are even",
            hint="leave swing out, or choose metre=4/4 or 3/4",
        )
    if options.loop and options.ending:
        raise InvalidOption(
            f"ending is {options.ending!r}, and a loop has no ending", hint="leave ending or loop out"
        )
    return brief


def _key(brief: Brief, options: ProceduralOptions) -> Key | None:
    key = brief.stated_key
    if options.key is not None:
        key = parse_key(options.key)
        if key is None:
            raise InvalidOption(
                f"key is {options.key!r}, which names no key",
                hint="give a note and a mode, for instance 'd minor', 'F#' or 'Bb lydian'",
            )
    return Key(key.tonic, options.mode) if key and options.mode else key


def _seated(brief: Brief, options: ProceduralOptions) -> Brief:
    """Who plays and who does not. Those of the options come first, in the order of their names."""
    wanted = dict(sorted((options.instruments or {}).items()))
    if options.drums is not None:
        said = wanted.setdefault("drums", options.drums)
        if said != options.drums:
            raise InvalidOption(
                f"drums is {options.drums}, and instruments says the opposite", hint="say it once"
            )
    there = tuple(name for name, plays in wanted.items() if plays)
    gone = {name for name, plays in wanted.items() if not plays}
    groove = None if "drums" in there and brief.groove == "none" else brief.groove
    return replace(
        brief,
        groove=groove,
        instruments=(*there, *(name for name in brief.instruments if name not in {*there, *gone})),
        # Whoever is called in has the part to play, whatever the words took out.
        without=brief.without - {*there} - {part_of(name, brief.without) for name in there} | gone,
    )
