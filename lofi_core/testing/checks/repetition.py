"""Is the same request the same track, and another request another one?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_core.errors import LofiError
from lofi_core.testing.conformance import Unfit
from lofi_core.testing.kit import OTHER_PROMPT, OTHER_SEED
from lofi_core.testing.take import difference

if TYPE_CHECKING:
    from lofi_core.testing.kit import Kit

FROM_THE_SEED = (
    "draw everything from a generator that generate makes of request.seed, such as"
    " numpy.random.Generator(numpy.random.Philox(request.seed))"
)
MOST_CHARACTERS = 2_000
# Several scripts, both directions, marks that combine, what is no word at all.
ANY_WORDS = "  「雨の夜」 ночь ليلة नमस्ते ẗ̈ 🎷🌧️\n\t%s {} <b> \\n 0 bpm -1 bpm 1e999 bpm "


def the_same_seed_gives_the_same_samples(kit: Kit) -> None:
    """In one process, one track after the other."""
    first = kit.base.samples
    if found := difference(first, kit.make().samples, kit.spec.sample_rate):
        raise Unfit(
            f"the same request gave another track the second time: {found}",
            f"{FROM_THE_SEED}, and keep nothing of one track on the model or in module globals",
        )


def another_process_gives_the_same_samples(kit: Kit) -> None:
    """In a fresh interpreter, where sets and dicts of text have another order."""
    import hashlib

    samples = kit.base.samples
    if kit.fresh.error:
        raise Unfit(
            f"in a fresh process it failed: {kit.fresh.error}",
            "find out what it needs that only this process has: an import, a variable, a file",
        )
    if hashlib.sha256(samples.tobytes()).hexdigest() != kit.fresh.digests[0]:
        raise Unfit(
            "the same request gave another track in another process",
            f"{FROM_THE_SEED}; nothing may depend on hash(), a set's order, the clock or what ran before",
        )


def another_seed_gives_other_samples(kit: Kit) -> None:
    """Who asks again with another seed wants another piece."""
    if difference(kit.base.samples, kit.kept("other", seed=OTHER_SEED).samples, kit.spec.sample_rate) is None:
        raise Unfit("another seed gave the same track, sample for sample", FROM_THE_SEED)


def another_prompt_gives_other_samples(kit: Kit) -> None:
    """Noted only: a backend may well make the same whatever it is told."""
    if difference(kit.base.samples, kit.make(prompt=OTHER_PROMPT).samples, kit.spec.sample_rate) is None:
        kit.note("the prompt makes no difference: say so in the title, so that nobody wonders")


def any_prompt_is_taken_or_refused(kit: Kit) -> None:
    """2,000 characters of any script make a track, or are refused with an error of ours that has a hint."""
    _ = kit.base
    words = (ANY_WORDS * (MOST_CHARACTERS // len(ANY_WORDS) + 1))[:MOST_CHARACTERS].strip()
    try:
        _ = kit.make(prompt=words, duration_sec=kit.spec.min_duration_sec).samples
    except Unfit as problem:
        if not _explained(problem.__cause__):
            raise Unfit(
                f"the prompt {words[:30]!r}… led to {problem.problem}",
                'take any text; or raise InferenceFailed("what, with the value", "what to do")',
            ) from problem


def _explained(error: BaseException | None) -> bool:
    """Whether the backend itself refused, in words and with a hint."""
    return isinstance(error, LofiError) and isinstance(error.__cause__, LofiError) and bool(error.hint)
