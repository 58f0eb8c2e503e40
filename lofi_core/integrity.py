"""Is a model file what it should be? Its manifest says, or the pin that its first download left.

The pins of a directory lie in it, in `.lofi-pins.json`. A file with a pin was put there by us.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from lofi_core.backend import ModelFile, is_confined
from lofi_core.files import replace_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lofi_core.backend import ModelFiles

PINS = ".lofi-pins.json"
CHUNK_BYTES = 4 * 1024 * 1024

Trust = Literal["manifest", "server", "first_use"]

log = logging.getLogger("lofi.models")

# Several files of one directory may arrive at once, each in a thread of its own.
_pins_lock = threading.Lock()


class Pin(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a downloaded file was.

    Attributes:
        size_bytes: its size.
        sha256: hex digest.
        trust: who vouches for the digest: the `manifest`, the `server` in a header of its own, or nobody,
            and what came the first time counts (`first_use`).
        url: where it lies, by the manifest.
        mirror: the address that was asked in its place.
    """

    size_bytes: int
    sha256: str
    trust: Trust
    url: str
    mirror: str | None = None


class Expected(NamedTuple):
    """What a file must be, as far as anybody knows."""

    size_bytes: int | None
    sha256: str | None


def read_pins(directory: Path) -> dict[str, Pin]:
    """The pins of a directory by path; none when there is no file of them, or none that can be read."""
    try:
        pins = msgspec.json.decode((directory / PINS).read_bytes(), type=dict[str, Pin])
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        log.warning("cannot read the pins in %s: %s", directory, error)
        return {}
    return {path: pin for path, pin in pins.items() if is_confined(path)}


def set_pin(directory: Path, path: str, pin: Pin | None) -> None:
    """Write or remove the pin of one file. The last one to go takes the file of pins along."""
    with _pins_lock:
        pins = read_pins(directory)
        if pin is None:
            pins.pop(path, None)
        else:
            pins[path] = pin
        if not pins:
            (directory / PINS).unlink(missing_ok=True)
            return
        replace_file(directory / PINS, msgspec.json.format(msgspec.json.encode(pins, order="sorted")))


def expected_of(file: ModelFile, pin: Pin | None) -> Expected:
    """What the manifest says; where it is silent, the pin, if the file came from the same address."""
    if pin is None or pin.url != file.url:
        return Expected(file.size_bytes, file.sha256)
    if file.sha256 is not None:
        return Expected(file.size_bytes, file.sha256)
    return Expected(pin.size_bytes if file.size_bytes is None else file.size_bytes, pin.sha256)


def what_is_wrong(path: Path, expected: Expected, note: Callable[[int], None] | None = None) -> str | None:
    """Compare a file with what it must be. Reads all of it when `note` is given, which is told of each chunk.

    Returns:
        What is wrong with it, in words; None when nothing is.
    """
    if not path.is_file():
        return "is missing"
    size = path.stat().st_size
    if expected.size_bytes is not None and size != expected.size_bytes:
        return f"has {size:,} bytes; must have {expected.size_bytes:,}"
    if note is None or expected.sha256 is None:
        return None
    found = sha256_of(path, note)
    return None if found == expected.sha256 else f"has the sha256 {found}; must have {expected.sha256}"


def wrong_files(
    model: ModelFiles, directory: Path, note: Callable[[str, int], None] | None = None
) -> dict[str, str]:
    """Which files of a variant are missing or are not what they should be, and why.

    Args:
        model: the variant.
        directory: where its files lie.
        note: told of each chunk of each file that was read; without it nothing is read, and sizes must do.
    """
    pins = read_pins(directory)
    found: dict[str, str] = {}
    for file in files_of(model):
        pin = pins.get(file.path)
        told = None if note is None else (lambda count, path=file.path: note(path, count))
        problem = what_is_wrong(directory / file.path, expected_of(file, pin), told)
        if problem is None and pin is not None and pin.url != file.url and file.sha256 is None:
            problem = "comes from another revision"
        if problem is not None:
            found[file.path] = problem
    return found


def files_of(model: ModelFiles) -> Iterator[ModelFile]:
    """The files of a variant; a plain name was made a `ModelFile` when the variant was."""
    for file in model.files:
        yield file if isinstance(file, ModelFile) else ModelFile(file)


def sha256_of(path: Path, note: Callable[[int], None]) -> str:
    """Hex digest of a file. `note` is told how many bytes each chunk had; what it raises ends the reading."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            note(len(chunk))
    return digest.hexdigest()
