"""The vocoder: log-mel to samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_acestep.networks.session import Session

if TYPE_CHECKING:
    from pathlib import Path

    from lofi_acestep.arrays import FloatArray
    from lofi_core import Runtime

MEL_BINS = 128


class OnnxVocoder(Session):
    """`vocoder.onnx`."""

    def __init__(self, file: Path, runtime: Runtime) -> None:
        super().__init__(file, "vocoder", runtime)
        self._mel = next(iter(self.inputs))
        self.need({self._mel: (3,)})
        self.need_size(self._mel, 1, MEL_BINS)
        if (frames := self.inputs[self._mel].fixed(2)) is not None:
            raise self.foreign(f"it takes {frames} frames only")

    def wave(self, mel: FloatArray) -> FloatArray:
        """Log-mel [1, 128, F] → samples [512F]."""
        return self.run({self._mel: mel}).reshape(-1)
