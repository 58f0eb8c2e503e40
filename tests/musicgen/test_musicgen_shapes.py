"""A configuration that does not fit its checkpoint is named by a tensor, before anything is built."""

import json
from pathlib import Path

import pytest

from lofi_core import ModelLoadFailed, Runtime
from lofi_musicgen import load_model
from tests.musicgen.conftest import put_layout


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return put_layout("mono", tmp_path / "mono")


def change(place: Path, part: str, key: str, value: object) -> None:
    described = json.loads((place / "config.json").read_text())
    described[part][key] = value
    (place / "config.json").write_text(json.dumps(described))


@pytest.mark.parametrize(
    ("part", "key", "value", "named"),
    [
        ("decoder", "vocab_size", 2048, "embed_tokens.0.weight is [65, 64]"),
        ("decoder", "hidden_size", 128, "embed_tokens.0.weight is [65, 64]"),
        ("decoder", "num_codebooks", 8, "4 of decoder.model.decoder.embed_tokens"),
        ("decoder", "num_codebooks", 2, "4 of decoder.model.decoder.embed_tokens"),
        ("decoder", "num_hidden_layers", 1, "2 of decoder.model.decoder.layers"),
        ("decoder", "num_hidden_layers", 24, "2 of decoder.model.decoder.layers"),
        ("decoder", "num_attention_heads", 3, "no multiple of num_attention_heads 3"),
        ("decoder", "ffn_dim", 256, "fc1.weight is [128, 64]"),
        ("text_encoder", "vocab_size", 32128, "shared.weight is [128, 32]"),
        ("text_encoder", "d_model", 768, "enc_to_dec_proj.weight is [64, 32]"),
        ("text_encoder", "num_layers", 12, "2 of text_encoder.encoder.block"),
        ("text_encoder", "num_heads", 8, "relative_attention_bias.weight is [32, 4]"),
        ("text_encoder", "d_ff", 99, "wi.weight is [64, 32]"),
        ("audio_encoder", "upsampling_ratios", [8, 5, 4], "layers.0.conv.parametrizations"),
        ("audio_encoder", "upsampling_ratios", [8, 4, 4, 4], "layers.6.conv.parametrizations"),
        ("audio_encoder", "num_filters", 64, "layers.0.conv.parametrizations"),
        ("audio_encoder", "last_kernel_size", 3, "layers.15.conv.parametrizations"),
        ("audio_encoder", "sampling_rate", 48_000, "7 of audio_encoder.quantizer.layers"),
        ("audio_encoder", "sampling_rate", 16_000, "7 of audio_encoder.quantizer.layers"),
    ],
)
def test_a_size_that_does_not_fit_the_checkpoint_is_named_with_the_tensor(
    place: Path, part: str, key: str, value: object, named: str
) -> None:
    change(place, part, key, value)
    with pytest.raises(ModelLoadFailed) as failure:
        load_model(place, Runtime(threads=1), "quality")
    assert named in failure.value.message
    assert "config.json" in str(failure.value.hint)
    assert not list(place.glob("built-*"))


def test_a_change_of_the_configuration_alone_builds_the_graphs_anew(place: Path) -> None:
    load_model(place, Runtime(threads=1), "exact")
    (before,) = place.glob("built-*")
    change(place, "audio_encoder", "pad_mode", "constant")
    told: list[str] = []
    load_model(place, Runtime(threads=1, report=lambda _share, what: told.append(what)), "exact")
    (after,) = place.glob("built-*")
    assert before != after
    assert "build" in told
    assert "hash" not in told


def test_what_no_graph_follows_from_does_not_build_them_anew(place: Path) -> None:
    load_model(place, Runtime(threads=1), "exact")
    (before,) = place.glob("built-*")
    change(place, "decoder", "dropout", 0.5)
    load_model(place, Runtime(threads=1), "exact")
    assert list(place.glob("built-*")) == [before]
