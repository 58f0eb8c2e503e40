"""From the official checkpoint to the files that the backend runs, one network after the other."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import torch

from lofi_acestep.exporter.checkpoint import Part
from lofi_acestep.exporter.components import Component, Sizes
from lofi_acestep.exporter.fill import fill
from lofi_acestep.exporter.tidy import tidy
from lofi_acestep.exporter.trace import WEAKEN, trace
from lofi_acestep.exporter.verify import TAU, computed, deviation, expected
from lofi_acestep.exporter.weights import Weights
from lofi_core import ModelLoadFailed, ModelNotFound

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from torch import nn

    from lofi_acestep.arrays import FloatArray

TOKENIZER = "tokenizer.json"


@dataclass(frozen=True, slots=True)
class Verified:
    """How far a file is from PyTorch.

    Attributes:
        error: the largest difference, relative to the largest number.
        sizes: how many it was tried at.
    """

    error: float
    sizes: int


class Conversion:
    """One component of one checkpoint."""

    def __init__(self, source: Path, component: Component) -> None:
        """Open the checkpoint's folder and see that it has what the network needs; reads no weights.

        Raises:
            ModelNotFound: there is no such folder, or something is not in it.
            ModelLoadFailed: it does not fit the network.
        """
        self.component = component
        self._part = Part(source, component.part)
        self._weights = Weights(self._part)
        shapes = {name: tuple(value.shape) for name, value in self._module().state_dict().items()}
        self._weights.check(shapes, component.others)
        self._shapes = shapes

    def size_bytes(self) -> int:
        """Of the file that `write` makes, about."""
        return sum(4 * torch.Size(shape).numel() for shape in self._shapes.values())

    def write(self, target: Path, opset: int) -> Path:
        """The float32 file, in `target`."""
        component, module = self.component, self._module()
        path = target / f"{component.name}.onnx"
        buffers = {name: value for name, value in module.named_buffers() if name not in self._shapes}
        model = trace(component, module, self._example(component.checks[0], seed=0), opset)
        tidy(model)
        read = {name: self._reader(name, shape) for name, shape in self._shapes.items()}
        read |= {name: value.numpy for name, value in buffers.items()}
        present = {value.name for value in model.graph.input}
        fill(
            model,
            path,
            {name: call for name, call in read.items() if name in present},
            default=WEAKEN if WEAKEN in present else None,
            weights=target / f"{component.name}_weights.bin" if component.external else None,
        )
        return path

    def verify(self, path: Path, most: float) -> Verified:
        """Compare a file with PyTorch, at several sizes, with and without weakened attention.

        PyTorch comes first and leaves before ONNX Runtime starts: one copy of the weights at a time.

        Raises:
            ModelLoadFailed: the difference is more than `most`, or something is no number.
        """
        examples, wanted = self._wanted
        error = deviation(wanted, computed(path, examples))
        if not error <= most:
            raise ModelLoadFailed(
                f"{path.name} does not compute what the checkpoint does: its error is {error:.1e}, more than"
                f" {most:.0e}",
                "report this, with the versions of torch and onnxruntime",
            )
        return Verified(error, len(self.component.checks))

    @cached_property
    def _wanted(self) -> tuple[list[tuple[dict[str, torch.Tensor], float]], list[list[FloatArray]]]:
        """What is tried, and what PyTorch makes of it."""
        factors = (1.0, TAU) if self.component.weakens else (1.0,)
        cases = [(sizes, factor) for sizes in self.component.checks for factor in factors]
        examples = [(self._example(sizes, seed), factor) for seed, (sizes, factor) in enumerate(cases, 1)]
        return examples, expected(self.component, self.loaded(), examples)

    def _module(self) -> nn.Module:
        """On no device."""
        try:
            with torch.device("meta"):
                return self.component.build(self._part.config)
        except Exception as error:  # whatever the constructors make of a wrong value
            raise ModelLoadFailed(
                f"{self._part.title}/config.json does not describe a {self.component.title}: {error}",
                "download that file again",
            ) from error

    def loaded(self) -> nn.Module:
        """With its weights: the file's own memory where they are float32 there."""
        module = self._module()
        state = {name: self._weights.read(name, shape) for name, shape in self._shapes.items()}
        module.load_state_dict(state, assign=True)
        return module.eval()

    def _example(self, sizes: Sizes, seed: int) -> dict[str, torch.Tensor]:
        return self.component.inputs(self._part.config, sizes, torch.Generator().manual_seed(seed))

    def _reader(self, name: str, shape: tuple[int, ...]) -> Callable[[], NDArray[np.generic]]:
        return lambda: self._weights.read(name, shape).numpy()


def fixed(component: Component, frames: int) -> Component:
    """The component for one row of just so many frames, as the published DCAE decoder is."""
    return replace(component, axes={}, checks=(Sizes(batch=1, frames=frames),))


def copy_tokenizer(source: Path, target: Path) -> None:
    """From the text encoder's folder.

    Raises:
        ModelNotFound: it is not there.
    """
    path = source / "umt5-base" / TOKENIZER
    if not path.is_file():
        raise ModelNotFound(f"{path} is missing", "copy tokenizer.json of google/umt5-base there")
    shutil.copyfile(path, target / TOKENIZER)
