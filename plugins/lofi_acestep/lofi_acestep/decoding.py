"""From latents to samples at 48 kHz, at once where memory allows, else in pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lofi_acestep.latents import HOP, MELS_PER_FRAME
from lofi_acestep.plan import CHANNELS, DECODE, VOCODE
from lofi_acestep.resample import Resampler
from lofi_acestep.room import fits
from lofi_acestep.vocoding import vocode_exact
from lofi_acestep.windows import windowed_mel
from lofi_core import InferenceFailed, Step

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from lofi_acestep.arrays import FloatArray
    from lofi_acestep.networks import LatentDecoder, Networks
    from lofi_acestep.options import Decode
    from lofi_core import Runtime

# Where memory is short: latent frames that are decoded at a time, 36 s for 1.9 GB, and mel frames that are
# vocoded, 6 s.
WINDOW, BLOCK = 384, 512


def decode_latents(
    latents: FloatArray, networks: Networks, wanted: Decode, runtime: Runtime
) -> Generator[Step, None, tuple[FloatArray, bool]]:
    """Decode to log-mel.

    Args:
        latents: [1, 8, 16, T].
        networks: of the model.
        wanted: how.
        runtime: is told how it was done.

    Returns:
        Log-mel [1, 2, 128, 8T], which is small, 21 MB for four minutes; and whether it was decoded whole.

    Raises:
        InferenceFailed: it is not finite.
    """
    frames = latents.shape[-1]
    with networks.latent_decoder() as decoder:
        window = choose_window(frames, decoder, wanted, runtime)
        runtime.note("decode", f"windows of {window}" if window else "whole")
        pieces: list[FloatArray] = []
        done = 0  # frames of mel
        decoded = windowed_mel(latents, decoder.mel, window) if window else iter([decoder.mel(latents)])
        for piece in decoded:
            _check_finite(piece, "the mel spectrogram")
            pieces.append(piece)
            done += piece.shape[-1]
            yield Step(DECODE, max(done // MELS_PER_FRAME, 1) - 1)
    return np.concatenate(pieces, axis=-1), window is None


def choose_window(frames: int, decoder: LatentDecoder, wanted: Decode, runtime: Runtime) -> int | None:
    """How many latent frames are decoded at a time; None: all of them.

    A file that takes one number only has no choice. How much memory a graphics card has left is not known
    here; it is taken to be enough, and windows are there to be asked for.
    """
    if decoder.frames is not None:
        return None if decoder.frames == frames else decoder.frames
    if frames <= WINDOW or wanted == "whole":
        return None
    if wanted == "auto" and (runtime.device != "cpu" or fits(frames)):
        return None
    return WINDOW


def vocode_mel(mel: FloatArray, networks: Networks, *, whole: bool) -> Iterator[Step]:
    """Vocode left and right, each for itself, and resample to 48 kHz.

    Args:
        mel: log-mel [1, 2, 128, F].
        networks: of the model.
        whole: each channel at once, as the reference does; else in blocks, whose seams nobody hears: there
            are none.

    Raises:
        InferenceFailed: the samples are not finite.
    """
    frames = mel.shape[-1]
    steps = CHANNELS * frames // MELS_PER_FRAME
    resampler = Resampler(CHANNELS)
    with networks.vocoder() as vocoder:
        if whole:
            left = vocoder.wave(mel[:, 0])
            yield Step(VOCODE, steps // 2 - 1)
            blocks: Iterator[FloatArray] = iter([np.stack([left, vocoder.wave(mel[:, 1])])])
        else:
            blocks = vocode_exact([mel], vocoder.wave, BLOCK)
        done = 0  # frames of mel
        for samples in blocks:
            _check_finite(samples, "the vocoder's output")
            done += samples.shape[1] // HOP
            audio = resampler.push(samples)
            if done == frames:
                audio = np.concatenate([audio, resampler.finish()], axis=1)
            # The vocoder ends in a tanh; only the resampling overshoots, a little.
            yield Step(VOCODE, max(steps * done // frames, 1) - 1, np.clip(audio, -1.0, 1.0))


def _check_finite(array: FloatArray, what: str) -> None:
    if not np.isfinite(array).all():
        raise InferenceFailed(f"{what} is not finite", "try another seed, or precision fp32")
