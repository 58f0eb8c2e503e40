"""Export the tiny checkpoint: the files in `networks/`.

Run in the repository's root, with the extra `export` installed:

    PYTHONPATH=plugins/lofi_acestep:. python tests/data/acestep/make_networks.py [DIRECTORY] [OPSET]
"""

import shutil
import sys
import tempfile
from pathlib import Path

from lofi_acestep.exporter import export
from lofi_core import Runtime
from tests.acestep.tiny_checkpoint import make_checkpoint

HERE = Path(__file__).parent


def main(target: Path, opset: int) -> None:
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as checkpoint:
        make_checkpoint(Path(checkpoint))
        for line in export(Path(checkpoint), target, None, opset, (), Runtime(threads=1)):
            print(line)


if __name__ == "__main__":
    main(
        Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "networks",
        int(sys.argv[2]) if len(sys.argv) > 2 else 17,
    )
