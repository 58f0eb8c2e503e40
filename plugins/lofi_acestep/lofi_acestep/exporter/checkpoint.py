"""Find the official checkpoint, and read it tensor by tensor."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError, safe_open

from lofi_core import ModelLoadFailed, ModelNotFound

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

# Each with a config.json and its weights.
PARTS = ("ace_step_transformer", "music_dcae_f8c8", "music_vocoder", "umt5-base")
FILES = ("diffusion_pytorch_model.safetensors", "model.safetensors")
WHERE = "let --checkpoint name a whole copy of ACE-Step/ACE-Step-v1-3.5B from Hugging Face"


def find_checkpoint(source: Path) -> Path:
    """The directory that has the four folders: `source`, or the newest snapshot in a Hugging Face cache.

    Raises:
        ModelNotFound: there is none of the folders.
    """
    snapshots = sorted(source.glob("snapshots/*/"), key=lambda path: path.stat().st_mtime, reverse=True)
    for directory in (source, *snapshots):
        if any((directory / part).is_dir() for part in PARTS):
            return directory
    raise ModelNotFound(f"there is no ACE-Step checkpoint in {source}: no folder {PARTS[0]}", WHERE)


class Part:
    """One folder: its config, and its tensors, which stay on disk until they are read."""

    def __init__(self, checkpoint: Path, name: str) -> None:
        """Open the folder.

        Raises:
            ModelNotFound: it, its config or its weights are not there.
            ModelLoadFailed: they cannot be read.
        """
        self._folder = checkpoint / name
        self.config = self._read_config()
        self._files: dict[str, Any] = {}
        for path in self._paths():
            try:
                file = safe_open(path, framework="pt")
            except (OSError, SafetensorError) as error:
                raise ModelLoadFailed(
                    f"{path} cannot be read: {error}", "download that file again"
                ) from error
            self._files.update(dict.fromkeys(file.keys(), file))

    @property
    def title(self) -> str:
        """The folder."""
        return str(self._folder)

    def names(self) -> list[str]:
        """Of its tensors."""
        return list(self._files)

    def shape(self, name: str) -> tuple[int, ...]:
        """Of one of them; nothing is read."""
        return tuple(self._files[name].get_slice(name).get_shape())

    def read(self, name: str) -> Tensor:
        """One of them as float32, whatever it is stored as; the file's own memory where it is float32."""
        try:
            return self._files[name].get_tensor(name).to(torch.float32)
        except SafetensorError as error:
            raise ModelLoadFailed(f"{self.title}: {name} cannot be read: {error}") from error

    def _read_config(self) -> dict[str, Any]:
        path = self._folder / "config.json"
        try:
            config = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise ModelNotFound(f"{path} is missing", WHERE) from error
        except (OSError, ValueError) as error:
            raise ModelLoadFailed(f"{path} cannot be read: {error}", "download that file again") from error
        if not isinstance(config, dict):
            raise ModelLoadFailed(f"{path} holds no object", "download that file again")
        return config

    def _paths(self) -> list[Path]:
        for name in FILES:
            if (self._folder / name).is_file():
                return [self._folder / name]
        shards = sorted(self._folder.glob("*-of-*.safetensors"))
        if not shards:
            raise ModelNotFound(f"{self._folder} has no {FILES[0]} and no {FILES[1]}", WHERE)
        return shards
