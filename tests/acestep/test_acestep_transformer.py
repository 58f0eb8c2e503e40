"""The transformer in PyTorch against arrays of the official one, tiny; see `data/acestep/golden`."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("torch")

import torch

from lofi_acestep.exporter.modules.transformer import (
    TransformerDecoder,
    TransformerEncoder,
    timestep_features,
)
from tests.acestep import torch_golden as g
from tests.acestep.torch_golden import close, tau, tiny, watch

CASES = ("inst", "empty", "batch2", "zerotext")
RUNS = [(batch, frames) for batch in (1, 2) for frames in (0, 1)]


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> Any:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.inference_mode():
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def encoder() -> Any:
    return g.filled(TransformerEncoder(tiny()))


@pytest.fixture(scope="module")
def decoder() -> Any:
    return g.filled(TransformerDecoder(tiny()))


# --- encode -------------------------------------------------------------------------------------------------


def conditions(case: str) -> list[Any]:
    return [
        g.golden(f"enc.{case}.in.{key}")
        for key in ("text", "text_mask", "speaker", "lyric_ids", "lyric_mask")
    ]


@pytest.mark.parametrize("case", CASES)
def test_the_context_is_the_reference_s(encoder: Any, case: str) -> None:
    context, mask = encoder(*conditions(case))
    close(context, f"enc.{case}.out", 2e-5)
    close(mask, f"enc.{case}.out_mask", 0)


@pytest.mark.parametrize("case", CASES)
def test_weakened_lyrics_are_the_reference_s(encoder: Any, case: str) -> None:
    context, _mask = encoder(*conditions(case), tau())
    close(context, f"enc.{case}.out_erg", 2e-5)


@pytest.mark.parametrize("case", ["inst", "empty"])
@pytest.mark.parametrize(
    ("inside", "name"),
    [
        ("lyric_encoder.encoders.0.self_attn", "lyric.layer0.attn"),
        ("lyric_encoder.encoders.0", "lyric.layer0"),
        ("lyric_encoder.encoders.1.self_attn", "lyric.layer1.attn"),
        ("lyric_encoder.encoders.1", "lyric.layer1"),
        ("lyric_encoder.encoders.5", "lyric.layer5"),
        ("lyric_encoder", "lyric.encoder"),
        ("lyric_proj", "lyric.proj"),
        ("genre_embedder", "genre"),
        ("speaker_embedder", "speaker"),
    ],
)
def test_each_part_of_the_context_is_the_reference_s(encoder: Any, case: str, inside: str, name: str) -> None:
    found = watch(encoder.get_submodule(inside), lambda: encoder(*conditions(case)))
    close(found, f"enc.{case}.mid.{name}", 2e-5)


@pytest.mark.parametrize("case", ["inst", "empty"])
def test_lyrics_are_embedded_as_in_the_reference(encoder: Any, case: str) -> None:
    found = watch(encoder.lyric_encoder.embed, lambda: encoder(*conditions(case)))
    close(found * encoder.lyric_encoder.scale, f"enc.{case}.mid.lyric.embed", 2e-5)
    length = g.golden(f"enc.{case}.in.lyric_ids").shape[1]
    close(encoder.lyric_encoder.near(length), f"enc.{case}.mid.lyric.pos_emb", 1e-6)


# --- decode -------------------------------------------------------------------------------------------------


def noise(run: str, context: str | None = None) -> list[Any]:
    case = context or str(g.arrays()[f"{run}.in.ctx"])
    latents = g.golden(f"{run}.in.latents")
    ones = torch.ones(latents.shape[0], latents.shape[3])
    found = [g.golden(f"enc.{case}.{key}") for key in ("out", "out_mask")]
    return [latents, ones, *found, g.golden(f"{run}.in.timestep")]


@pytest.mark.parametrize(("batch", "frames"), RUNS)
def test_the_velocity_is_the_reference_s(decoder: Any, batch: int, frames: int) -> None:
    run = f"dec.B{batch}.T{frames}"
    close(decoder(*noise(run)), f"{run}.out", 1e-4)
    close(decoder(*noise(run), tau()), f"{run}.out_erg", 1e-4)


def test_the_velocity_with_no_lyrics_is_the_reference_s(decoder: Any) -> None:
    close(decoder(*noise("dec.B1.T0", "empty")), "dec.empty.out", 1e-4)


@pytest.mark.parametrize("run", ["dec.B1.T0", "dec.B2.T0"])
@pytest.mark.parametrize(
    ("inside", "name"),
    [
        ("timestep_embedder", "timestep_embedder"),
        ("t_block", "t_block"),
        ("transformer_blocks.0.attn", "block0.attn"),
        ("transformer_blocks.0.cross_attn", "block0.cross_attn"),
        ("transformer_blocks.0.ff", "block0.ff"),
        ("transformer_blocks.0", "block0"),
        ("transformer_blocks.1.attn", "block1.attn"),
        ("transformer_blocks.1.cross_attn", "block1.cross_attn"),
        ("transformer_blocks.1.ff", "block1.ff"),
        ("transformer_blocks.1", "block1"),
        ("transformer_blocks.19", "last_block"),
        ("proj_in", "proj_in"),
    ],
)
def test_each_part_of_the_velocity_is_the_reference_s(decoder: Any, run: str, inside: str, name: str) -> None:
    found = watch(decoder.get_submodule(inside), lambda: decoder(*noise(run)))
    close(found, f"{run}.mid.{name}", 1e-4 if name == "last_block" else 2e-5)


@pytest.mark.parametrize("run", ["dec.B1.T0", "dec.B2.T0"])
@pytest.mark.parametrize("number", [0, 1])
def test_what_goes_into_attention_and_feed_forward_is_the_reference_s(
    decoder: Any, run: str, number: int
) -> None:
    block = decoder.transformer_blocks[number]
    seen: dict[str, Any] = {}
    handles = [
        getattr(block, part).register_forward_pre_hook(
            lambda _m, inputs, part=part: seen.update({part: inputs[0]})
        )
        for part in ("attn", "ff")
    ]
    decoder(*noise(run))
    for handle in handles:
        handle.remove()
    close(seen["attn"], f"{run}.mid.block{number}.attn_in", 2e-5)
    close(seen["ff"], f"{run}.mid.block{number}.ff_in", 2e-5)


@pytest.mark.parametrize("run", ["dec.B1.T0", "dec.B2.T0"])
def test_the_patches_are_the_reference_s(decoder: Any, run: str) -> None:
    norm = decoder.proj_in.early_conv_layers[1]
    close(watch(norm, lambda: decoder(*noise(run)))[:, ::64], f"{run}.mid.proj_in.groupnorm", 2e-5)
    close(timestep_features(g.golden(f"{run}.in.timestep")), f"{run}.mid.time_proj", 1e-6)


def test_masked_frames_take_no_part_in_attention(decoder: Any) -> None:
    x, mask = g.golden("unit.attn_masked.in.x"), g.golden("unit.attn_masked.in.mask")
    close(decoder.transformer_blocks[0].attn(x, mask, decoder.rope(9)), "unit.attn_masked.out", 2e-5)


def test_a_block_on_small_numbers_is_the_reference_s(decoder: Any) -> None:
    block = decoder.transformer_blocks[0]
    x, modulation = (g.golden(f"unit.block0_small.in.{key}") for key in ("x", "t_block"))
    context, mask = (g.golden(f"enc.batch2.{key}") for key in ("out", "out_mask"))
    turns = decoder.rope(9), decoder.rope(context.shape[1])
    found = block(x, torch.ones(2, 9), context, mask, modulation, turns)
    close(found, "unit.block0_small.out", 5e-5)


def test_the_last_layer_on_small_numbers_is_the_reference_s(decoder: Any) -> None:
    inputs = (g.golden(f"unit.final_small.in.{key}") for key in ("x", "emb"))
    close(decoder.final_layer(*inputs), "unit.final_small.out", 2e-5)


def test_the_feed_forward_is_the_reference_s(decoder: Any) -> None:
    close(decoder.transformer_blocks[0].ff(g.golden("unit.ff.in.x")), "unit.ff.out", 2e-5)
