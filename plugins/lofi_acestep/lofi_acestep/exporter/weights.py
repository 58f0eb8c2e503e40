"""Which tensors of a checkpoint make a parameter of ours: weight norm folded, 1x1 convolutions squeezed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

import torch

from lofi_core import ModelLoadFailed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor

# Tensors that no forward pass at inference reads.
UNUSED = re.compile(
    r"""
    projectors\..*                                             # for a loss of training
    | .*\.cross_attn\.(add_[qkv]_proj|to_add_out)\..*
    | rotary_emb\..*
    | mel_transform\..*                                         # from audio
    | encoder\.(conv_in|down_blocks|conv_out)\..*               # of the DCAE: from audio
    | decoder\.(block|final_layer_norm|embed_tokens)\..* | lm_head\..*  # of UMT5
    """,
    re.VERBOSE,
)
# The two spellings of a weight-normalised weight: its lengths and its directions.
NORMED = ((".weight_g", ".weight_v"), tuple(f".parametrizations.weight.original{i}" for i in (0, 1)))
SAME = {
    "encoder.embed_tokens.weight": "shared.weight",
    "shared.weight": "encoder.embed_tokens.weight",
}


class Tensors(Protocol):
    """One part of a checkpoint, read tensor by tensor."""

    @property
    def title(self) -> str:
        """What messages call it."""

    def names(self) -> Iterable[str]:
        """Of its tensors."""

    def shape(self, name: str) -> tuple[int, ...]:
        """Of one of them."""

    def read(self, name: str) -> Tensor:
        """One of them, float32."""


class Weights:
    """Our parameters' values, by our names, each read when it is asked for."""

    def __init__(self, tensors: Tensors) -> None:
        self._tensors = tensors
        self._names = set(tensors.names())

    def sources(self, name: str) -> tuple[str, ...]:
        """The tensors that make the parameter `name`; none when they are missing."""
        if name in self._names:
            return (name,)
        if SAME.get(name) in self._names:
            return (SAME[name],)
        module, _, leaf = name.rpartition(".")
        for spelling in NORMED if leaf == "weight" else ():
            found = tuple(f"{module}{ending}" for ending in spelling)
            if self._names.issuperset(found):
                return found
        return ()

    def check(self, shapes: dict[str, tuple[int, ...]], others: Iterable[str] = ()) -> None:
        """Compare with what a network needs, before anything is read.

        Args:
            shapes: of its parameters, by our names.
            others: prefixes of tensors that belong to another network.

        Raises:
            ModelLoadFailed: a tensor is missing, has another shape, or is one that we know nothing of.
        """
        missing = [name for name in shapes if not self.sources(name)]
        if missing:
            self._refuse(f"has no tensor {missing[0]}{_more(missing)}")
        for name, shape in shapes.items():
            if (found := self.shape(name, shape)) != shape:
                self._refuse(f"has {name} of shape {list(found)}; its config.json says {list(shape)}")
        used = {source for name in shapes for source in self.sources(name)} | SAME.keys()
        unknown = sorted(
            name
            for name in self._names - used
            if not UNUSED.fullmatch(name) and not name.startswith(tuple(others))
        )
        if unknown:
            self._refuse(f"has tensors that ACE-Step v1 has not: {unknown[0]}{_more(unknown)}")

    def shape(self, name: str, wanted: tuple[int, ...]) -> tuple[int, ...]:
        """As it will be read."""
        source = self.sources(name)[-1]  # of a normed weight: the directions
        shape = self._tensors.shape(source)
        return shape[:-1] if _is_pointwise(shape, wanted) else shape

    def read(self, name: str, wanted: tuple[int, ...]) -> Tensor:
        """The parameter's value, float32, of the shape `wanted`."""
        sources = self.sources(name)
        if len(sources) == 1:
            return self._tensors.read(sources[0]).reshape(wanted)
        lengths, directions = (self._tensors.read(source) for source in sources)
        norms = torch.linalg.vector_norm(directions.flatten(1), dim=1).reshape(lengths.shape)
        return directions * (lengths / norms)

    def _refuse(self, what: str) -> None:
        raise ModelLoadFailed(
            f"{self._tensors.title} {what}",
            "let --checkpoint name ACE-Step v1 3.5B as it was published; download that file again",
        )


def _is_pointwise(shape: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    return len(shape) == len(wanted) + 1 == 3 and shape[-1] == 1


def _more(names: list[str]) -> str:
    return f" (and {len(names) - 1} more)" if len(names) > 1 else ""
