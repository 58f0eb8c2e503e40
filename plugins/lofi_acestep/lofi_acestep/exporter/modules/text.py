"""The prompt, by UMT5's encoder from transformers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import Tensor, nn
from transformers import UMT5Config, UMT5EncoderModel

if TYPE_CHECKING:
    from collections.abc import Mapping

# Whose queries the negative branch weakens (ERG).
WEAKENED = (8, 9)


class TextEncoder(nn.Module):
    """`UMT5EncoderModel`; a factor on the queries of two blocks where one is given."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        known = UMT5Config(**{key: value for key, value in config.items() if key != "architectures"})
        known._attn_implementation = "eager"  # noqa: SLF001 - the way to say it without from_pretrained
        whole = UMT5EncoderModel(known)
        self.encoder = whole.encoder
        self.weaken: Tensor | None = None
        for number in WEAKENED:
            if number < len(self.encoder.block):
                self.encoder.block[number].layer[0].SelfAttention.q.register_forward_hook(self._weakened)

    def forward(self, ids: Tensor, mask: Tensor, weaken: Tensor | None = None) -> Tensor:
        """Ids and mask int64 [B, S] → hidden states [B, S, 768]."""
        self.weaken = weaken
        try:
            return self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        finally:
            self.weaken = None

    def _weakened(self, _module: nn.Module, _inputs: object, query: Tensor) -> Tensor:
        return query if self.weaken is None else query * self.weaken
