"""Which chords and progressions there are. Data only.

A chord is `root:quality`, the root in semitones above the tonic. Bars are parted by `|`; a bar of two chords
changes on its third beat, in a waltz too.
"""

from __future__ import annotations

from dataclasses import dataclass

# Tones of the rootless voicing in semitones above the root: third or fourth, fifth or sixth, seventh, ninth.
QUALITIES: dict[str, tuple[int, ...]] = {
    "maj7": (0, 4, 7, 11),
    "maj9": (4, 7, 11, 14),
    "6/9": (4, 7, 9, 14),
    "maj9#11": (4, 11, 14, 18),
    "m7": (0, 3, 7, 10),
    "m9": (3, 7, 10, 14),
    "m11": (3, 10, 14, 17),
    "m7/11": (3, 7, 10, 17),  # no ninth: in phrygian it would rub against the flat second
    "m6": (3, 7, 9, 14),
    "7": (0, 4, 7, 10),
    "9": (4, 7, 10, 14),
    "13": (4, 10, 14, 21),
    "7b9": (4, 7, 10, 13),
    "7#11": (4, 10, 14, 18),
    "9sus": (5, 7, 10, 14),
    "m7b5": (0, 3, 6, 10),
}

# Minor chords of home keep their root and leave the fifth out: without a root they are chords of the relative
# major, and nobody would know where home is.
AT_HOME: dict[str, tuple[int, ...]] = {"m9": (0, 3, 10, 14), "m11": (0, 3, 10, 17), "m7/11": (0, 3, 10, 17)}

SCALES: dict[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
}

PROGRESSIONS: dict[str, tuple[str, ...]] = {
    "major": (
        "0:maj9 | 9:m9 | 2:m9 | 7:13",
        "5:maj9 | 4:m7 | 2:m9 | 0:maj9",
        "2:m9 | 7:13 | 0:maj9 | 9:7b9",
        "0:maj9 | 4:m7 | 5:maj9 | 5:m6",
        "5:maj9 | 7:9sus | 4:m7 | 9:m9",
        "0:maj9 | 9:m9 | 5:maj9 | 2:m9 7:13",
        "2:m9 | 1:9 | 0:maj9 | 0:6/9",
        "9:m9 | 5:maj9 | 0:maj9 | 7:9sus",
        "0:maj9 | 10:9 | 9:m9 | 2:m9 7:13",
        "0:6/9 9:7b9 | 2:m9 7:13 | 4:m7 9:7b9 | 2:m9 7:9sus",
        "0:maj9 | 0:6/9 | 5:maj9 | 5:m6 | 4:m7 | 9:7b9 | 2:m9 | 7:13",
        "0:maj9 | 11:m7b5 4:7b9 | 9:m9 | 7:m9 0:13 | 5:maj9 | 10:9 | 4:m7 9:7b9 | 2:m9 7:13",
        "0:maj9 | 2:m9 | 4:m7 | 5:maj9 | 9:m9 | 2:9 | 2:m9 | 7:9sus",
        "5:maj9 | 4:7b9 | 9:m9 | 7:m9 0:9 | 5:maj9 | 4:7b9 | 9:m9 | 2:m9 7:13",
    ),
    "minor": (
        "0:m9 | 8:maj9 | 5:m9 | 7:7b9",
        "0:m9 | 5:m9 | 10:13 | 3:maj9",
        "8:maj9 | 7:m7 | 5:m9 | 0:m11",
        "5:m9 | 10:13 | 3:maj9 | 8:maj9",
        "0:m9 | 3:maj9 | 8:maj9 | 2:m7b5 7:7b9",
        "0:m11 | 10:9sus | 8:maj9 | 7:m7",
        "8:maj9 | 10:9 | 0:m9 | 0:m11",
        "0:m9 | 10:13 | 8:maj9 | 7:7b9",
        "8:maj9 | 7:7b9 | 0:m9 | 10:m9 3:13",
        "0:m9 | 8:7#11 7:7b9 | 0:m11 | 1:maj9 7:7b9",
        "0:m9 | 5:m9 | 10:13 | 3:maj9 | 8:maj9 | 2:m7b5 | 7:7b9 | 0:m11",
        "0:m9 | 0:m11 | 5:m9 | 5:m6 | 8:maj9 | 5:m9 | 2:m7b5 | 7:7b9",
        "5:m9 | 10:13 | 3:maj9 | 8:maj9 | 2:m7b5 | 7:7b9 | 0:m9 | 0:m11",
    ),
    "dorian": (
        "0:m9 | 5:13 | 0:m9 | 5:9",
        "0:m11 | 10:maj9 | 5:9 | 0:m9",
        "0:m9 | 2:m7 | 3:maj9 | 5:13",
        "3:maj9 | 5:13 | 0:m9 | 0:m11",
        "0:m9 | 0:m11 | 5:13 | 5:9sus",
        "10:maj9 | 9:m7b5 | 0:m9 | 5:9",
        "0:m11 | 0:m9 | 5:13 | 5:9 | 3:maj9 | 10:maj9 | 2:m7 | 5:9sus",
    ),
    "phrygian": (
        "0:m7 | 1:maj9 | 0:m7 | 10:m7",
        "0:m7/11 | 1:maj9 | 8:maj9 | 0:m7",
        "1:maj9 | 0:m7 | 5:m9 | 0:m7/11",
        "0:m7/11 | 10:m7 | 8:maj9 | 1:maj9#11",
        "8:maj9 | 10:m7 | 1:maj9 | 0:m7/11",
    ),
    "lydian": (
        "0:maj9#11 | 2:9 | 0:maj9#11 | 11:m7",
        "0:maj9 | 2:13 | 11:m7 | 9:m9",
        "4:m9 | 2:9 | 0:maj9#11 | 9:m9",
        "0:maj9#11 | 0:maj9 | 2:13 | 2:9",
        "11:m7 | 4:m9 | 2:13 | 0:maj9#11",
    ),
    "mixolydian": (
        "0:13 | 10:maj9 | 5:maj9 | 0:9sus",
        "0:9 | 5:maj9 | 10:maj9 | 0:13",
        "10:maj9 | 5:maj9 | 0:9 | 0:13",
        "0:9sus | 0:13 | 10:maj9 | 5:6/9",
        "0:13 | 7:m9 | 10:maj9 | 5:maj9",
        "7:m9 | 0:13 | 5:maj9 | 10:maj9",
    ),
}

# Eight bars for the middle of a piece: they leave the key, and lead back to it.
BRIDGES: dict[str, tuple[str, ...]] = {
    "major": (
        "7:m9 | 0:13 | 5:maj9 | 5:6/9 | 9:m9 | 2:13 | 2:m9 | 7:9sus",
        "5:maj9 | 5:m6 | 4:m7 | 9:7b9 | 2:m9 | 8:7#11 | 7:9sus | 7:13",
        "8:maj9 | 10:13 | 3:maj9 | 3:6/9 | 8:maj9 | 1:maj9#11 | 2:m9 | 7:13",
        "4:m9 | 9:13 | 2:maj9 | 2:6/9 | 2:m9 | 1:7#11 | 0:maj9 | 7:9sus",
    ),
    "minor": (
        "3:m9 | 8:13 | 1:maj9 | 1:6/9 | 2:m7b5 | 8:7#11 | 7:9sus | 7:7b9",
        "8:maj9 | 8:6/9 | 10:9 | 10:13 | 3:maj9 | 3:6/9 | 2:m7b5 | 7:7b9",
        "5:m9 | 5:m11 | 3:m9 | 8:13 | 1:maj9 | 1:maj9#11 | 2:m7b5 | 7:7b9",
    ),
    "dorian": (
        "1:m11 | 1:m9 | 1:m11 | 6:13 | 0:m11 | 0:m9 | 3:maj9 | 5:9sus",
        "3:maj9 | 3:6/9 | 8:maj9 | 8:6/9 | 2:m7b5 | 7:7b9 | 5:13 | 5:9sus",
    ),
    "phrygian": ("1:maj9 | 1:maj9#11 | 3:maj9 | 3:6/9 | 8:maj9 | 5:m9 | 10:m7 | 1:maj9#11",),
    "lydian": ("2:maj9 | 2:maj9#11 | 7:maj9 | 7:6/9 | 4:m9 | 9:m9 | 2:13 | 2:9",),
    "mixolydian": ("5:9 | 5:13 | 10:maj9 | 10:6/9 | 3:maj9 | 8:maj9#11 | 10:6/9 | 5:9",),
}

# The bar before the final chord, and the final chord.
CADENCES: dict[str, tuple[str, ...]] = {
    "major": ("2:m9 7:13", "2:m9 1:7#11", "5:m6 10:9", "7:9sus 7:13"),
    "minor": ("2:m7b5 7:7b9", "8:maj9 7:7b9", "5:m9 7:7b9", "2:m7b5 1:7#11"),
    "dorian": ("10:maj9 5:9", "5:13 5:9sus", "3:maj9 5:13"),
    "phrygian": ("1:maj9", "10:m7 1:maj9"),
    "lydian": ("2:9 11:m7", "2:13 2:9"),
    "mixolydian": ("5:maj9 10:maj9", "7:m9 10:maj9"),
}
FINALS = {
    "major": "0:maj9",
    "minor": "0:m9",
    "dorian": "0:m9",
    "phrygian": "0:m7/11",
    "lydian": "0:maj9",
    "mixolydian": "0:6/9",
}

DOMINANTS = frozenset({"7", "9", "13", "7b9", "9sus", "7#11"})
MINOR_THIRD = frozenset({"m7", "m9", "m11", "m7/11", "m6", "m7b5"})


@dataclass(frozen=True, slots=True)
class Chord:
    """A chord in a key.

    Attributes:
        root: pitch class 0 … 11.
        tones: pitch classes of the rootless voicing, lowest function first.
        quality: name in `QUALITIES`.
    """

    root: int
    tones: tuple[int, ...]
    quality: str

    @property
    def is_dominant(self) -> bool:
        """Whether it wants to move on, a fifth or a semitone down."""
        return self.quality in DOMINANTS

    @property
    def third(self) -> int:
        """Pitch class of the third, or of the fourth where that stands for it."""
        return (self.root + (3 if self.quality in MINOR_THIRD else 5 if self.quality == "9sus" else 4)) % 12

    @property
    def seventh(self) -> int:
        """Pitch class of the seventh, or of the sixth where that stands for it."""
        steps = 11 if "maj" in self.quality else 9 if "6" in self.quality else 10
        return (self.root + steps) % 12

    @property
    def fifth(self) -> int:
        """Pitch class of the fifth: diminished where the chord has it so."""
        return (self.root + (6 if self.quality == "m7b5" else 7)) % 12


def read_progression(text: str, tonic: int, beats: int = 4) -> list[list[tuple[float, Chord]]]:
    """Spell a progression in a key: for each bar of so many beats, its chords and where they start."""
    bars = []
    for bar in text.split("|"):
        symbols = bar.split()
        bars.append(
            # In three, the second of two chords comes on the third beat.
            [(float(-(-beats * at // len(symbols))), read_chord(s, tonic)) for at, s in enumerate(symbols)]
        )
    return bars


def read_chord(symbol: str, tonic: int) -> Chord:
    """Spell one chord symbol in a key."""
    degree, _, quality = symbol.partition(":")
    root = (tonic + int(degree)) % 12
    tones = AT_HOME.get(quality, QUALITIES[quality]) if int(degree) == 0 else QUALITIES[quality]
    return Chord(root, tuple((root + interval) % 12 for interval in tones), quality)
