"""What does the denoiser attend to, for the prompt and against it?

ERG is the reference's name for hearing the prompt, in the negative branch, through queries times 0.01.

Source: ACE-Step `ACEStepPipeline.__call__` and `text2music_diffusion_process`.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from lofi_acestep.networks import Context
from lofi_acestep.plan import ENCODE
from lofi_acestep.tokens import cut_tokens
from lofi_core import InvalidOption, Step

if TYPE_CHECKING:
    from collections.abc import Generator

    from lofi_acestep.arrays import IntArray
    from lofi_acestep.networks import Networks, Weakening
    from lofi_acestep.options import Negative

Branch: TypeAlias = Literal["erg", "zero", "none"]

WEAK = 0.01  # what ERG leaves of the queries
SPEAKER_WIDTH = 512
# What the reference's lyric tokenizer makes of them: [261] begins a text, 2 ends a line, 6688 is `[inst]`. It
# has no token for `[instrumental]`, which becomes letters and an unknown one, 1. Nothing is one masked token.
LYRIC_IDS = {
    "[inst]": (261, 259, 6688, 2),
    "[instrumental]": (261, 259, 1, 718, 1951, 763, 56, 1, 2),
}
REMEMBERED = 8  # prompts; of usual length each is half a megabyte


@dataclass(frozen=True, slots=True)
class Conditions:
    """Of one track.

    Attributes:
        positive: the prompt.
        negative: what guidance leads away from; None where nothing is guided.
        weaken: the factor on the denoiser's cross-attention in the negative branch.
        tokens_cut: how many of the prompt's tokens were too many, and not heard.
    """

    positive: Context
    negative: Context | None
    weaken: float
    tokens_cut: int = 0


@dataclass(slots=True)
class Conditioner:
    """Makes conditions with a model's networks, and remembers the last few."""

    networks: Networks
    _known: OrderedDict[tuple[str, str, Branch], Conditions] = field(default_factory=OrderedDict)

    def conditions(self, prompt: str, lyrics: str, branch: Branch) -> Generator[Step, None, Conditions]:
        """Encode text, then context, with a step after each."""
        key = prompt, lyrics.strip().lower(), branch
        known = self._known.get(key)
        if known is None:
            known = yield from self._encoded(*key)
            self._known[key] = known
        else:
            yield Step(ENCODE, 0)
        self._known.move_to_end(key)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        yield Step(ENCODE, 1)
        return known

    def _encoded(self, prompt: str, lyrics: str, branch: Branch) -> Generator[Step, None, Conditions]:
        tokens = self.networks.tokens(prompt)
        ids = np.array([cut_tokens(tokens)], np.int64)  # [1, S]
        cut = len(tokens) - ids.size
        mask = np.ones_like(ids)
        with self.networks.text_encoder() as text_encoder:
            text = text_encoder.encode(ids, mask)
            against = text_encoder.encode(ids, mask, WEAK) if branch == "erg" else np.zeros_like(text)
        yield Step(ENCODE, 0)
        speaker = np.zeros((1, SPEAKER_WIDTH), np.float32)
        lyric_ids, lyric_mask = lyric_tokens(lyrics)
        with self.networks.context_encoder() as encoder:
            positive = encoder.encode(text, mask, speaker, lyric_ids, lyric_mask)
            if branch == "none":
                return Conditions(positive, None, 1.0, cut)
            if branch == "erg":
                negative = encoder.encode(against, mask, speaker, lyric_ids, lyric_mask, WEAK)
            else:
                negative = encoder.encode(against, mask, speaker, np.zeros_like(lyric_ids), lyric_mask)
        # Whatever it consists of, the reference masks the negative as the positive.
        against_it = Context(negative.states, positive.mask)
        return Conditions(positive, against_it, WEAK if branch == "erg" else 1.0, cut)


def lyric_tokens(lyrics: str) -> tuple[IntArray, IntArray]:
    """Ids and mask [1, L] of an instrumental's lyrics, one of those `ACEStepOptions` lets through."""
    ids = LYRIC_IDS.get(lyrics.strip().lower())
    if ids is None:
        return np.zeros((1, 1), np.int64), np.zeros((1, 1), np.int64)
    return np.array([ids], np.int64), np.ones((1, len(ids)), np.int64)


def choose_branch(wanted: Negative, weakening: Weakening, *, guided: bool) -> Branch:
    """Which negative branch these networks can run.

    Args:
        wanted: `auto` takes the reference's, ERG, where all three networks can weaken their attention.
        weakening: which can.
        guided: whether any evaluation needs one.

    Raises:
        InvalidOption: ERG is asked for, and they cannot.
    """
    able = {"text": weakening.text, "lyrics": weakening.lyrics, "denoiser": weakening.denoiser}
    lacking = [name for name, can in able.items() if not can]
    if wanted == "erg" and lacking:
        raise InvalidOption(
            f"negative is 'erg', but these files cannot weaken the attention of: {', '.join(lacking)}",
            "leave it out, or set it to zero; files that `lofi-core models export ace_step` makes can",
        )
    if not guided:
        return "none"
    return "zero" if wanted == "zero" or lacking else "erg"
