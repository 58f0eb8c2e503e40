"""Export the tiny checkpoint with PyTorch's newer exporter, as somebody else might: the graphs in `dynamo/`.

It optimises the 1e-15 of linear attention away and calls nodes after operators. The weights are left out:
what the graphs look like is what matters, and they compute what PyTorch does after repair (checked when they
were made: ERG within 1.7e-5 of 4.8, the DCAE within 6e-6).

Run in the repository's root, with the extra `export` and onnxscript installed; it takes some minutes:

    PYTHONPATH=plugins/lofi_acestep:. python tests/data/acestep/make_dynamo.py [DIRECTORY] [COMPONENT ...]
"""

import gzip
import sys
import tempfile
from pathlib import Path

import torch

from lofi_acestep.exporter.components import COMPONENTS
from lofi_acestep.exporter.conversion import Conversion
from lofi_acestep.surgery.skim import read_graph
from tests.acestep.tiny_checkpoint import make_checkpoint

HERE = Path(__file__).parent
NAMES = ["text_encoder", "transformer_encoder", "transformer_decoder", "dcae_decoder"]


def main(target: Path, names: list[str]) -> None:
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as checkpoint:
        make_checkpoint(Path(checkpoint))
        for name in names:
            component = COMPONENTS[name]
            conversion = Conversion(Path(checkpoint), component)
            example = conversion._example(component.checks[0], seed=0)
            free = torch.export.Dim.DYNAMIC
            axes = tuple(dict.fromkeys(component.axes.get(key, {}), free) for key in example)
            program = torch.onnx.export(
                conversion._loaded(),
                tuple(example.values()),
                dynamo=True,
                opset_version=18,
                input_names=list(example),
                output_names=list(component.outputs),
                dynamic_shapes=axes,
            )
            whole = Path(checkpoint) / f"{name}.onnx"
            program.save(str(whole))
            (target / f"{name}.onnx.gz").write_bytes(gzip.compress(graph_only(whole), mtime=0))


def graph_only(file: Path) -> bytes:
    """The file without weights, shapes of values, and what the exporter says of itself."""
    model = read_graph(file)
    for part in [*model.graph.node, *model.graph.initializer]:
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    model.graph.ClearField("value_info")
    model.ClearField("functions")
    return model.SerializeToString()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "dynamo", sys.argv[2:] or NAMES)
