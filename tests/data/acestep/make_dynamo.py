"""Export the tiny checkpoint with PyTorch's newer exporter, as somebody else might: the files in `dynamo/`.

It optimises the 1e-15 of linear attention away and calls nodes after operators.

Run in the repository's root, with the extra `export` and onnxscript installed:

    PYTHONPATH=plugins/lofi_acestep:. python tests/data/acestep/make_dynamo.py [DIRECTORY] [COMPONENT ...]
"""

import sys
import tempfile
from pathlib import Path

import torch

from lofi_acestep.exporter.components import COMPONENTS
from lofi_acestep.exporter.conversion import Conversion
from tests.acestep.tiny_checkpoint import make_checkpoint

HERE = Path(__file__).parent


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
            program.save(str(target / f"{name}.onnx"))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "dynamo", sys.argv[2:] or list(COMPONENTS))
