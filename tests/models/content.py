"""What the server of the tests serves, and how a file of it is described."""

from __future__ import annotations

import random
from hashlib import sha256
from typing import TYPE_CHECKING

from lofi_core.backend import ModelFile

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = random.Random(1).randbytes(307_200)  # several reads of a socket
HALF = len(CONTENT) // 2
THIRD = len(CONTENT) // 3
SHA256 = sha256(CONTENT).hexdigest()


def pinned(url: str, path: str = "model.bin") -> ModelFile:
    return ModelFile(path, len(CONTENT), SHA256, url)


def put_part(target: Path, content: bytes, path: str = "model.bin") -> None:
    target.mkdir(parents=True, exist_ok=True)
    (target / f"{path}.part").write_bytes(content)
