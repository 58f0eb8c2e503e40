"""The DCAE's decoder: latents to log-mel, with the maps around it wherever the file has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_acestep.networks.session import Session

if TYPE_CHECKING:
    from pathlib import Path

    from lofi_acestep.arrays import FloatArray
    from lofi_acestep.surgery.affine import Affine
    from lofi_core import Runtime

CHANNELS, HEIGHT = 8, 16


class OnnxLatentDecoder(Session):
    """`dcae_decoder.onnx`.

    Args:
        file: the ONNX file.
        runtime: what it runs on.
        before: what to do to latents before the file sees them; None: nothing.
        after: what to do to what it gives.
    """

    def __init__(
        self, file: Path, runtime: Runtime, before: Affine | None = None, after: Affine | None = None
    ) -> None:
        super().__init__(file, "DCAE decoder", runtime)
        self.before, self.after = before, after
        self._latents = next(iter(self.inputs))
        self.need({self._latents: (4,)})
        self.need_size(self._latents, 1, CHANNELS)
        self.need_size(self._latents, 2, HEIGHT)

    @property
    def frames(self) -> int | None:
        """The only number of latent frames it takes; None: any."""
        return self.inputs[self._latents].fixed(3)

    def mel(self, latents: FloatArray) -> FloatArray:
        """Latents as the denoiser leaves them [1, 8, 16, T] → log-mel [1, 2, 128, 8T], ln, -11…3."""
        mel = self.run(
            {self._latents: self.before(latents) if self.before else latents}, output="mel_spectrogram"
        )
        return self.after(mel) if self.after else mel
