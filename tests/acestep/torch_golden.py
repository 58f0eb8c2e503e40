"""The tiny networks of `modules.npz`: configs, weights by the recipe of its README, inputs and outputs."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch

from lofi_acestep.exporter.configs import TransformerConfig
from lofi_acestep.exporter.weights import Weights

FOLDER = Path(__file__).parents[1] / "data" / "acestep" / "golden"


@cache
def arrays() -> dict[str, Any]:
    with np.load(FOLDER / "modules.npz") as file:
        return {name: file[name] for name in file.files}


@cache
def config() -> dict[str, Any]:
    return json.loads(str(arrays()["config"]))  # type: ignore[no-any-return]


@cache
def real() -> dict[str, Any]:
    return json.loads((FOLDER / "real_parameters.json").read_text())  # type: ignore[no-any-return]


def golden(name: str) -> torch.Tensor:
    return torch.from_numpy(arrays()[name])


def drawn(name: str, shape: tuple[int, ...]) -> torch.Tensor:
    """The value of a parameter, from its name: SHA-256, Philox, and a scale by what it is."""
    key = (int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little") + config()["offset"]) % 2**64
    n = np.random.Generator(np.random.Philox(key=key)).standard_normal(size=shape).astype(np.float32)
    leaf = name.rpartition(".")[2]
    if leaf == "bias":
        n *= np.float32(0.1)
    elif leaf in {"scale_shift_table", "pos_bias_u", "pos_bias_v"}:
        n *= np.float32(0.3)
    elif leaf in {"gamma", "weight_g"} or (leaf == "weight" and len(shape) == 1):
        n = 1 + np.float32(0.1) * n
    else:
        n *= np.float32(1 / np.sqrt(np.prod(shape[1:], dtype=np.float64)))
    return torch.from_numpy(n)


class Drawn:
    """A part of a checkpoint whose tensors are drawn as they are read."""

    title = "the tiny model"

    def __init__(self, shapes: dict[str, tuple[int, ...]]) -> None:
        self.shapes = shapes

    def names(self) -> list[str]:
        return list(self.shapes)

    def shape(self, name: str) -> tuple[int, ...]:
        return self.shapes[name]

    def read(self, name: str) -> torch.Tensor:
        return drawn("shared.weight" if name == "encoder.embed_tokens.weight" else name, self.shapes[name])


def official(shapes: dict[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Our names and shapes → the official ones: convolutions for Linears, lengths and directions."""
    found: dict[str, tuple[int, ...]] = {}
    for name, shape in shapes.items():
        base = name.removesuffix(".weight")
        if ".conv.weight" in name and len(shape) == 2:
            found[name] = (*shape, 1)
        elif name.startswith("head.") and name.endswith(".weight"):
            found[f"{base}.weight_g"] = (shape[0], 1, 1)
            found[f"{base}.weight_v"] = shape
        else:
            found[name] = shape
    return found


def filled(module: torch.nn.Module) -> torch.nn.Module:
    """The module with the recipe's weights."""
    shapes = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    weights = Weights(Drawn(official(shapes)))
    module.load_state_dict({name: weights.read(name, shape) for name, shape in shapes.items()})
    return module.eval()


def tiny() -> TransformerConfig:
    both = {**config()["transformer"], "lyric_encoder": config()["lyric_encoder"]}
    return msgspec.convert(both, TransformerConfig)


def watch(module: Any, call: Any) -> Any:
    """What a part inside gives while `call` runs."""
    seen = []
    handle = module.register_forward_hook(lambda _m, _i, out: seen.append(out))
    try:
        call()
    finally:
        handle.remove()
    return seen[0]


def close(found: Any, name: str, tolerance: float) -> None:
    torch.testing.assert_close(
        found, golden(name), rtol=0, atol=tolerance, msg=lambda text: f"{name}: {text}"
    )


def tau() -> Any:
    return torch.tensor(config()["erg_tau"])
