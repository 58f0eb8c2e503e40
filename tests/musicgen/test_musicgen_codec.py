"""The codec at the edges: sounds shorter than its padding, every way to pad, empty pieces."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lofi_core import Runtime
from lofi_musicgen import load_model
from lofi_musicgen.codec import Codec
from tests.musicgen.conftest import DATA, put_layout, reference


@cache
def short_sounds() -> dict[str, NDArray[Any]]:
    """What transformers computed; codec/make_short.py says what the arrays are."""
    with np.load(DATA / "codec" / "short.npz") as arrays:
        return dict(arrays)


@pytest.fixture(scope="module", params=["reflect", "constant", "replicate"])
def padded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, runtime: Runtime
) -> tuple[str, Codec]:
    """A padding mode, and the codec of the small checkpoint when it asks for it."""
    directory = put_layout("mono", tmp_path_factory.mktemp(request.param))
    set_pad_mode(directory, request.param)
    return request.param, load_model(directory, runtime, "exact").codec


def set_pad_mode(directory: Path, pad_mode: str) -> None:
    config = json.loads((directory / "config.json").read_text())
    config["audio_encoder"]["pad_mode"] = pad_mode
    (directory / "config.json").write_text(json.dumps(config))


def decode(codec: Codec, codes: NDArray[np.int64], frames: int) -> NDArray[np.float32]:
    """Samples of codes [K, T] that come in pieces of `frames`."""
    stream = codec.stream()
    pieces = [stream.push(codes[:, at : at + frames]) for at in range(0, codes.shape[1], frames)]
    return np.concatenate([*pieces, stream.finish()])


@pytest.mark.parametrize("frames", [1, 2, 90])
def test_a_sound_shorter_than_the_padding_is_that_of_transformers(
    padded: tuple[str, Codec], frames: int
) -> None:
    pad_mode, codec = padded
    for name, expected in short_sounds().items():
        mode, length = name.split("_")
        if mode == pad_mode:
            samples = decode(codec, reference("mono")["codes"][:, : int(length)], frames)
            assert samples.shape == expected.shape, name
            np.testing.assert_allclose(samples, expected, atol=1e-5 * np.abs(expected).max(), err_msg=name)


def test_every_way_to_pad_is_the_same_in_pieces_as_whole(padded: tuple[str, Codec]) -> None:
    codec, codes = padded[1], reference("mono")["codes"]
    whole = decode(codec, codes, codes.shape[1])
    for frames in (1, 10, 37):
        np.testing.assert_allclose(decode(codec, codes, frames), whole, atol=1e-5 * np.abs(whole).max())


def test_an_empty_piece_changes_nothing(padded: tuple[str, Codec]) -> None:
    codec, codes = padded[1], reference("mono")["codes"][:, :12]
    stream = codec.stream()
    pieces = [stream.push(codes[:, :0]), stream.push(codes), stream.push(codes[:, :0]), stream.finish()]
    np.testing.assert_array_equal(np.concatenate(pieces), decode(codec, codes, 12))


def test_no_codes_are_no_samples(padded: tuple[str, Codec]) -> None:
    stream = padded[1].stream()
    assert stream.push(np.zeros((4, 0), np.int64)).shape == (0,)
    assert stream.finish().shape == (0,)
