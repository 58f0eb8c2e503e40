# ruff: noqa: INP001 - for the scripts beside it
"""Six pieces of the embedded backend for the documentation: what was asked for, and what is told of them.

The pictures are drawn by `docs/pictures.py`. What stands beside them is written by `docs/generate.py`: tempo,
key, sections and players come from the pieces themselves; what a listener should hear is said here.
"""

from __future__ import annotations

import shlex
import textwrap
from typing import TYPE_CHECKING, NamedTuple

from lofi_core import GenerateRequest
from lofi_procedural.options import ProceduralOptions
from lofi_procedural.plan import SAMPLE_RATE, make_plan
from lofi_procedural.render import compose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lofi_procedural.plan import Plan
    from lofi_procedural.score import Piece

FOLDER = "images/procedural"  # within docs/


class Shown(NamedTuple):
    """One piece.

    Attributes:
        name: of its picture and its track.
        title: of its part of the page.
        prompt: what it is made from.
        duration_sec: how long it is.
        seed: which piece.
        heard: what a listener should hear.
        loop: whether it goes on where it began.
    """

    name: str
    title: str
    prompt: str
    duration_sec: int
    seed: int
    heard: str
    loop: bool = False

    @property
    def request(self) -> GenerateRequest:
        """What is asked of the backend."""
        return GenerateRequest(
            self.prompt, float(self.duration_sec), self.seed, ProceduralOptions(loop=self.loop)
        )

    @property
    def command(self) -> str:
        """The command that makes it."""
        words = ["lofi-core", "generate", self.prompt, "-d", str(self.duration_sec), "--seed", str(self.seed)]
        words += ["-O", "loop=true"] if self.loop else []
        return shlex.join([*words, "-o", f"{self.name}.flac"]).replace(f"'{self.prompt}'", f'"{self.prompt}"')


PIECES = (
    Shown(
        "boom-bap",
        "A full band",
        "late night boom bap, rhodes, muted trumpet, vinyl, 84 bpm, D minor",
        60,
        3,
        """Columns from top to bottom are hats and snare, their feet at 50 Hz the kick; the stacks of
        lines that reach 8 kHz are the trumpet, brassy even with its mute, and the rhodes is the calm
        weave from 150 Hz to 1 kHz. The snare drags a little, and off-beat eighths are late. A' has the
        motif of A, not quite as it was. The last chord is rolled and rings alone.""",
    ),
    Shown(
        "rain",
        "One player in the rain",
        "solo felt piano, sad, rain, 66 bpm, C minor",
        60,
        1,
        """A felt piano alone, both hands: roots below, chords in the middle, and a melody on top that
        breathes between its phrases. Each column is a stroke of its hammers. Behind it is the rain, an
        even veil from 1 to 10 kHz that knows no beat; it goes when the last chord has gone.""",
    ),
    Shown(
        "bossa",
        "Even eighths",
        "bossa nova, nylon guitar, flute, bright, no vinyl, 116 bpm, G major",
        60,
        2,
        """Nothing swings. The shaker is a curtain that reaches the top, the rim plays a clave before it,
        and kick and bass have one rhythm, so that the lowest octaves flicker. Where the drums rest,
        the curtain opens. The flute's long notes are straight at first: the vibrato comes late.""",
    ),
    Shown(
        "ambient",
        "No drums",
        "dark ambient, harp, flute, waves, no bass, 60 bpm, E phrygian",
        60,
        1,
        """Nobody keeps time but the harp, which breaks the chords and puts their roots below. The clouds
        above 1 kHz are waves, one every eight seconds or so, and the flute's breath is a faint block
        wherever it plays. What makes it dark is the chord on F, a semitone above home.""",
    ),
    Shown(
        "waltz",
        "Three beats",
        "brushed waltz, vibraphone, upright bass, café, 99 bpm, F major",
        60,
        4,
        """Brushes keep all three beats, in soft columns up to 10 kHz, and kick and bass mark the first.
        The vibraphone's bars ring on over what follows. Below it all people talk, too softly to be
        understood.""",
    ),
    Shown(
        "synthwave",
        "A loop",
        "synthwave, synth lead, busy, no vinyl, 100 bpm, A minor",
        60,
        1,
        """A kick on every beat, the bass in eighths, and a lead with a ladder of overtones. There is no
        intro and no last chord: after B the band stops, the snare leads back to A, and what rings at the
        right edge rings on at the left.""",
        loop=True,
    ),
)


def composed(shown: Shown) -> tuple[Plan, Piece]:
    """A piece, as it will be played."""
    plan = make_plan(shown.request)
    return plan, compose(shown.request, plan)


def section_names(piece: Piece) -> list[str]:
    """What the sections are called: each time that one returns it has a prime more."""
    return [section.name + "'" * section.returns for section in piece.sections]


def facts(plan: Plan, piece: Piece) -> str:
    """Tempo, key, form and players in one line."""
    brief, ensemble = plan.brief, piece.ensemble
    swing = f", swing {plan.swing:.2f}" if plan.swing > 0.5 else ""
    form = ", ".join(
        f"{name} {section.bars}" for name, section in zip(section_names(piece), piece.sections, strict=True)
    )
    seats = {"drums": ensemble.groove} | {
        part: getattr(ensemble, part) for part in ("chords", "melody", "bass", "pad")
    }
    players = [
        f"{clock(at)} {seats[part].replace('_', ' ')}{f' ({part})' if seats[part] != part else ''}"
        for part, at in entries(plan, piece).items()
    ]
    textures = ", ".join(name for name, amount in sorted(brief.textures.items()) if amount) or "none"
    return (
        f"{plan.tempo:g} BPM, {piece.key}, {brief.metre.name}{swing}; {plan.bars} bars: {form}. "
        f"Who plays, and from when: {', '.join(players)}. Textures: {textures}."
    )


def entries(plan: Plan, piece: Piece) -> dict[str, float]:
    """When each part is first heard, in seconds, the earliest first."""
    first: dict[str, float] = {}
    for index in range(plan.steps):
        bar = piece.bar(index)
        sounds = [(note.part, note.beat) for note in bar.notes] + [("drums", hit.beat) for hit in bar.hits]
        for part, beat in sorted(sounds, key=lambda sound: sound[1]):
            first.setdefault(part, plan.bar_start(index) / SAMPLE_RATE + beat * plan.beat_sec)
    return dict(sorted(first.items(), key=lambda entry: entry[1]))


def clock(seconds: float) -> str:
    """Minutes and seconds."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def page() -> Iterator[str]:
    """What the page tells of all of them, as Markdown."""
    for shown in PIECES:
        picture = f"![{shown.title}: spectrogram and score]({FOLDER}/{shown.name}.png)"
        yield from (f"### {shown.title}", "", "```sh", shown.command, "```", "", picture, "")
        yield from (*wrapped(facts(*composed(shown))), "", *wrapped(shown.heard), "")


def wrapped(text: str) -> list[str]:
    """A paragraph, in lines."""
    return textwrap.wrap(" ".join(text.split()), 120)
