"""The transformer's second part: which way the latents should move."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lofi_acestep.networks.session import Session

if TYPE_CHECKING:
    from pathlib import Path

    from lofi_acestep.arrays import FloatArray
    from lofi_acestep.networks import Context
    from lofi_core import Runtime

LATENTS, CONTEXT, TIMESTEP = "hidden_states", "encoder_hidden_states", "timestep"
CHANNELS, HEIGHT = 8, 16


class OnnxDenoiser(Session):
    """`transformer_decoder.onnx`."""

    def __init__(self, file: Path, runtime: Runtime, *, packed: bool = True) -> None:
        super().__init__(file, "denoiser", runtime, packed=packed)
        self.need({LATENTS: (4,), CONTEXT: (3,), TIMESTEP: (0, 1)})
        self.need_size(LATENTS, 1, CHANNELS)
        self.need_size(LATENTS, 2, HEIGHT)
        if (frames := self.inputs[LATENTS].fixed(3)) is not None:
            # Its normalisation sees all frames: a piece padded to a fixed length is another piece.
            raise self.foreign(f"it takes {frames} frames only")

    @property
    def context_width(self) -> int | None:
        """Of the context; None where the file does not say."""
        return self.inputs[CONTEXT].fixed(2)

    @property
    def batches(self) -> bool:
        """Whether several rows go in one run: an export whose timestep has one element takes one row."""
        ports = [self.inputs[name] for name in (LATENTS, CONTEXT, TIMESTEP)]
        return len(ports[2].shape) == 1 and all(port.fixed(0) is None for port in ports)

    def velocity(
        self, latents: FloatArray, timestep: float, context: Context, weaken: float = 1.0
    ) -> FloatArray:
        """Latents [1, 8, 16, T], timestep 0…1000 → velocity [1, 8, 16, T]."""
        return self._velocity(latents, timestep, context.states, context.mask, [weaken])

    def velocities(
        self, latents: FloatArray, timestep: float, contexts: list[Context], weaken: list[float]
    ) -> list[FloatArray]:
        """The same latents under several contexts; one batch where the session allows it."""
        alike = len({context.states.shape for context in contexts}) == 1
        if not (
            self.batches and alike and (len(set(weaken)) == 1 or self.weakens_by_row or not self.weakens)
        ):
            return [self.velocity(latents, timestep, *each) for each in zip(contexts, weaken, strict=True)]
        states = np.concatenate([context.states for context in contexts])
        mask = np.concatenate([context.mask for context in contexts])
        rows = np.repeat(latents, len(contexts), axis=0)
        factors = weaken if self.weakens_by_row else weaken[:1]
        velocities = self._velocity(rows, timestep, states, mask, factors)
        return [velocities[row : row + 1] for row in range(len(contexts))]

    def _velocity(
        self, latents: FloatArray, timestep: float, states: FloatArray, mask: FloatArray, weaken: list[float]
    ) -> FloatArray:
        rows, frames = len(latents), latents.shape[3]
        times = np.full(rows, timestep, np.float32) if self.inputs[TIMESTEP].shape else np.float32(timestep)
        feeds = {
            LATENTS: latents,
            "attention_mask": np.ones((rows, frames), np.float32),
            CONTEXT: states,
            "encoder_hidden_mask": mask,
            TIMESTEP: times,
        }
        return self.run(feeds, weaken, "sample")
