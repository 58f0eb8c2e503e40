"""Which normal numbers does a seed stand for? Those of PyTorch's CPU generator, as in the reference.

Source: PyTorch `aten/src/ATen/native/cpu/DistributionTemplates.h` (`normal_fill`) and
`aten/src/ATen/core/DistributionsHelper.h` (`normal_distribution`). CUDA's generator is another, Philox: the
reference on a GPU gives other music for the same seed.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lofi_acestep.arrays import FloatArray

# Numbers that `normal_fill` makes at once: eight radii and eight angles give eight cosines and eight sines.
BLOCK = 16


class ReferenceNoise:
    """The normal numbers of `torch.Generator("cpu").manual_seed(seed)`, to float32 rounding.

    Each call goes on where the last one ended, just as `torch.randn(..., generator=generator)` does.

    Args:
        seed: 0 or more; of it, as in PyTorch, only the low 32 bits count.
    """

    def __init__(self, seed: int) -> None:
        # numpy's new generators seed MT19937 in another way; the old class is the one that agrees with torch.
        self._words = np.random.RandomState(seed & 0xFFFFFFFF)
        self._waiting: float | None = None

    def normal(self, shape: tuple[int, ...]) -> FloatArray:
        """Draw an array of `shape`, mean 0 and deviation 1, float32, in C order."""
        count = math.prod(shape)
        drawn = self._blocks(count) if count >= BLOCK else self._singly(count)
        return drawn.reshape(shape)

    def _blocks(self, count: int) -> FloatArray:
        values = self._uniform(count)
        whole = count - count % BLOCK
        values[:whole] = box_muller(values[:whole])
        if whole < count:
            # The last block reaches back over numbers already made, and takes fresh words for all of itself.
            values[-BLOCK:] = box_muller(self._uniform(BLOCK))
        return values

    def _uniform(self, count: int) -> FloatArray:
        """[count] in [0, 1), of the low 24 bits of a word each: all that a float32 holds."""
        return (self._draw_words(count) & 0xFFFFFF).astype(np.float32) * np.float32(2**-24)

    def _singly(self, count: int) -> FloatArray:
        return np.array([self._next_single() for _ in range(count)], np.float32)

    def _next_single(self) -> float:
        """One number in doubles; they come in pairs, of which the second waits, whatever is drawn between."""
        if self._waiting is not None:
            made, self._waiting = self._waiting, None
            return made
        angle = 2 * math.pi * self._uniform_double()
        radius = math.sqrt(-2 * math.log1p(-self._uniform_double()))
        self._waiting = radius * math.sin(angle)
        return radius * math.cos(angle)

    def _uniform_double(self) -> float:
        high, low = (int(word) for word in self._draw_words(2))
        return ((high << 32 | low) & (2**53 - 1)) * 2.0**-53

    def _draw_words(self, count: int) -> NDArray[np.uint32]:
        return self._words.randint(0, 2**32, count, np.uint32)


def box_muller(uniform: FloatArray) -> FloatArray:
    """Turn uniform numbers [16 n] into normal ones: of each 16, eight give the radii and eight the angles."""
    blocks = uniform.reshape(-1, 2, BLOCK // 2)
    # 1 - u is in (0, 1], so that the logarithm is finite.
    radius = np.sqrt(np.float32(-2) * np.log(np.float32(1) - blocks[:, 0]))
    angle = np.float32(2 * math.pi) * blocks[:, 1]
    normal = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return normal.reshape(-1).astype(np.float32, copy=False)
