"""How far are two forms of one model apart? Fixed codes go through both, whatever either would have drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lofi_core import ModelLoadFailed
from lofi_musicgen.decoders import TextStates

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lofi_musicgen.codec import Codec
    from lofi_musicgen.config import MusicGenConfig
    from lofi_musicgen.decoders import Decoder, FloatArray

# What is asked for says nothing; it must be the same text everywhere, with a few tokens.
PROMPT = "lofi hip hop, jazzy piano, rain"
# Columns and frames that are run: enough for errors to show, seconds for the largest model.
COLUMNS, FRAMES = 24, 50
PARTS = ("hidden", "logits", "samples")
TOP = 250  # of codes: what sampling draws from


@dataclass(frozen=True, slots=True)
class Form:
    """One form of a model, opened.

    Attributes:
        encode: encodes `PROMPT`.
    """

    encode: Callable[[], TextStates]
    decoder: Decoder
    codec: Codec


@dataclass(frozen=True, slots=True)
class Outputs:
    """What one form of a model makes of the fixed inputs.

    Attributes:
        hidden: [1, L, d_text], of the text encoder.
        logits: [S, 2, K, V].
        samples: [m], of one channel.
    """

    hidden: FloatArray
    logits: FloatArray
    samples: FloatArray


def measure(
    config: MusicGenConfig, form: Form, report: Callable[[float], None], heard: FloatArray | None = None
) -> Outputs:
    """Run the fixed inputs.

    Args:
        config: of the model.
        form: what is run.
        report: told how much is done, 0 to 1.
        heard: text states for the decoder; its own when None. With those of another form, the decoders are
            compared and nothing else.

    Raises:
        ModelLoadFailed: something is no number.
    """
    text, decoder = form.encode(), form.decoder
    rng = np.random.default_rng(0)
    ids = rng.integers(0, config.vocab_size, (config.num_codebooks, COLUMNS))
    ids[:, 0] = config.special_token
    state = decoder.start(text if heard is None else TextStates(heard), COLUMNS)
    logits = np.empty((COLUMNS, 2, config.num_codebooks, config.vocab_size), np.float32)
    for column, codes in enumerate(ids.T):
        report(column / COLUMNS)
        logits[column] = decoder.step(state, codes)
    stream = form.codec.stream()
    codes = rng.integers(0, config.codec.codebook_size, (config.num_codebooks // config.channels, FRAMES))
    samples = np.concatenate([stream.push(codes), stream.finish()])
    made = Outputs(text.hidden, logits, samples)
    for name in PARTS:
        if not np.isfinite(getattr(made, name)).all():
            raise ModelLoadFailed(
                f"{name} of the model are not all numbers",
                "the files are damaged, or of a number format that is too small: lofi-core pull musicgen",
            )
    return made


def relative_rms(found: NDArray[Any], wanted: NDArray[Any]) -> float:
    """Root mean square of the difference, relative to that of what is wanted."""
    scale = float(np.sqrt(np.square(wanted, dtype=np.float64).mean()))
    return float(np.sqrt(np.square(found - wanted, dtype=np.float64).mean())) / max(scale, 1e-12)


def overlap(found: FloatArray, wanted: FloatArray) -> float:
    """Which share of the likeliest codes is the same; logits [..., V]."""
    top = top_of(wanted)
    pairs = ((np.argpartition(-each, top)[..., :top]).reshape(-1, top) for each in (found, wanted))
    same = [np.intersect1d(one, other).size for one, other in zip(*pairs, strict=True)]
    return float(np.mean(same)) / top


def top_of(logits: FloatArray) -> int:
    """How many codes are the likeliest; a small model has fewer in all."""
    return int(min(TOP, logits.shape[-1] // 4))


def told(found: Outputs, wanted: Outputs) -> dict[str, str]:
    """Component → the difference in words."""
    error = errors(found, wanted)
    return {
        "text encoder": f"relative rms error {error['hidden']:.1e}",
        "decoder": (
            f"relative rms error {error['logits']:.1e} of the logits, top-{top_of(wanted.logits)} overlap"
            f" {overlap(found.logits, wanted.logits):.3f}, over {COLUMNS} forced columns"
        ),
        "codec": f"relative rms error {error['samples']:.1e} over {FRAMES} frames",
    }


def errors(found: Outputs, wanted: Outputs) -> dict[str, float]:
    """The relative rms error of each of the three."""
    return {name: relative_rms(getattr(found, name), getattr(wanted, name)) for name in PARTS}
