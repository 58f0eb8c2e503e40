"""Where do the graphs lie that were built from a checkpoint, and are they still of that checkpoint?

Beside the model, in `built-HASH/PART`. A part is written to a temporary name and renamed, so it is whole or
not there. The hash is of the checkpoint's content, of the configuration and of the builder's version;
that of the content is worked out once and remembered with the files' sizes and times.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from typing import TYPE_CHECKING

from lofi_musicgen.graph.builder import no_space

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

# Change it when the same checkpoint gives other graphs.
BUILDER_VERSION = 2
FINGERPRINT = "fingerprint.json"
CHUNK_BYTES = 1 << 22


class Built:
    """The built parts of one checkpoint.

    Args:
        model_dir: holds the checkpoint.
        files: of the checkpoint.
        settings: whatever else the graphs follow from, as text: what of `config.json` is used.
        report: told how much of it is hashed, 0 to 1, where that is not known already.

    Raises:
        ModelLoadFailed: the directory cannot be written.
    """

    def __init__(
        self, model_dir: Path, files: Sequence[Path], report: Callable[[float], None], settings: str = ""
    ) -> None:
        digest = _remembered(model_dir, files) or _hash(files, report)
        both = hashlib.sha256(f"{digest} {settings}".encode()).hexdigest()
        self.directory = model_dir / f"built-{both[:12]}-{BUILDER_VERSION}"
        try:
            self.directory.mkdir(exist_ok=True)
            _remember(self.directory, digest, files)
        except OSError as error:
            raise no_space(error, model_dir) from error
        for other in model_dir.glob("built-*/"):  # of another checkpoint, or of an older builder
            if other != self.directory:
                shutil.rmtree(other, ignore_errors=True)

    def part(self, name: str) -> Path:
        """The directory of a part."""
        return self.directory / name

    def has(self, name: str) -> bool:
        """Whether a part is there, whole."""
        return self.part(name).is_dir()

    @contextlib.contextmanager
    def making(self, name: str) -> Iterator[Path]:
        """A directory to write a part into; it takes its place when nothing was raised.

        Raises:
            ModelLoadFailed: it could not be written.
        """
        unfinished = self.directory / f"{name}.part-{os.getpid()}"
        try:
            unfinished.mkdir()
            yield unfinished
            for file in unfinished.iterdir():
                with file.open("rb") as stream:
                    os.fsync(stream.fileno())
            with contextlib.suppress(FileExistsError):
                unfinished.rename(self.part(name))
        except OSError as error:
            raise no_space(error, self.directory) from error
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)


def _stamp(files: Sequence[Path]) -> list[list[str | int]]:
    stats = [(file.name, file.stat()) for file in files]
    return [[name, stat.st_size, stat.st_mtime_ns] for name, stat in stats]


def _remembered(model_dir: Path, files: Sequence[Path]) -> str | None:
    for file in model_dir.glob(f"built-*/{FINGERPRINT}"):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            known = json.loads(file.read_text())
            if known["files"] == _stamp(files):
                return str(known["sha256"])
    return None


def _remember(directory: Path, digest: str, files: Sequence[Path]) -> None:
    unfinished = directory / f"{FINGERPRINT}.part-{os.getpid()}"
    unfinished.write_text(json.dumps({"sha256": digest, "files": _stamp(files)}))
    unfinished.rename(directory / FINGERPRINT)


def _hash(files: Sequence[Path], report: Callable[[float], None]) -> str:
    digest, total, done = hashlib.sha256(), sum(file.stat().st_size for file in files), 0
    for file in files:
        with file.open("rb") as stream:
            while chunk := stream.read(CHUNK_BYTES):
                digest.update(chunk)
                done += len(chunk)
                report(done / total)
    return digest.hexdigest()
