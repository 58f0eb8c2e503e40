"""The language model one step at a time, whatever files it comes in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    IntArray: TypeAlias = NDArray[np.int64]
    FloatArray: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TextStates:
    """What the text encoder made of a prompt.

    Attributes:
        hidden: [1, L, d_text] float32, the encoder's last hidden state.
    """

    hidden: FloatArray


class Decoder(Protocol):
    """The language model, one step at a time.

    Several tracks may use one decoder in turn; what belongs to one of them is its state. Worker thread only.
    """

    def start(self, text: TextStates, max_steps: int) -> Any:
        """A new state, with room for `max_steps` columns."""

    def prefill(self, state: Any, ids: IntArray) -> FloatArray:
        """Take several columns at once; the state must be new.

        Args:
            state: from `start`.
            ids: [K, S] int64, columns of the delay pattern.

        Returns:
            Logits of the last column, [2, K, V] float32: row 0 conditional, row 1 unconditional. Valid until
            the next call.
        """

    def step(self, state: Any, ids: IntArray) -> FloatArray:
        """Take one more column, ids [K] int64. Returns what `prefill` does."""
