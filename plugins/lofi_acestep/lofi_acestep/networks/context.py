"""The transformer's first part: speaker, text and lyrics become what the denoiser attends to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lofi_acestep.networks import Context
from lofi_acestep.networks.session import Session

if TYPE_CHECKING:
    from pathlib import Path

    from lofi_acestep.arrays import FloatArray, IntArray
    from lofi_core import Runtime

TEXT, SPEAKER = "encoder_text_hidden_states", "speaker_embeds"


class OnnxContextEncoder(Session):
    """`transformer_encoder.onnx`."""

    def __init__(self, file: Path, runtime: Runtime) -> None:
        super().__init__(file, "context encoder", runtime)
        self.need({TEXT: (3,), SPEAKER: (2,), "lyric_token_idx": (2,), "lyric_mask": (2,)})

    @property
    def text_width(self) -> int | None:
        """Of the hidden states it takes; None where the file does not say."""
        return self.inputs[TEXT].fixed(2)

    @property
    def speaker_width(self) -> int | None:
        """Of the speaker embedding."""
        return self.inputs[SPEAKER].fixed(1)

    def encode(
        self,
        text: FloatArray,
        text_mask: IntArray,
        speaker: FloatArray,
        lyric_ids: IntArray,
        lyric_mask: IntArray,
        weaken: float = 1.0,
    ) -> Context:
        """Text [B, S, 768], speaker [B, 512], lyrics [B, L] → context."""
        feeds = {
            TEXT: text,
            "text_attention_mask": text_mask,
            SPEAKER: speaker,
            "lyric_token_idx": lyric_ids,
            "lyric_mask": lyric_mask,
        }
        states = self.run(feeds, [weaken], "encoder_hidden_states")
        speakers = np.ones((len(text), 1), np.float32)
        # Its own second output says the same.
        mask = np.concatenate([speakers, text_mask.astype(np.float32), lyric_mask.astype(np.float32)], axis=1)
        return Context(states, mask)
