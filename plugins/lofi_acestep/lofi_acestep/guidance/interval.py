"""Which evaluations are guided, and how much?

The others take the positive's velocity alone, at half the cost.

Source: ACE-Step `text2music_diffusion_process`; Kynkäänniemi et al., arXiv 2404.07724.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interval:
    """Evaluations first…end - 1 are guided.

    Attributes:
        first: evaluation that is guided, from 0.
        end: evaluation that is not guided any more.
        scale: of the first.
        last_scale: towards which it moves; the last one's is reached by a `decay` of 1.
        decay: how much of the way it goes; 0: it stays.
    """

    first: int
    end: int
    scale: float
    last_scale: float
    decay: float

    def guides(self, index: int) -> bool:
        """Whether evaluation `index` is guided."""
        return self.first <= index < self.end

    def scale_at(self, index: int) -> float:
        """The guidance scale of a guided evaluation."""
        # One evaluation has nowhere to go; the reference divides by zero here.
        share = (index - self.first) / max(self.end - self.first - 1, 1)
        return self.scale - (self.scale - self.last_scale) * self.decay * share


def make_interval(
    steps: int, scale: float = 15.0, *, interval: float = 0.5, decay: float = 0.0, minimum: float = 3.0
) -> Interval:
    """Lay the interval in the middle of the steps.

    Heun's 2N - 1 evaluations are counted against the N steps, as in the reference. So of 8 steps evaluations
    2…5 of 15 are guided, the noisy first third instead of the middle, and a prediction may be guided without
    its correction. It is kept, so that a track is the reference's.

    Args:
        steps: N, whatever the scheduler makes of them.
        scale: guidance scale; 0 and 1 both mean none.
        interval: the share of the steps, 0…1.
        decay: see `Interval`.
        minimum: the reference's `min_guidance_scale`.
    """
    first = int(steps * ((1 - interval) / 2))
    end = int(steps * (interval / 2 + 0.5))
    if scale in (0, 1):
        end = first
    return Interval(first, end, scale, minimum, decay)
