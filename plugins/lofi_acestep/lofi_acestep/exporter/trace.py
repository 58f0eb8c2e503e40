"""Draw a network's graph without its weights: they become inputs, for `fill` to put in one at a time."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

import onnx
import torch
from torch import nn

from lofi_acestep.exporter.modules.dcae import permuted

if TYPE_CHECKING:
    from lofi_acestep.exporter.components import Component, Inputs

# The factor of the weakened attention: an input that may be left out.
WEAKEN = "erg_tau"


def trace(component: Component, module: nn.Module, example: Inputs, opset: int) -> onnx.ModelProto:
    """The graph; parameters and buffers are inputs by their own names, behind the network's.

    Nodes are called after the modules they come from (`/transformer_blocks.15/cross_attn/to_q/Add`),
    constants are not folded (that would rename the weights), and `erg_tau` is an input with no default yet.

    Args:
        component: which network.
        module: on no device; it is not usable afterwards.
        example: inputs by name, of at least three frames: with fewer, diffusers' DCAE takes another path.
        opset: of the operators.
    """
    _hollow(module)
    names = [*example, WEAKEN] if component.weakens else list(example)
    values = [*example.values(), torch.tensor(1.0)] if component.weakens else list(example.values())
    file = io.BytesIO()
    with torch.inference_mode(), warnings.catch_warnings(), permuted():
        # The legacy exporter is deprecated. The other one drops the 1e-15 that keeps 0/0 from being NaN,
        # names nodes after operators rather than modules, and takes a hundred times as long.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(),
            tuple(values),
            file,
            dynamo=False,
            export_params=False,
            do_constant_folding=False,
            opset_version=opset,
            input_names=names,
            output_names=list(component.outputs),
            dynamic_axes={name: dict(axes) for name, axes in component.axes.items()},
        )
    return onnx.load_from_string(file.getvalue())


def _hollow(module: nn.Module) -> None:
    """Give every parameter a value that takes no memory, and every buffer a place in the state."""
    for number, (name, parameter) in enumerate(list(module.named_parameters())):
        path, _, leaf = name.rpartition(".")
        # Different values, for the exporter merges parameters that are equal.
        value = torch.full((), 1e-3 + number * 1e-6).expand(parameter.shape)
        setattr(module.get_submodule(path), leaf, nn.Parameter(value, requires_grad=False))
    for part in module.modules():
        part._non_persistent_buffers_set.clear()  # noqa: SLF001 - others become constants, once per use
