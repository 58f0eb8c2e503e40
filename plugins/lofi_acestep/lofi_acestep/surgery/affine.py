"""Find the maps a·x + b at both ends of the DCAE's decoder, which an export may hold or leave out.

The network wants z / 0.1786 - 1.9091 for latents z, and what it gives becomes log-mel as 7 x - 4. An export
may begin and end with that, with a part of it, or with nothing.

Source: ACE-Step, music_dcae_pipeline.py `decode`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx

    from lofi_acestep.arrays import FloatArray
    from lofi_acestep.surgery.graph import Graph

STEPS = frozenset({"Add", "Sub", "Mul", "Div"})
NOTHING = frozenset({"Cast", "Identity"})


@dataclass(frozen=True, slots=True)
class Affine:
    """scale · x + shift."""

    scale: float = 1.0
    shift: float = 0.0

    def __call__(self, values: FloatArray) -> FloatArray:
        """Of an array."""
        return values if self == Affine() else values * self.scale + self.shift

    def then(self, other: Affine) -> Affine:
        """First this, then the other."""
        return Affine(self.scale * other.scale, self.shift * other.scale + other.shift)

    def inverse(self) -> Affine:
        """What undoes it."""
        return Affine(1 / self.scale, -self.shift / self.scale)

    def near(self, other: Affine) -> bool:
        """Whether both are the same but for rounding."""
        scales = abs(self.scale - other.scale) <= 2e-3 * abs(other.scale)
        return scales and abs(self.shift - other.shift) <= 2e-3 * max(1.0, abs(other.shift))


INTO_DCAE = Affine(1 / 0.1786, -1.9091)
OUT_OF_DCAE = Affine(7.0, -4.0)
# What an export may hold of each: nothing, all, or one step of it.
KNOWN_BEFORE = (Affine(), INTO_DCAE, Affine(INTO_DCAE.scale, 0.0), Affine(1.0, INTO_DCAE.shift))
KNOWN_AFTER = (Affine(), OUT_OF_DCAE, Affine(0.5, 0.5), Affine(14.0, -11.0))


def at_input(graph: Graph) -> Affine:
    """What the graph does to its first input before anything else."""
    value, found = graph.proto.input[0].name, Affine()
    while len(users := [user for user in graph.consumers.get(value, []) if user.op_type != "Shape"]) == 1:
        step = _step(graph, users[0], value)
        if step is None:
            break
        value, found = users[0].output[0], found.then(step)
    return found


def at_output(graph: Graph) -> Affine:
    """What the graph does last to its first output."""
    value, found = graph.proto.output[0].name, Affine()
    while (node := graph.producer(value)) is not None:
        source = next((name for name in node.input if graph.number(name) is None), node.input[0])
        step = _step(graph, node, source)
        if step is None:
            break
        value, found = source, step.then(found)
    return found


def _step(graph: Graph, node: onnx.NodeProto, value: str) -> Affine | None:
    """What one node does to a value, if it is a step of such a map."""
    if node.op_type in NOTHING:
        return Affine()
    if node.op_type not in STEPS:
        return None
    first = node.input[0] == value
    number = graph.number(node.input[1 if first else 0])
    if number is None or (node.op_type == "Div" and not (first and number)):
        return None
    return {
        "Add": Affine(1.0, number),
        "Sub": Affine(1.0, -number) if first else Affine(-1.0, number),
        "Mul": Affine(number),
        "Div": Affine(1 / (number or 1.0)),
    }[node.op_type]
