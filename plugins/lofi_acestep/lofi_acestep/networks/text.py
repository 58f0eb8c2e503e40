"""UMT5: what the prompt means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_acestep.networks.session import Session

if TYPE_CHECKING:
    from pathlib import Path

    from lofi_acestep.arrays import FloatArray, IntArray
    from lofi_core import Runtime


class OnnxTextEncoder(Session):
    """`text_encoder.onnx`."""

    def __init__(self, file: Path, runtime: Runtime) -> None:
        super().__init__(file, "text encoder", runtime)
        self.need({"input_ids": (2,)})

    @property
    def width(self) -> int | None:
        """Of the hidden states; None where the file does not say."""
        return self.outputs[0].fixed(-1)

    def encode(self, ids: IntArray, mask: IntArray, weaken: float = 1.0) -> FloatArray:
        """Ids [B, S], mask [B, S] → hidden states [B, S, 768]."""
        return self.run({"input_ids": ids, "attention_mask": mask}, [weaken], "hidden_states")
