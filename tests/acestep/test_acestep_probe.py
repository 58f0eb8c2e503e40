"""Files that are not ACE-Step's, or not of one model, are refused before any track."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest

from lofi_acestep import probe
from lofi_acestep.loader import load
from lofi_acestep.networks.latent_decoder import OnnxLatentDecoder
from lofi_core import ModelLoadFailed, Runtime
from tests.acestep import graphs

if TYPE_CHECKING:
    from pathlib import Path

    from lofi_acestep.arrays import FloatArray

INTO, OUT = (1 / 0.1786, -1.9091), (7.0, -4.0)


@pytest.fixture
def model_dir(tmp_path: Path) -> Path:
    return graphs.write_model(tmp_path / "model")


@pytest.mark.parametrize(
    ("name", "model", "why"),
    [
        ("transformer_encoder", graphs.context_encoder(text=48), "text 48 wide; .* gives 32"),
        ("transformer_encoder", graphs.context_encoder(width=48), "context 64 wide; .* gives 48"),
        ("transformer_decoder", graphs.denoiser(frames=128), "takes 128 frames only"),
        ("transformer_decoder", graphs.vocoder(), "takes mel, and no hidden_states"),
        ("dcae_decoder", graphs.vocoder(), "mel has 3 axes, not 4"),
        ("vocoder", graphs.latent_decoder(), "latents has 4 axes, not 3"),
        ("text_encoder", graphs.denoiser(), "no input_ids"),
        ("vocoder", graphs.vocoder(samples=256), "16 frames give 4096 samples, not 8192"),
        ("vocoder", graphs.vocoder(bins=80), "axis 1 of mel is 80, not 128"),
    ],
)
def test_a_file_of_another_model_is_refused_with_the_reason(
    model_dir: Path, name: str, model: onnx.ModelProto, why: str
) -> None:
    onnx.save(model, str(model_dir / f"{name}.onnx"))
    with pytest.raises(ModelLoadFailed, match=why) as caught:
        load(model_dir, Runtime(threads=1))
    assert caught.value.hint == "lofi-core pull ace_step"


def test_the_lost_epsilon_is_put_back_at_load(model_dir: Path) -> None:
    onnx.save(graphs.latent_decoder(epsilon=False), str(model_dir / "dcae_decoder.onnx"))
    # With x = z / 0.1786 - 1.9091 this z is where everything is 0.
    latents = np.full((1, 8, 16, 4), 1.9091 * 0.1786, np.float32)
    with load(model_dir, Runtime(threads=1)).latent_decoder() as decoder:
        assert np.isfinite(decoder.mel(latents)).all()


def test_numbers_that_are_not_finite_are_an_error_at_load(model_dir: Path) -> None:
    model = graphs.vocoder()
    weight = model.graph.initializer[0]
    broken = onnx.numpy_helper.to_array(weight).copy()
    broken[0, 0] = np.nan
    weight.CopyFrom(onnx.numpy_helper.from_array(broken, weight.name))
    onnx.save(model, str(model_dir / "vocoder.onnx"))
    with pytest.raises(ModelLoadFailed, match=r"vocoder.*not finite"):
        load(model_dir, Runtime(threads=1))


def decoded(directory: Path, **settings: Any) -> FloatArray:
    """The log-mel of some latents by an export that holds the given maps."""
    file = directory / "dcae_decoder.onnx"
    onnx.save(graphs.latent_decoder(**settings), str(file))
    network = OnnxLatentDecoder(file, Runtime(threads=1))
    probe.probe_latent_decoder(network)
    latents = np.random.default_rng(0).standard_normal((1, 8, 16, network.frames or 5)).astype(np.float32)
    return network.mel(latents)


@pytest.mark.parametrize("before", [None, INTO, (INTO[0], 0.0), (1.0, INTO[1])])
@pytest.mark.parametrize("after", [None, OUT, (0.5, 0.5)])
def test_the_log_mel_is_the_same_wherever_the_maps_are(tmp_path: Path, before: Any, after: Any) -> None:
    wanted = decoded(tmp_path, before=INTO, after=OUT)
    assert wanted.min() < -5
    np.testing.assert_allclose(decoded(tmp_path, before=before, after=after), wanted, atol=2e-4)


def test_maps_that_cannot_be_seen_show_in_what_comes_out(tmp_path: Path) -> None:
    hidden = decoded(tmp_path, before=INTO, after=OUT, hidden=True)
    np.testing.assert_array_equal(hidden, decoded(tmp_path, before=INTO, after=OUT))


def test_maps_of_another_model_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelLoadFailed, match=r"begins with 2 x \+ 1"):
        decoded(tmp_path, before=(2.0, 1.0))
    with pytest.raises(ModelLoadFailed, match=r"ends with 3 x \+ 0"):
        decoded(tmp_path, after=(3.0, 0.0))


def test_a_fixed_number_of_frames_is_told(tmp_path: Path) -> None:
    file = tmp_path / "dcae_decoder.onnx"
    onnx.save(graphs.latent_decoder(frames=128), str(file))
    network = OnnxLatentDecoder(file, Runtime(threads=1))
    probe.probe_latent_decoder(network)
    assert network.frames == 128
