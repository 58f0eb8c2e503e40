"""Latents to log-mel: diffusers' DCAE decoder, with the affine maps around it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import torch
from diffusers import AutoencoderDC
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Source: ACE-Step, music_dcae/music_dcae_pipeline.py: `scale_factor`, `shift_factor`, `m(in|ax)_mel_value`.
LATENT_SCALE, LATENT_SHIFT = 0.1786, -1.9091
MEL_SCALE, MEL_SHIFT = 7.0, -4.0  # (x/2 + 1/2) * 14 - 11


class DcaeDecoder(nn.Module):
    """`AutoencoderDC` without its encoder, from the latents that are denoised to the mel that is vocoded."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        self.decoder = AutoencoderDC.from_config(dict(config)).decoder

    def forward(self, latents: Tensor) -> Tensor:
        """Latents [B, 8, 16, T] → log-mel [B, 2, 128, 8T], natural logarithm, about -11…3."""
        mel = self.decoder(latents / LATENT_SCALE + LATENT_SHIFT)
        return mel * MEL_SCALE + MEL_SHIFT


@contextlib.contextmanager
def permuted() -> Iterator[None]:
    """Trace `movedim` of images as `permute`.

    Where sizes are not known the tracer mistakes the rank of `x.movedim(1, -1)`, and writes a Transpose that
    ONNX Runtime refuses.
    """
    movedim = torch.Tensor.movedim

    def moved(x: Tensor, source: int, destination: int) -> Tensor:
        orders = {(1, -1): (0, 2, 3, 1), (-1, 1): (0, 3, 1, 2)}
        order = orders.get((source, destination)) if x.dim() == 4 else None
        return movedim(x, source, destination) if order is None else x.permute(order)

    torch.Tensor.movedim = moved
    try:
        yield
    finally:
        torch.Tensor.movedim = movedim
