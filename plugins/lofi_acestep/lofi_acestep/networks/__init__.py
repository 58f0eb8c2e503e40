"""What each of the five networks computes, whatever file it comes from.

B batch rows, S text tokens, L lyric tokens, E = 1+S+L context tokens, D width (real 2560), T latent frames,
F mel frames. All float arrays are float32, ids and text masks int64. `weaken` is the factor on the queries of
the ERG layers: 1.0 leaves a network as it is, the negative branch takes 0.01.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from lofi_acestep.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Context:
    """What the denoiser attends to.

    Attributes:
        states: float32 [B, E, D].
        mask: float32 [B, E], 1 for tokens that count.
    """

    states: FloatArray
    mask: FloatArray


@dataclass(frozen=True, slots=True)
class Weakening:
    """Which networks can weaken their attention, as the reference's negative branch does (ERG)."""

    text: bool
    lyrics: bool
    denoiser: bool


class TextEncoder(Protocol):
    """UMT5."""

    def encode(self, ids: IntArray, mask: IntArray, weaken: float = 1.0) -> FloatArray:
        """Ids [B, S], mask [B, S] → hidden states [B, S, 768]."""


class ContextEncoder(Protocol):
    """Speaker, text and lyrics, joined."""

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


class Denoiser(Protocol):
    """The diffusion transformer's decoder: the velocity at one noise level."""

    def velocity(
        self, latents: FloatArray, timestep: float, context: Context, weaken: float = 1.0
    ) -> FloatArray:
        """Latents [1, 8, 16, T], timestep 0…1000 → velocity [1, 8, 16, T]."""

    def velocities(
        self, latents: FloatArray, timestep: float, contexts: list[Context], weaken: list[float]
    ) -> list[FloatArray]:
        """The same latents under several contexts; one batch where the session allows it."""


class LatentDecoder(Protocol):
    """The DCAE's decoder, with the affine maps around it wherever the file has them."""

    @property
    def frames(self) -> int | None:
        """The only number of latent frames it takes; None: any."""

    def mel(self, latents: FloatArray) -> FloatArray:
        """Latents as the denoiser leaves them [1, 8, 16, T] → log-mel [1, 2, 128, 8T], ln, -11…3."""


class Vocoder(Protocol):
    """Log-mel to samples at 44.1 kHz, one channel."""

    def wave(self, mel: FloatArray) -> FloatArray:
        """Log-mel [1, 128, F] → samples [512F]."""


class Networks(Protocol):
    """All of them, opened when entered: for the whole life of the model, or just for the block (`staged`)."""

    weakening: Weakening

    def tokens(self, prompt: str) -> list[int]:
        """The prompt's ids, `</s>` included, all of them."""

    def text_encoder(self) -> AbstractContextManager[TextEncoder]:
        """UMT5."""

    def context_encoder(self) -> AbstractContextManager[ContextEncoder]:
        """The transformer's first part."""

    def denoiser(self) -> AbstractContextManager[Denoiser]:
        """The transformer's second part, nine tenths of the weights."""

    def latent_decoder(self) -> AbstractContextManager[LatentDecoder]:
        """The DCAE's decoder."""

    def vocoder(self) -> AbstractContextManager[Vocoder]:
        """One channel at a time."""
