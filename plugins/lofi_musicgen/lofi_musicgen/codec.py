"""Turn codes into samples while they are still being made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from lofi_musicgen.graph.codec import context_of

if TYPE_CHECKING:
    from pathlib import Path

    from lofi_core import Runtime
    from lofi_musicgen.config import CodecConfig
    from lofi_musicgen.decoders import FloatArray, IntArray

# Left and right of a piece, for a decoder that only takes whole pieces. Beyond the convolutions' reach it is
# the LSTM's memory that counts; docs/musicgen.md has the error against the length.
FOREIGN_CONTEXT = 50
# Four that the convolutions reach, and one over which a piece fades into the next.
FOREIGN_LOOK_AHEAD = 5


class CodecStream(Protocol):
    """One channel's codes in, its samples out."""

    def push(self, codes: IntArray) -> FloatArray:
        """Take frames, codes [K, n]; return the samples [m] that are final now."""

    def finish(self) -> FloatArray:
        """Return the rest; together they are hop · T samples."""


class Codec(Protocol):
    """EnCodec's decoder, for one channel at a time.

    Attributes:
        sample_rate: Hz.
        hop: samples a frame.
        approximate: what a stream makes differs from what the whole would be.
    """

    sample_rate: int
    hop: int
    approximate: bool

    def stream(self) -> CodecStream:
        """A new stream."""


class StreamingCodec:
    """EnCodec in the three graphs of `graph/codec.py`: exact, with flat memory, 4 frames behind."""

    approximate = False

    def __init__(self, directory: Path, config: CodecConfig, runtime: Runtime) -> None:
        self.sample_rate, self.hop = config.sample_rate, config.hop
        self.config, self.context, self.runtime = config, context_of(config), runtime
        names = ("codec_front", "codec_lstm", "codec_up")
        self.front, self.lstm, self.up = (runtime.session(directory / f"{name}.onnx") for name in names)

    def stream(self) -> _ExactStream:
        """A new stream."""
        return _ExactStream(self)


class _ExactStream:
    """Keeps as many codes and states as the next piece needs for context."""

    def __init__(self, codec: StreamingCodec) -> None:
        self._codec = codec
        width = codec.config.num_filters << len(codec.config.ratios)
        self._memory = {name: np.zeros((codec.config.num_lstm_layers, 1, width), np.float32) for name in "hc"}
        # Both begin at the frame that `_first` tells.
        self._codes: IntArray | None = None
        self._states = np.zeros((1, width, 0), np.float32)
        self._first_code = self._first_state = 0
        self._fronted = self._upped = 0  # frames that are through

    @property
    def frames_kept(self) -> int:
        """Frames that are held for what comes, as codes and as states."""
        return self._states.shape[2] + (0 if self._codes is None else self._codes.shape[1])

    def push(self, codes: IntArray) -> FloatArray:
        self._codes = codes if self._codes is None else np.concatenate([self._codes, codes], axis=1)
        return self._advance(ended=False)

    def finish(self) -> FloatArray:
        return self._advance(ended=True)

    def _advance(self, *, ended: bool) -> FloatArray:
        if self._codes is None:
            return np.zeros(0, np.float32)
        context = self._codec.context
        total = self._first_code + self._codes.shape[1]
        self._through_front(total if ended else total - context.front, total, context.front)
        known = self._first_state + self._states.shape[2]
        return self._through_up(known if ended else known - context.up, known, context.up)

    def _through_front(self, until: int, total: int, context: int) -> None:
        """Convolve and remember, up to the frame `until`."""
        if self._codes is None or until <= self._fronted:
            return
        start, stop = max(self._fronted - context, 0), min(until + context, total)
        piece = self._codes[:, start - self._first_code : stop - self._first_code]
        codec = self._codec
        if codec.config.pad_mode == "reflect" and (short := context + 1 - piece.shape[1]) > 0:
            # The padding is longer than the sound: the reference mirrors it with zeros appended.
            piece = np.pad(piece, ((0, 0), (0, short)), constant_values=codec.config.codebook_size)
        (features,) = codec.runtime.run(codec.front, {"codes": np.ascontiguousarray(piece)})
        wanted = features[:, :, self._fronted - start : until - start]
        states, h, c = codec.runtime.run(
            codec.lstm, {"features": np.ascontiguousarray(wanted), **self._memory}
        )
        self._memory = {"h": h, "c": c}
        self._states = np.concatenate([self._states, states], axis=2)
        self._fronted = until
        keep = max(until - context, 0)
        self._codes, self._first_code = self._codes[:, keep - self._first_code :], keep

    def _through_up(self, until: int, known: int, context: int) -> FloatArray:
        """Upsample up to the frame `until`."""
        if until <= self._upped:
            return np.zeros(0, np.float32)
        start, stop = max(self._upped - context, 0), min(until + context, known)
        piece = self._states[:, :, start - self._first_state : stop - self._first_state]
        codec = self._codec
        (samples,) = codec.runtime.run(codec.up, {"states": np.ascontiguousarray(piece)})
        wanted: FloatArray = samples[0, 0, (self._upped - start) * codec.hop : (until - start) * codec.hop]
        self._upped = until
        keep = max(until - context, 0)
        self._states, self._first_state = self._states[:, :, keep - self._first_state :], keep
        return wanted


class ForeignCodec:
    """`encodec_decode.onnx`, which only takes whole pieces: decoded with overlap, and not quite exact."""

    approximate = True

    def __init__(self, file: Path, config: CodecConfig, runtime: Runtime) -> None:
        self.sample_rate, self.hop, self.runtime = config.sample_rate, config.hop, runtime
        self.session = runtime.session(file)
        names = [value.name for value in self.session.get_inputs()]
        self.input = names[0]
        self.scales = names[1] if len(names) > 1 else None

    def decode(self, codes: IntArray) -> FloatArray:
        """Codes [K, T] to samples [hop · T]."""
        feeds: dict[str, Any] = {self.input: np.ascontiguousarray(codes)[None, None]}
        if self.scales is not None:
            feeds[self.scales] = np.ones((1, 1), np.float32)
        samples = self.runtime.run(self.session, feeds)[0].reshape(-1)
        made: FloatArray = samples[: codes.shape[1] * self.hop].astype(np.float32)
        return made

    def stream(self) -> _OverlappedStream:
        """A new stream."""
        return _OverlappedStream(self)


class _OverlappedStream:
    """Decodes each piece with context to both sides and keeps its middle, faded into the piece before."""

    def __init__(self, codec: ForeignCodec) -> None:
        self._codec = codec
        self._codes: IntArray | None = None
        self._first = self._done = 0
        # Where the LSTM remembers more than the context, a bare seam would click. This is the last piece's
        # view of the frame `_done`.
        self._fading = np.zeros(0, np.float32)
        self._rise = ((np.arange(codec.hop) + 0.5) / codec.hop).astype(np.float32)

    def push(self, codes: IntArray) -> FloatArray:
        self._codes = codes if self._codes is None else np.concatenate([self._codes, codes], axis=1)
        return self._decode(self._first + self._codes.shape[1] - FOREIGN_LOOK_AHEAD)

    def finish(self) -> FloatArray:
        return (
            self._decode(self._first + self._codes.shape[1]) if self._codes is not None else np.zeros(0, "f4")
        )

    def _decode(self, until: int) -> FloatArray:
        if self._codes is None or until <= self._done:
            return np.zeros(0, np.float32)
        samples, hop = self._codec.decode(self._codes), self._codec.hop
        start, stop = (self._done - self._first) * hop, (until - self._first) * hop
        wanted: FloatArray = samples[start:stop]
        if self._fading.size:
            wanted[:hop] = self._fading + self._rise * (wanted[:hop] - self._fading)
        self._fading = samples[stop : stop + hop].copy()
        self._done = until
        keep = max(until - FOREIGN_CONTEXT, 0)
        self._codes, self._first = self._codes[:, keep - self._first :], keep
        return wanted
