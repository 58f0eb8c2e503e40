"""From a request to samples: encode the prompt, draw codes column by column, decode them as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lofi_core import Step
from lofi_musicgen.delay import apply_delay_pattern, column_of, delays
from lofi_musicgen.sampling import Sampler

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lofi_core import GenerateRequest, Runtime
    from lofi_musicgen.decoders import FloatArray, IntArray, TextStates
    from lofi_musicgen.loader import Model
    from lofi_musicgen.windows import Plan, Window

ENCODE, SAMPLE, DECODE = "encode", "sample", "decode"
# Frames that are decoded at a time: half a second.
PIECE_FRAMES = 25


def generate_track(request: GenerateRequest, model: Model, plan: Plan, runtime: Runtime) -> Iterator[Step]:
    """Yield a step for the prompt, one for each column, one for the end; audio from the first piece on."""
    tokens = model.tokenizer.encode(request.prompt, runtime)
    text = model.text_encoder.encode(tokens)
    yield Step(ENCODE, 0)
    sampler = Sampler(request.options, request.seed)
    output = _Output(model, plan)
    tail = np.zeros((model.config.num_codebooks, 0), np.int64)  # of the codes so far
    index = 0
    for window in plan.windows:
        codes = np.full((model.config.num_codebooks, window.frames), model.config.special_token, np.int64)
        codes[:, : window.known] = tail[:, tail.shape[1] - window.known :]
        for complete in columns(model, text, sampler, window, codes):
            ready = output.take(codes[:, :complete], window)
            yield Step(SAMPLE, index, ready)
            index += 1
        tail = codes
    yield Step(DECODE, 0, output.finish())


def columns(
    model: Model, text: TextStates, sampler: Sampler, window: Window, codes: IntArray
) -> Iterator[int]:
    """Fill `codes` [K, T] in place, one column of the delay pattern at a time.

    Yields:
        How many frames of the window are complete; while its prompt is taken, those of the prompt.
    """
    special, channels, last = model.config.special_token, model.config.channels, model.config.longest_delay
    codebooks, frames = codes.shape
    state = model.decoder.start(text, frames + 1 + last)
    first = window.known + 1 if window.at_once else 1
    for column in range(first, frames + 1 + last):
        if column == first and window.at_once:
            # A codebook's last known frames lie in columns further right; they are kept when these are drawn.
            known = apply_delay_pattern(codes[:, : window.known], channels, special)[:, :first]
            logits = model.decoder.prefill(state, known)
        else:
            logits = model.decoder.step(state, column_of(codes, column - 1, channels, special))
        if column <= window.known:
            yield window.known
            continue
        drawn = sampler.draw(logits)
        for k, delay in enumerate(delays(codebooks, channels)):
            if window.known <= (frame := column - 1 - delay) < frames:
                codes[k, frame] = drawn[k]
        yield max(column - last, window.known)


class _Output:
    """Decodes complete frames piece by piece, and cuts the last one to the length asked for."""

    def __init__(self, model: Model, plan: Plan) -> None:
        self._channels = model.config.channels
        self._streams = [model.codec.stream() for _ in range(self._channels)]
        self._pushed = 0  # frames of the track
        self._left = plan.samples
        self._frames = plan.frames

    def take(self, codes: IntArray, window: Window) -> FloatArray | None:
        """What became audible with the complete frames [K, n] of a window; None when nothing did."""
        complete = window.start + codes.shape[1]
        if complete - self._pushed < PIECE_FRAMES and complete < self._frames:
            return None
        fresh = codes[:, self._pushed - window.start :]
        if not fresh.shape[1]:
            return None
        self._pushed = complete
        # Stereo: the channels take turns, codebook by codebook.
        pieces = [stream.push(fresh[c :: self._channels]) for c, stream in enumerate(self._streams)]
        return self._cut(np.stack(pieces))

    def finish(self) -> FloatArray | None:
        """The rest."""
        return self._cut(np.stack([stream.finish() for stream in self._streams]))

    def _cut(self, samples: FloatArray) -> FloatArray | None:
        kept = samples[:, : self._left]
        self._left -= kept.shape[1]
        # The network overshoots a little now and then; so does the reference, and clips in its file.
        return np.clip(kept, -1.0, 1.0) if kept.shape[1] else None
