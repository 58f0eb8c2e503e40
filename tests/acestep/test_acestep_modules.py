"""Our networks in PyTorch against arrays of the official ones, tiny; see `data/acestep/golden`."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("transformers")

import msgspec
import torch

from lofi_acestep.exporter.configs import TransformerConfig, VocoderConfig
from lofi_acestep.exporter.modules.conformer import relative_positions
from lofi_acestep.exporter.modules.dcae import DcaeDecoder
from lofi_acestep.exporter.modules.rope import rope_tables
from lofi_acestep.exporter.modules.text import TextEncoder
from lofi_acestep.exporter.modules.transformer import (
    TransformerDecoder,
    TransformerEncoder,
    timestep_features,
)
from lofi_acestep.exporter.modules.vocoder import Vocoder
from lofi_acestep.exporter.weights import UNUSED, Weights
from tests.acestep import torch_golden as g
from tests.acestep.torch_golden import close, tau, tiny, watch


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> Any:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.inference_mode():
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def vocoder() -> Any:
    return g.filled(Vocoder(msgspec.convert(g.config()["vocoder"], VocoderConfig)))


@pytest.fixture(scope="module")
def dcae() -> Any:
    return g.filled(DcaeDecoder(g.config()["dcae"]))


@pytest.fixture(scope="module")
def umt5() -> Any:
    return g.filled(TextEncoder(g.config()["umt5"]))


# --- the real model's parameters ---------------------------------------------------------------------------


def real_modules(part: str) -> list[Any]:
    config = g.real()[part]["config"]
    with torch.device("meta"):
        if part == "transformer":
            known = msgspec.convert(config, TransformerConfig)
            return [TransformerEncoder(known), TransformerDecoder(known)]
        if part == "vocoder":
            return [Vocoder(msgspec.convert(config, VocoderConfig))]
        return [DcaeDecoder(config) if part == "dcae" else TextEncoder(config)]


@pytest.mark.parametrize("part", ["transformer", "vocoder", "dcae", "umt5"])
def test_every_real_tensor_is_a_parameter_of_ours_or_of_no_use(part: str) -> None:
    used, unused = ({name: tuple(s) for name, s in g.real()[part][key].items()} for key in ("used", "unused"))
    weights = Weights(g.Drawn({**used, **unused}))
    shapes = {name: tuple(v.shape) for m in real_modules(part) for name, v in m.state_dict().items()}
    weights.check(shapes)
    assert {name for our in shapes for name in weights.sources(our)} | {"shared.weight"} >= used.keys()
    assert all(UNUSED.fullmatch(name) for name in unused)
    assert not any(UNUSED.fullmatch(name) for name in used)


# --- positions and the recipe -------------------------------------------------------------------------------


def test_the_weights_of_the_recipe_are_drawn_as_the_reference_drew_them() -> None:
    for name in g.arrays():
        if name.startswith("recipe."):
            parameter = name.removeprefix("recipe.")
            found = g.drawn(parameter, g.official(shapes_of_all())[parameter]).flatten()[:6]
            close(found, name, 1e-7)


def shapes_of_all() -> dict[str, tuple[int, ...]]:
    config = msgspec.convert(g.config()["vocoder"], VocoderConfig)
    modules = (TransformerEncoder(tiny()), TransformerDecoder(tiny()), Vocoder(config))
    return {name: tuple(v.shape) for module in modules for name, v in module.state_dict().items()}


@pytest.mark.parametrize(("prefix", "length", "size"), [("rope", 4096, 10), ("real.rope", 32768, 128)])
def test_tables_of_positions_repeat_the_half_table(prefix: str, length: int, size: int) -> None:
    cosines, sines = rope_tables(length, size, 1e6)
    rows = g.golden(f"{prefix}.positions")
    close(cosines[rows], f"{prefix}.cos", 1e-6)
    close(sines[rows], f"{prefix}.sin", 1e-6)


def test_relative_positions_run_from_far_ahead_to_far_behind() -> None:
    close(relative_positions(3, 1024)[None], "real.pos_emb_L3", 1e-6)


def test_timesteps_become_cosines_and_then_sines() -> None:
    close(timestep_features(g.golden("real.time_proj.t")), "real.time_proj", 1e-6)


# --- audio and text -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, 1])
def test_the_wave_is_the_reference_s(vocoder: Any, number: int) -> None:
    close(vocoder(g.golden(f"vocoder.{number}.in")), f"vocoder.{number}.out", 2e-6)


@pytest.mark.parametrize(
    ("inside", "name"),
    [
        ("backbone.channel_layers.0", "stem"),
        ("backbone.stages.0", "stage0"),
        ("backbone", "backbone"),
        ("head.conv_pre", "conv_pre"),
        ("head.ups.0", "ups0"),
        ("head.resblocks.0", "resblock0"),
        ("head.conv_post", "conv_post"),
    ],
)
def test_each_part_of_the_vocoder_is_the_reference_s(vocoder: Any, inside: str, name: str) -> None:
    found = watch(vocoder.get_submodule(inside), lambda: vocoder(g.golden("vocoder.0.in")))
    close(found, f"vocoder.0.mid.{name}", 1e-5)


def test_the_vocoder_s_norm_on_small_numbers_is_the_reference_s(vocoder: Any) -> None:
    close(
        vocoder.backbone.norm(g.golden("unit.vocoder_norm_small.in.x")), "unit.vocoder_norm_small.out", 2e-5
    )


@pytest.mark.parametrize("number", [0, 1])
def test_the_mel_is_the_reference_s(dcae: Any, number: int) -> None:
    close(dcae.decoder(g.golden(f"dcae.{number}.in")), f"dcae.{number}.out", 2e-5)


@pytest.mark.parametrize("number", [2, 3])
def test_each_stage_of_the_dcae_is_the_reference_s(dcae: Any, number: int) -> None:
    found = watch(dcae.decoder.up_blocks[number], lambda: dcae.decoder(g.golden("dcae.1.in")))
    close(found, f"dcae.1.mid.up_blocks{number}", 2e-5)


def test_latents_and_mel_are_scaled_as_the_official_pipeline_does(dcae: Any) -> None:
    latents = g.golden("dcae.0.in")
    wanted = (dcae.decoder(latents / 0.1786 - 1.9091) * 0.5 + 0.5) * 14 - 11
    torch.testing.assert_close(dcae(latents), wanted, rtol=0, atol=2e-5)


def test_the_prompt_s_states_are_the_reference_s(umt5: Any) -> None:
    ids, mask = g.golden("umt5.in.ids"), g.golden("umt5.in.mask")
    close(umt5(ids, mask), "umt5.out", 1e-4)
    close(umt5(ids, mask, tau()), "umt5.out_erg", 1e-4)
    close(umt5(ids, mask), "umt5.out", 1e-4)
