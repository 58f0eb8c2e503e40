"""May a track be cancelled, held and overtaken at any step, without a trace in what is made?

A job is a paused generator: while it stands at a `yield` the core may leave it, close it, or run another one.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from lofi_core.testing.conformance import NotAsked, Unfit
from lofi_core.testing.kit import OTHER_SEED
from lofi_core.testing.take import difference

if TYPE_CHECKING:
    from lofi_core.testing.kit import Kit
    from lofi_core.testing.take import Take

LOCAL = "keep everything that belongs to one track in local variables of generate"


def a_cancel_spoils_nothing(kit: Kit) -> None:
    """Closed halfway it lets go at once, and the next track is what it would have been."""
    take = _halfway(kit)
    take.close()
    if take.step():
        raise Unfit("a cancelled track went on", "let GeneratorExit pass, and yield nothing after it")
    after = kit.make().samples
    if found := difference(kit.base.samples, after, kit.spec.sample_rate):
        raise Unfit(
            f"after a cancelled track the next one is not the same: {found}",
            f"{LOCAL}, and clean up in `finally`",
        )


def a_pause_changes_nothing(kit: Kit) -> None:
    """Left at a step while others draw random numbers, it goes on as if nothing had been."""
    import numpy as np

    take = _halfway(kit)
    random.random()  # noqa: S311 - as anything in the daemon may
    np.random.standard_normal(3)  # noqa: NPY002 - likewise
    take.play()
    if found := difference(kit.base.samples, take.samples, kit.spec.sample_rate):
        raise Unfit(
            f"a track that was held halfway is not the same: {found}",
            "draw from a generator of your own, not from `random` and `numpy.random`, from which others draw"
            " too, and do not look at the clock",
        )


def a_job_in_between_changes_nothing(kit: Kit) -> None:
    """While it stands at a step another track is made on the same model; both are as they would be alone."""
    _ = kit.base
    other = kit.kept("other", seed=OTHER_SEED).samples
    take = _halfway(kit)
    between = kit.make(seed=OTHER_SEED)
    take.play()
    rate = kit.spec.sample_rate
    if found := difference(kit.base.samples, take.samples, rate):
        raise Unfit(f"a track that was held while another was made is not the same: {found}", LOCAL)
    if found := difference(other, between.samples, rate):
        raise Unfit(f"a track that was made while another stood halfway is not the same: {found}", LOCAL)


def _halfway(kit: Kit) -> Take:
    """A track that stands in its middle."""
    steps = len(kit.base.steps)
    if steps < 2:
        raise NotAsked("it has one step only, and there is nothing in between; try a longer --lofi-duration")
    return kit.begin().play(steps // 2)
