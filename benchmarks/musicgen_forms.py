"""The forms of MusicGen's decoder that `musicgen.py` compares, each ready to take steps."""

# ruff: noqa: D102 - `Timed` says what the methods do

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol
from zlib import crc32

import numpy as np

from lofi_musicgen.config import CodecConfig, MusicGenConfig, TextConfig

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lofi_musicgen.decoders import TextStates
    from lofi_musicgen.decoders.split import SplitDecoder
    from lofi_musicgen.decoders.step import StepDecoder

SMALL = MusicGenConfig(
    num_layers=24,
    hidden_size=1024,
    num_heads=16,
    ffn_dim=4096,
    vocab_size=2048,
    num_codebooks=4,
    channels=1,
    max_positions=2048,
    activation="gelu",
    text=TextConfig(32128, 768, 64, 3072, 12, 12, 32, 128, 1e-6, "relu"),
    codec=CodecConfig(32_000, 2048, 128, 64, 1, (8, 5, 4, 4), 7, 7, 3, 2, 2, 2, "reflect", False, False),  # noqa: FBT003
)
TEXT_TOKENS = 12
SPREAD = 0.02  # of the weights, as transformers initialises them


class Timed(Protocol):
    """One contender. `at` puts it where `length` columns were taken; `step` takes one more."""

    def at(self, length: int) -> None: ...

    def step(self) -> None: ...


class RandomCheckpoint:
    """Stands in for `Checkpoint`: tensors of the right shapes, no two alike.

    Alike ones could share memory or stay in the cache, which no real model's do.
    """

    def __init__(self, config: MusicGenConfig) -> None:
        self._config = config
        self._made: dict[tuple[int, int], NDArray[np.float32]] = {}

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str)

    def tensor(self, name: str) -> NDArray[np.float32]:
        """Matrices of normal numbers; norms and biases that do nothing."""
        if "norm." in name:
            return np.full(self._config.hidden_size, float(name.endswith("weight")), np.float32)
        if name.endswith("bias"):
            return np.zeros(self._config.hidden_size, np.float32)
        shape = self._shape(name)
        if shape not in self._made:
            drawn = np.random.default_rng(shape).standard_normal(shape, np.float32)
            self._made[shape] = drawn * np.float32(SPREAD)
        return np.roll(self._made[shape], crc32(name.encode()) % (shape[0] * shape[1]))

    def _shape(self, name: str) -> tuple[int, int]:
        hidden, config = self._config.hidden_size, self._config
        for part, shape in (
            ("embed_tokens", (config.vocab_size + 1, hidden)),
            ("lm_heads", (config.vocab_size, hidden)),
            ("fc1", (config.ffn_dim, hidden)),
            ("fc2", (hidden, config.ffn_dim)),
            ("enc_to_dec", (hidden, config.text.d_model)),
        ):
            if part in name:
                return shape
        return hidden, hidden


class StepTimed:
    """One of our graphs."""

    def __init__(self, decoder: StepDecoder, text: TextStates, max_steps: int) -> None:
        self.decoder, self.text = decoder, text
        self.state = decoder.start(text, max_steps)
        for value in self.state.inputs.values():  # pages of zeros are not memory yet
            if value.device_name() == "cpu" and value.numpy().shape[2] > TEXT_TOKENS + 1:
                value.numpy()[...] = np.random.default_rng(0).integers(-2, 3, value.shape())
        self.ids = np.arange(SMALL.num_codebooks)

    def at(self, length: int) -> None:
        self.state.length = length

    def step(self) -> None:
        self.decoder.step(self.state, self.ids)


class SplitTimed:
    """The exported pair, as everyone runs it."""

    def __init__(self, decoder: SplitDecoder, text: TextStates) -> None:
        self.decoder = decoder
        self.state = decoder.start(text, 0)
        self.ids = np.arange(SMALL.num_codebooks)
        decoder.step(self.state, self.ids)

    def at(self, length: int) -> None:
        shape = (2, SMALL.num_heads, max(length, 1), SMALL.head_size)
        kept = np.random.default_rng(0).standard_normal(shape, np.float32)
        for name in self.state.past:
            if ".decoder." in name:  # one array for all: from the next step on each has its own
                self.state.past[name] = kept

    def step(self) -> None:
        self.decoder.step(self.state, self.ids)


class TransformersTimed:
    """The reference in PyTorch, float32, keys and values cached."""

    def __init__(self, threads: int) -> None:
        import torch
        from transformers import MusicgenDecoderConfig, MusicgenForCausalLM

        torch.set_num_threads(threads)
        config = MusicgenDecoderConfig(
            num_hidden_layers=SMALL.num_layers,
            hidden_size=SMALL.hidden_size,
            num_attention_heads=SMALL.num_heads,
            ffn_dim=SMALL.ffn_dim,
        )
        self.model = MusicgenForCausalLM(config).eval()
        self.hidden = torch.randn(2, TEXT_TOKENS, SMALL.hidden_size)
        self.mask = torch.ones(2, TEXT_TOKENS, dtype=torch.long)
        self.ids = torch.arange(SMALL.num_codebooks).repeat(2)[:, None]
        self.cache: Any = None

    def at(self, length: int) -> None:
        import torch
        from transformers import DynamicCache, EncoderDecoderCache

        own, text = DynamicCache(), DynamicCache()
        for cache, size in ((own, max(length, 1)), (text, TEXT_TOKENS)):
            kept = torch.randn(2, SMALL.num_heads, size, SMALL.head_size)
            for layer in range(SMALL.num_layers):
                cache.update(kept, kept.clone(), layer)
        self.cache = EncoderDecoderCache(own, text)

    def step(self) -> None:
        import torch

        with torch.inference_mode():
            self.model(
                self.ids,
                encoder_hidden_states=self.hidden,
                encoder_attention_mask=self.mask,
                past_key_values=self.cache,
                use_cache=True,
            )
