"""Networks that can be done in one's head, for what the pipeline does with its networks whatever they are.

Each says what it was asked. The real ones, on ONNX Runtime, are where the daemon and the reference are.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from lofi_acestep.networks import Context, Weakening
from lofi_acestep.options import ACEStepOptions
from lofi_acestep.pipeline import Model, generate_track
from lofi_acestep.plan import make_plan
from lofi_core import GenerateRequest, InferenceFailed, Runtime

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from lofi_acestep.arrays import FloatArray, IntArray
    from lofi_core import Step

WIDTH = 6
SECONDS, FRAMES = 5.0, 53
STEPS = 8
EVERYTHING_WEAKENS = Weakening(text=True, lyrics=True, denoiser=True)


class Text:
    def __init__(self, log: list[str]) -> None:
        self._log = log

    def encode(self, ids: IntArray, mask: IntArray, weaken: float = 1.0) -> FloatArray:
        self._log.append(f"text {ids.tolist()} {mask.tolist()} x{weaken:g}")
        return np.repeat(ids[..., None] * np.float32(weaken / 100), 768, axis=-1).astype(np.float32)


class ContextOf:
    def __init__(self, log: list[str]) -> None:
        self._log = log

    def encode(
        self,
        text: FloatArray,
        text_mask: IntArray,
        speaker: FloatArray,
        lyric_ids: IntArray,
        lyric_mask: IntArray,
        weaken: float = 1.0,
    ) -> Context:
        assert not speaker.any()
        self._log.append(
            f"context of {'no ' if not text.any() else ''}text, lyrics {lyric_ids.tolist()}"
            f" {lyric_mask.tolist()} x{weaken:g}"
        )
        tokens = np.concatenate([text[0, :, 0], lyric_ids[0] / np.float32(1000) * weaken])
        states = np.tile(np.append(np.float32(1), tokens).astype(np.float32)[None, :, None], (1, 1, WIDTH))
        mask = np.concatenate([np.ones((1, 1)), text_mask, lyric_mask], axis=1).astype(np.float32)
        return Context(states, mask)


class Denoise:
    """A velocity towards what the context says. At call `broken_at` it gives none, at -`broken_at` up."""

    def __init__(self, log: list[str], broken_at: int | None) -> None:
        self._log, self._broken_at, self._calls = log, broken_at, 0

    def velocity(
        self, latents: FloatArray, timestep: float, context: Context, weaken: float = 1.0
    ) -> FloatArray:
        self._log.append(f"velocity x{weaken:g}")
        return self._velocity(latents, timestep, context, weaken)

    def velocities(
        self, latents: FloatArray, timestep: float, contexts: list[Context], weaken: list[float]
    ) -> list[FloatArray]:
        self._log.append(f"velocities x{' x'.join(format(factor, 'g') for factor in weaken)}")
        return [self._velocity(latents, timestep, *each) for each in zip(contexts, weaken, strict=True)]

    def _velocity(self, latents: FloatArray, timestep: float, context: Context, weaken: float) -> FloatArray:
        self._calls += 1
        if self._broken_at == -self._calls:
            raise InferenceFailed("no memory left", "take a smaller one")
        if self._broken_at == self._calls:
            return latents * np.float32(np.nan)
        heard = np.float32((context.states[..., 0] * context.mask).mean() * weaken)
        velocity: FloatArray = (latents - np.sin(latents * heard)) * np.float32(0.5 + timestep / 2000)
        return velocity


class Decode:
    def __init__(self, log: list[str], frames: int | None) -> None:
        self._log, self.frames = log, frames

    def mel(self, latents: FloatArray) -> FloatArray:
        self._log.append(f"mel of {latents.shape[-1]}")
        channels = latents.reshape(2, 64, -1)
        return np.repeat(np.repeat(channels, 2, axis=1), 8, axis=2)[None]


class Vocode:
    def __init__(self, log: list[str], loudness: float) -> None:
        self._log, self._loudness = log, loudness

    def wave(self, mel: FloatArray) -> FloatArray:
        self._log.append(f"wave of {mel.shape[-1]}")
        level = np.repeat(np.tanh(mel[0].mean(axis=0)), 512)
        wave: FloatArray = level * np.sin(np.arange(len(level)) % 512 / 9) * np.float32(self._loudness)
        return wave.astype(np.float32)


class Sketch:
    """All of them. `log` has every question and every opening and closing, in order."""

    def __init__(
        self,
        *,
        weakening: Weakening = EVERYTHING_WEAKENS,
        frames: int | None = None,
        broken_at: int | None = None,
        loudness: float = 0.5,
    ) -> None:
        self.weakening, self.log = weakening, list[str]()
        self._frames, self._broken_at, self._loudness = frames, broken_at, loudness

    def tokens(self, prompt: str) -> list[int]:
        return [*(3 + ord(letter) % 50 for letter in prompt), 1]

    def text_encoder(self) -> Any:
        return self._open("text encoder", Text(self.log))

    def context_encoder(self) -> Any:
        return self._open("context encoder", ContextOf(self.log))

    def denoiser(self) -> Any:
        return self._open("denoiser", Denoise(self.log, self._broken_at))

    def latent_decoder(self) -> Any:
        return self._open("latent decoder", Decode(self.log, self._frames))

    def vocoder(self) -> Any:
        return self._open("vocoder", Vocode(self.log, self._loudness))

    @contextmanager
    def _open(self, name: str, network: Any) -> Iterator[Any]:
        self.log.append(f"open {name}")
        try:
            yield network
        finally:
            self.log.append(f"close {name}")


def begin(
    model: Model,
    runtime: Runtime,
    prompt: str = "ab",
    seed: int = 7,
    seconds: float = SECONDS,
    **options: Any,
) -> Iterator[Step]:
    chosen = ACEStepOptions(**{"inference_steps": STEPS, **options})
    request = GenerateRequest(prompt, seconds, seed, chosen)
    return generate_track(request, model, make_plan(chosen, seconds), runtime)


def play(networks: Sketch, **request: Any) -> tuple[list[Step], NDArray[np.float32], Runtime]:
    """All steps, the samples [2, N], and the runtime of the job."""
    runtime = Runtime().for_job()
    steps = list(begin(Model(networks), runtime, **request))
    return steps, samples(steps), runtime


def samples(steps: list[Step]) -> NDArray[np.float32]:
    return np.concatenate([step.audio for step in steps if step.audio is not None], axis=1)


def asked(networks: Sketch, what: str) -> list[str]:
    return [line for line in networks.log if line.startswith(what)]
