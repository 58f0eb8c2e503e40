"""In which of the three layouts does a MusicGen lie in a directory?

`model.safetensors` as facebook publishes it, or ONNX files as optimum exports them: the decoder in two files
(`decoder_model`, `decoder_with_past_model`) or merged into one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from lofi_core import ModelNotFound

if TYPE_CHECKING:
    from pathlib import Path

Kind = Literal["safetensors", "merged", "split"]

CHECKPOINTS = ("model.safetensors", "model.safetensors.index.json")
DECODERS: dict[Kind, tuple[str, ...]] = {
    "merged": ("decoder_model_merged",),
    "split": ("decoder_model", "decoder_with_past_model"),
}
AROUND = ("text_encoder", "encodec_decode")
# Where exports put their files, and what they append for each precision; the first complete set counts.
FOLDERS = ("", "onnx/")
SUFFIXES = ("", "_fp16", "_quantized", "_int8", "_uint8", "_q4", "_q4f16", "_bnb4")


@dataclass(frozen=True, slots=True)
class Layout:
    """What lies there.

    Attributes:
        kind: of files.
        folder: of the ONNX files, relative; "" for the directory itself.
        suffix: of their names.
    """

    kind: Kind
    folder: str = ""
    suffix: str = ""

    def file(self, model_dir: Path, name: str) -> Path:
        """One of its ONNX files."""
        chosen = model_dir / f"{self.folder}{name}{self.suffix}.onnx"
        if name in AROUND and not chosen.is_file():
            return model_dir / f"{self.folder}{name}.onnx"
        return chosen


def onnx_files(kind: Kind, folder: str = "", suffix: str = "") -> tuple[str, ...]:
    """The ONNX files of one layout, relative to the model directory."""
    return tuple(f"{folder}{name}{suffix}.onnx" for name in (*AROUND, *DECODERS[kind]))


def find_layout(model_dir: Path) -> Layout:
    """Look which files there are. Cheap: opens none of them.

    Raises:
        ModelNotFound: no layout is complete; names what the nearest one lacks.
    """
    if any((model_dir / name).is_file() for name in CHECKPOINTS):
        return Layout("safetensors")
    nearest: tuple[list[str], int] = ([CHECKPOINTS[0]], 0)
    kinds: tuple[Kind, ...] = ("merged", "split")
    for kind in kinds:
        for folder in FOLDERS:
            for suffix in SUFFIXES:
                files = onnx_files(kind, folder, suffix)
                plain = (*onnx_files(kind, folder)[: len(AROUND)], *files[len(AROUND) :])
                # A quantised decoder often comes with a codec in full precision.
                pairs = zip(files, plain, strict=True)
                missing = [one for one, other in pairs if not _has_one_of(model_dir, one, other)]
                if not missing:
                    return Layout(kind, folder, suffix)
                present = len(files) - len(missing)
                if present > nearest[1]:
                    nearest = missing, present
    raise ModelNotFound(
        f"{model_dir} holds no whole MusicGen: {', '.join(nearest[0])} missing",
        "lofi-core pull musicgen, or put the missing files there",
    )


def _has_one_of(model_dir: Path, *names: str) -> bool:
    return any((model_dir / name).is_file() for name in names)
