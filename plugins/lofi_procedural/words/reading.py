"""What has been understood of a prompt so far, and what follows from all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import asdict, replace

from lofi_procedural.metre import COMMON, METRES
from lofi_procedural.words.brief import Brief

if TYPE_CHECKING:
    from lofi_procedural.words.keys import Key
    from lofi_procedural.words.lexicon import Style, Term
    from lofi_procedural.words.phrases import Phrase

PARTS = frozenset({"chords", "melody", "bass", "pad", "drums"})
MOST_SLOWER, MOST_FASTER = -24.0, 40.0  # BPM that all words together may shift the usual tempo by


class Reading:
    """Takes the phrases of a prompt in order.

    Attributes:
        tempo: stated in numbers.
        key: stated with its tonic.
        is_mode_fixed: the key was stated with its mode; "a minor mood" elsewhere is only a mood then.
        metre: the last one stated.
        understood: what each phrase asks for.
        unknown: the words that say nothing to us.
    """

    def __init__(self) -> None:
        self.tempo: float | None = None
        self.key: Key | None = None
        self.is_mode_fixed = False
        self.metre = COMMON
        self.understood: dict[str, str] = {}
        self.unknown: list[str] = []
        self._sums = {"tempo": 0.0, "valence": 0.0, "brightness": 0.0, "density": 0.0}
        self._mode: str | None = None
        self._style: Style | None = None
        self._groove: str | None = None
        self._swing: float | None = None
        self._ending: str | None = None
        self._instruments: list[str] = []
        self._brought: set[str] = set()  # by a mood or a style, and named by nobody
        self._without: set[str] = set()
        self._textures: dict[str, float] = {}
        self._solo = False
        self._drums_alone = self._texture_alone = False

    def take(self, phrase: Phrase) -> None:
        """Add one phrase."""
        term = phrase.term
        if phrase.solo:
            self._solo = True
            self.understood[phrase.words] = "only what is named plays"
        elif term is not None:
            negation = "no" if term.is_sound else "not"
            words = f"{negation} {phrase.words}" if phrase.negated else phrase.words
            self.understood[words] = term.meaning(negated=phrase.negated, strength=phrase.strength)
            self._add(term, phrase)
        elif phrase.absent and phrase.negated:
            self.understood[f"no {phrase.words}"] = "there are none"
        else:
            self.unknown.append(phrase.words)

    def brief(self) -> Brief:
        """All of it together."""
        sums = self._sums
        left_out = self._without | (self._brought if self._solo else set())
        instruments = tuple(name for name in self._instruments if name not in left_out)
        # "Only rain" has nobody play.
        silent = self._solo and self._texture_alone and not instruments
        return Brief(
            tempo=self.tempo,
            tempo_shift=max(MOST_SLOWER, min(MOST_FASTER, sums["tempo"])),
            key=self.key,
            mode=None if self.is_mode_fixed else self._mode,
            valence=max(-1.0, min(1.0, sums["valence"])),
            brightness=max(0.0, min(1.0, 0.5 + sums["brightness"])),
            density=max(0.0, min(1.0, 0.5 + sums["density"])),
            swing=self._swing,
            ending=self._ending,
            style=self._style,
            groove=self._groove,
            metre=self.metre,
            instruments=instruments,
            without=PARTS if silent else frozenset(self._without),
            # "Only the best beats" asks for a band; "drums only" does not.
            solo=self._solo and not silent and (self._drums_alone or instruments != ("drums",)),
            textures=dict(self._textures),
            understood=dict(self.understood),
            unknown=tuple(self.unknown),
        )

    def _add(self, term: Term, phrase: Phrase) -> None:
        for name in self._sums:
            self._sums[name] += term.shift(name, negated=phrase.negated, strength=phrase.strength)
        if not phrase.negated:
            self._mode = term.mode or self._mode
            self._style = _joined(self._style, term.style)
            self._groove = term.groove or self._groove
            self._ending = term.ending or self._ending
            self.metre = METRES[term.metre] if term.metre else self.metre
        self._swing = term.swing_said(negated=phrase.negated) or self._swing
        if term.instrument and (term.is_sound or not phrase.negated):
            self._seat(term.instrument, phrase, named=term.is_sound)
        self._texture_alone |= bool(term.textures) and phrase.alone and not phrase.negated
        for texture in term.textures:
            self._textures[texture] = 0.0 if phrase.negated else phrase.strength

    def _seat(self, name: str, phrase: Phrase, *, named: bool) -> None:
        if phrase.negated:
            self._without.add(name)
        elif name not in self._instruments:
            self._instruments.append(name)
            self._brought |= set() if named else {name}
        if named:
            self._brought.discard(name)
        self._drums_alone |= name == "drums" and phrase.alone


def _joined(before: Style | None, after: Style | None) -> Style | None:
    """Two styles in one prompt: the later decides, and leaves to the earlier what it does not say."""
    if before is None or after is None or before == after:
        return after or before
    said = {name: value for name, value in asdict(after).items() if value}
    return replace(before, **{**said, "name": f"{before.name}, {after.name}"})
