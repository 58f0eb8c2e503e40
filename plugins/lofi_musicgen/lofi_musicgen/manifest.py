"""Which model files can be fetched, and which sets of files put there by hand are recognised?"""

from __future__ import annotations

from lofi_core import ModelFile, ModelFiles
from lofi_musicgen.layouts import FOLDERS, SUFFIXES, Kind, onnx_files

LICENCE = "CC-BY-NC-4.0"
# A branch, not a commit: the first download pins what it got (trust on first use).
HUB = "https://huggingface.co/facebook/musicgen-{name}/resolve/{revision}/{file}"
REVISION = "main"

COMMON = ("config.json", "generation_config.json", "tokenizer.json")
# Variant → how many files the weights are in on the hub.
HUB_VARIANTS: dict[str, int] = {
    "small": 1,
    "medium": 1,
    "large": 2,
    "stereo-small": 1,
    "stereo-medium": 1,
    "stereo-large": 2,
}


def model_files() -> tuple[ModelFiles, ...]:
    """All variants, the preferred one first."""
    return (*(_hub_variant(name, shards) for name, shards in HUB_VARIANTS.items()), *_by_hand())


def _hub_variant(name: str, shards: int) -> ModelFiles:
    weights: tuple[str, ...] = ("model.safetensors",)
    if shards > 1:
        parts = (f"model-{part:05}-of-{shards:05}.safetensors" for part in range(1, shards + 1))
        weights = ("model.safetensors.index.json", *parts)
    files = [
        ModelFile(file, url=HUB.format(name=name, revision=REVISION, file=file))
        for file in (*COMMON, *weights)
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
                variant = f"{kind}{suffix.replace('_', '-')}"
                found.append(ModelFiles(variant, files, licence=LICENCE, title=f"ONNX export, {variant}"))
    return found
