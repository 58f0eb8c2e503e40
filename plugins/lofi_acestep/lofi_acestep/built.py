"""Where do graphs lie that were made from a model's own, and are they still of those?

Beside them, as `NAME.lofi-FORM-HASH.onnx`: ONNX Runtime opens no weights outside the directory of a graph.
Large tensors that are new lie in `….weights` next to it; all others stay where they were. The graph gets its
name last, so where it is, it is whole. The hash is of the sizes and times of the source's files, and of the
version. One process builds at a time, whoever they belong to.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import time
from typing import TYPE_CHECKING

import numpy as np

from lofi_acestep.surgery.skim import point_at, read_graph, weight_files
from lofi_core import ModelLoadFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    import onnx
    from numpy.typing import NDArray

# Change it when the same source gives other graphs.
BUILDER_VERSION = 1
# ONNX Runtime maps weights into memory where they begin on a page of any system.
ALIGNMENT = 1 << 16
KEPT_INSIDE_BYTES = 1024
LOOK_AGAIN_SEC = 0.1


def built_file(source: Path, form: str) -> Path:
    """What a graph made from `source` is called.

    Args:
        source: the ONNX file.
        form: what was made of it: letters and digits.
    """
    files = [source, *(source.parent / name for name in weight_files(read_graph(source)))]
    # What was made here has in its name what it was made from.
    stamps = [(file.name, *(() if ".lofi-" in file.name else _stamp(file))) for file in files]
    digest = hashlib.sha256(repr((BUILDER_VERSION, stamps)).encode()).hexdigest()
    return source.with_name(f"{source.stem}.lofi-{form}-{digest[:12]}.onnx")


def _stamp(file: Path) -> tuple[int, int]:
    found = file.stat()
    return found.st_size, found.st_mtime_ns


@contextlib.contextmanager
def building(directory: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Have the directory for oneself: a second daemon, or a check, waits and then finds what was made.

    Args:
        directory: the model's. Where it cannot be locked, as on some network file systems, nobody waits.
        waiting: called again and again meanwhile; what it raises ends the wait.
    """
    held = os.open(directory, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            while not _locked(held):
                waiting()
                time.sleep(LOOK_AGAIN_SEC)
        yield
    finally:
        os.close(held)  # and with it the lock, as when the process ends in any other way


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def build(source: Path, form: str, make: Callable[[Path, Path], None]) -> Path:
    """The graph of that form, made now unless it is there. Within `building`.

    Args:
        source: the ONNX file.
        form: as above.
        make: makes the second file from the first.

    Raises:
        ModelLoadFailed: there is no room, or the directory cannot be written.
    """
    target = built_file(source, form)
    if _is_whole(target):
        return target
    try:
        # Of a file that was here before, or of a process that was killed.
        for other in source.parent.glob(f"{source.stem}.lofi-{form}-*"):
            other.unlink(missing_ok=True)
        with _all_or_nothing(target):
            make(source, target)
    except OSError as error:
        hint = (
            "make room there" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "let the daemon write there"
        )
        raise ModelLoadFailed(f"{target} cannot be written: {error.strerror or error}", hint) from error
    return target


def _is_whole(target: Path) -> bool:
    if not target.is_file():
        return False
    try:
        return all((target.parent / name).is_file() for name in weight_files(read_graph(target)))
    except ModelLoadFailed:
        return False


@contextlib.contextmanager
def _all_or_nothing(target: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:  # gigabytes, perhaps on the disk that is full
        target.with_suffix(".weights").unlink(missing_ok=True)
        raise


def write_graph(model: onnx.ModelProto, target: Path) -> None:
    """Write a graph whose tensors lie in other files of its directory; there whole, or not at all."""
    with _renamed(target) as stream:
        stream.write(model.SerializeToString())


def read_tensor(tensor: onnx.TensorProto, directory: Path) -> NDArray[np.generic]:
    """A tensor's content; one in a file is mapped, not read.

    Args:
        tensor: of a graph in `directory`.
        directory: the graph's.
    """
    from onnx import helper, numpy_helper

    if tensor.data_location != tensor.EXTERNAL:
        return numpy_helper.to_array(tensor)
    where = {entry.key: entry.value for entry in tensor.external_data}
    dtype = helper.tensor_dtype_to_np_dtype(tensor.data_type)
    offset = int(where.get("offset", 0))
    mapped = np.memmap(directory / where["location"], np.uint8, "r", offset, _size(tensor, dtype))
    array: NDArray[np.generic] = mapped.view(dtype).reshape(tuple(tensor.dims))
    return array


def _size(tensor: onnx.TensorProto, dtype: np.dtype[np.generic]) -> int:
    return int(np.prod(tuple(tensor.dims), dtype=np.int64)) * dtype.itemsize


class Weights:
    """A file of weights that is being written."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream, self._name = stream, name

    def put(self, tensor: onnx.TensorProto, array: NDArray[np.generic]) -> None:
        """Make `array` the content of a tensor.

        Args:
            tensor: gets the array's type and shape.
            array: written to the file, or kept in the graph when it is small.
        """
        from onnx import helper

        tensor.data_type = helper.np_dtype_to_tensor_dtype(array.dtype)
        del tensor.dims[:]
        tensor.dims.extend(array.shape)
        for inside in ("float_data", "int32_data", "int64_data", "external_data"):
            tensor.ClearField(inside)
        if array.nbytes <= KEPT_INSIDE_BYTES:
            tensor.data_location = tensor.DEFAULT
            tensor.raw_data = array.tobytes()
            return
        alignment = ALIGNMENT if array.nbytes >= ALIGNMENT else 64
        self._stream.seek(-self._stream.tell() % alignment, os.SEEK_CUR)
        offset = self._stream.tell()
        self._stream.write(np.ascontiguousarray(array).data.cast("B"))
        point_at(tensor, self._name, offset, array.nbytes)

    def copy_from(self, tensor: onnx.TensorProto, directory: Path) -> None:
        """Take over a tensor of another directory, when it lies in a file there."""
        if tensor.data_location == tensor.EXTERNAL:
            self.put(tensor, read_tensor(tensor, directory))


@contextlib.contextmanager
def new_weights(target: Path) -> Iterator[Weights]:
    """The weights of the graph that will be written to `target`."""
    file = target.with_suffix(".weights")
    with _renamed(file) as stream:
        yield Weights(stream, file.name)
    if not file.stat().st_size:  # all of it fitted into the graph
        file.unlink()


@contextlib.contextmanager
def _renamed(target: Path) -> Iterator[BinaryIO]:
    unfinished = target.with_name(f"{target.name}.part-{os.getpid()}")
    try:
        with unfinished.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
