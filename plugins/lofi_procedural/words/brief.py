"""What was understood of a prompt, in musical terms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lofi_procedural.words.keys import Key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lofi_procedural.metre import Metre
    from lofi_procedural.words.lexicon import Style


@dataclass(frozen=True, slots=True)
class Brief:
    """The musician's instructions.

    Attributes:
        tempo: beats per minute, where the prompt states a number.
        tempo_shift: beats per minute that words such as "slow" add to the usual tempo.
        key: tonic and mode, where the prompt states them.
        mode: a mode stated without a tonic.
        valence: from -1 (sad, so minor) to 1 (happy, so major); 0 leaves it open.
        brightness: 0 (dark) to 1 (open).
        density: 0 (calm: soft, sparse) to 1 (lively: firm, busy).
        swing: where the off-beat eighth falls, where the words say so.
        ending: `fade`, or None for a last chord that rings.
        style: what a genre draws from, where the words name one.
        groove: name of a drum groove, where the words ask for one.
        metre: how a bar is counted.
        instruments: named instruments, in the order of the prompt.
        without: instruments and parts that must not play.
        solo: only what is named plays.
        textures: amount 0 … 1 by texture name.
        understood: what each known word or phrase of the prompt asks for.
        unknown: the remaining words that might have meant something.
    """

    tempo: float | None
    tempo_shift: float
    key: Key | None
    mode: str | None
    valence: float
    brightness: float
    density: float
    swing: float | None
    ending: str | None
    style: Style | None
    groove: str | None
    metre: Metre
    instruments: tuple[str, ...]
    without: frozenset[str]
    solo: bool
    textures: Mapping[str, float]
    understood: Mapping[str, str]
    unknown: tuple[str, ...]

    @property
    def stated_key(self) -> Key | None:
        """The key that the words state; None where it is left to chance."""
        if self.key is None:
            return None
        # "in Bb, lydian": the mode refines a key that was named by its note.
        return Key(self.key.tonic, self.mode if self.mode and self.key.mode == "major" else self.key.mode)
