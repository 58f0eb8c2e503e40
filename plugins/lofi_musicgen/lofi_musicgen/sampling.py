"""Draw codes from logits: guidance, temperature, top-k, top-p.

Source: transformers' `ClassifierFreeGuidanceLogitsProcessor`, `TemperatureLogitsWarper`, `TopKLogitsWarper`
and `TopPLogitsWarper`, in this order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lofi_core import InferenceFailed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lofi_musicgen.decoders import FloatArray, IntArray
    from lofi_musicgen.options import MusicGenOptions


def guide(logits: FloatArray, scale: float) -> FloatArray:
    """Classifier-free guidance: logits [2, K, V], row 0 conditional, to [K, V]."""
    conditional, unconditional = logits
    guided: FloatArray = unconditional + np.float32(scale) * (conditional - unconditional)
    return guided


class Sampler:
    """Draws one code a codebook. All randomness comes from the seed: K numbers a step, whatever is drawn.

    Args:
        options: of the request.
        seed: of the request.
    """

    def __init__(self, options: MusicGenOptions, seed: int) -> None:
        self._options = options
        self._random = np.random.Generator(np.random.Philox(seed))

    def draw(self, logits: FloatArray) -> IntArray:
        """Codes [K] int64 from logits [2, K, V].

        Raises:
            InferenceFailed: the logits are not finite.
        """
        guided = guide(logits, self._options.guidance_scale)
        if not np.isfinite(guided).all():
            raise InferenceFailed(
                "the language model answered NaN; float16 files overflow on some machines",
                "use the fp32 files, or model.safetensors",
            )
        points = self._random.random(len(guided))
        if self._options.temperature == 0:
            likeliest: IntArray = guided.argmax(-1)
            return likeliest
        scaled = guided / np.float32(self._options.temperature)
        drawn = [self._draw_one(row, point) for row, point in zip(scaled, points, strict=True)]
        return np.array(drawn, np.int64)

    def _draw_one(self, scores: FloatArray, point: float) -> int:
        """Invert the distribution function at `point` in [0, 1)."""
        kept, shares = distribution(scores, self._options.top_k, self._options.top_p)
        total = shares.cumsum()
        return int(kept[min(int(np.searchsorted(total, point * total[-1], "right")), len(kept) - 1)])


def distribution(scores: FloatArray, top_k: int, top_p: float) -> tuple[IntArray, NDArray[np.float64]]:
    """Which codes [n] remain, in ascending order, and the share [n] of each, summing to 1.

    Args:
        scores: [V] float32.
        top_k: how many of the likeliest remain, those equal to the last too; 0: all.
        top_p: the likeliest remain until they hold this share together; 0 or 1: all.
    """
    kept = np.arange(len(scores))
    if 0 < top_k < len(scores):
        kept = np.flatnonzero(scores >= np.partition(scores, -top_k)[-top_k])
    shares = np.exp((scores[kept] - scores.max()).astype(np.float64))
    shares /= shares.sum()
    if 0 < top_p < 1:
        falling = np.sort(shares)[::-1]
        # The last one that is needed; those equal to it stay too, so that no order among equals matters.
        last = falling[min(int(np.searchsorted(falling.cumsum(), top_p)), len(falling) - 1)]
        nucleus = shares >= last
        kept, shares = kept[nucleus], shares[nucleus] / shares[nucleus].sum()
    return kept, shares
