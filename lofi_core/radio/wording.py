"""Which words does the next piece get?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence


def expand(prompts: Sequence[str], chance: random.Random) -> str:
    """One of them."""
    return chance.choice(prompts)
