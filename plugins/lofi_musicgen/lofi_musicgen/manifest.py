"""Which model files can be fetched, and which sets of files put there by hand are recognised?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lofi_core import ModelFile, ModelFiles
from lofi_musicgen.layouts import FOLDERS, SUFFIXES, Kind, onnx_files

if TYPE_CHECKING:
    from collections.abc import Mapping

LICENCE = "CC-BY-NC-4.0"
HUB = "https://huggingface.co/facebook/musicgen-{name}/resolve/{revision}/{file}"
COMMON = ("config.json", "tokenizer.json")
SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a variant lies on the hub.

    Attributes:
        revision: a commit, where it is known; such files never change.
        weights: file → sha256; None: the first download records it.
    """

    revision: str
    weights: Mapping[str, str | None]


# `main` of medium and large has PyTorch pickles only. Their safetensors are in pull requests of the hub's own
# converter: of large by its commit, of medium by the request's name, for want of the commit.
HUB_VARIANTS: dict[str, Source] = {
    "small": Source(
        "4c8334b02c6ec4e8664a91979669a501ec497792",
        {SINGLE: "1bdc99d43eb6c775967df24b65b0a9f847c0907e95664698d93b5a1c35f5090d"},
    ),
    "medium": Source("refs%2Fpr%2F10", {SINGLE: None}),
    "large": Source(
        "037a9f5a2a8a44bd6eaa38b1171f6fdfb1b0b1a9",
        {
            INDEX: None,
            "model-00001-of-00002.safetensors": (
                "68dc51f31cc32ac52923991ec5b5a2af1d988216db0f59e9bc927a6173b0470f"
            ),
            "model-00002-of-00002.safetensors": (
                "3d90f2289444f7fd73cdf534ed6e74be1cb6a634e3aa25ea57847b391b032d2f"
            ),
        },
    ),
    "stereo-small": Source("9520631640f24f25ae1dc16e42de5c6b83c32843", {SINGLE: None}),
    "stereo-medium": Source(
        "d89b612ef09ea9e2e4fcd7f5fc51fba63b964c7f",
        {SINGLE: "6523842dae8a5b1003c00eb6a65d7fe753c2063b6ea55e320df8f16057f11771"},
    ),
    "stereo-large": Source(
        "b178bb36e8dd5a927b98a9549c1bdcf2c209e504",
        {
            INDEX: None,
            "model-00001-of-00002.safetensors": None,
            "model-00002-of-00002.safetensors": None,
        },
    ),
}


def model_files() -> tuple[ModelFiles, ...]:
    """All variants, the preferred one first."""
    return (*(_hub_variant(name, source) for name, source in HUB_VARIANTS.items()), *_by_hand())


def _hub_variant(name: str, source: Source) -> ModelFiles:
    sums = {**dict.fromkeys(COMMON), **source.weights}
    files = [
        ModelFile(file, sha256=sha256, url=HUB.format(name=name, revision=source.revision, file=file))
        for file, sha256 in sums.items()
    ]
    return ModelFiles(name, files, licence=LICENCE, title=f"MusicGen {name.replace('-', ' ')}")


def _by_hand() -> list[ModelFiles]:
    """ONNX exports: several names for the same; they can be put there, not fetched."""
    found: list[ModelFiles] = []
    kinds: tuple[Kind, ...] = ("merged", "split")
    for kind in kinds:
        for suffix in SUFFIXES:
            for folder in FOLDERS:
                files = ("config.json", "tokenizer.json", *onnx_files(kind, folder, suffix))
                variant = f"{kind}{suffix.replace('_', '-')}{'-onnx' if folder else ''}"
                found.append(ModelFiles(variant, files, licence=LICENCE, title=f"ONNX export, {variant}"))
    # What transformers.js asks for: quantised, with the codec in full precision.
    for suffix in SUFFIXES[1:]:
        text, _, *decoder = onnx_files("merged", "onnx/", suffix)
        files = ("config.json", "tokenizer.json", text, "onnx/encodec_decode.onnx", *decoder)
        variant = f"merged{suffix.replace('_', '-')}-onnx-fp32-codec"
        found.append(ModelFiles(variant, files, licence=LICENCE, title=f"ONNX export, {variant}"))
    return found
