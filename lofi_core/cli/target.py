"""Where does a track go that leaves the library? Decided and checked before any work is done."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from lofi_core.errors import InvalidParams
from lofi_core.tracks.destination import FORMATS as _FORMATS
from lofi_core.tracks.destination import check_destination, choose_format

if TYPE_CHECKING:
    from lofi_core.config import Settings
    from lofi_core.rpc.client import Client

FORMATS = tuple(_FORMATS)
NAME_BYTES = 80  # of a file that is named after its prompt; file systems take 255
EXPORT_TIMEOUT_SEC = 600.0  # ten minutes of music to MP3 on a small machine
EVERY_FORMAT_HZ = 48_000  # a sample rate that all formats take


class Target(NamedTuple):
    """A file to be written."""

    path: Path
    format: str
    overwrite: bool


def wanted_target(
    settings: Settings, output: Path | None, format_: str | None, prompt: str, *, force: bool
) -> Target | None:
    """What `--output`, `--format` and `--force` say; None without an output. Errors as of `choose_target`."""
    if output is not None:
        return choose_target(output, format_, prompt, settings.paths.data, force=force)
    if force or format_:
        raise click.UsageError("--force and --format go with --output")
    return None


def choose_target(output: Path, format_: str | None, prompt: str, data_dir: Path, *, force: bool) -> Target:
    """Say which file to write, and make sure that it can be.

    Args:
        output: a file; or a directory, for a file named after the prompt. Such a name gets a number where
            it is taken.
        format_: in place of what the suffix says.
        prompt: what to name the file after.
        data_dir: where nobody but the daemon writes.
        force: replace a file that is there.

    Raises:
        InvalidParams: no such format, or suffix and format contradict each other.
        NotPermitted: inside the data directory.
        TrackWriteFailed: no such directory, not writable, or there is such a file.
    """
    path = Path(os.path.abspath(output.expanduser()))  # noqa: PTH100 - without following symlinks
    if os.path.isdir(path):  # noqa: PTH112 - unlike Path.is_dir, never raises
        path = _named_after(prompt, path, format_ or "flac", force=force)
    chosen = choose_format(path.name, format_, EVERY_FORMAT_HZ)
    suffix = path.suffix.removeprefix(".").lower()
    if suffix in FORMATS and suffix != chosen:
        raise InvalidParams(f"{path.name!r} says {suffix}, and --format says {chosen}", "make them agree")
    # Without a data directory, or with one that we may not see, nothing of ours can lie inside it.
    inside_of = data_dir if os.path.isdir(data_dir) else Path(os.devnull)  # noqa: PTH112
    return Target(check_destination(str(path), inside_of, overwrite=force), chosen, force)


def check_sample_rate(target: Target | None, sample_rate: int | None) -> None:
    """Make sure that the format can hold what the backend makes, where that is known.

    Raises:
        InvalidParams: it cannot.
    """
    if target is not None and sample_rate is not None:
        choose_format(target.path.name, target.format, sample_rate)


def export(client: Client, track_id: str, target: Target) -> dict[str, Any]:
    """Have the daemon write the file."""
    client.timeout_sec = EXPORT_TIMEOUT_SEC
    answer: dict[str, Any] = client.call(
        "tracks_export",
        track_id=track_id,
        path=str(target.path),
        format=target.format,
        overwrite=target.overwrite,
    )
    return answer


def _named_after(prompt: str, directory: Path, suffix: str, *, force: bool) -> Path:
    words = re.sub(r"[\W_]+", "-", prompt.lower()).strip("-")
    stem = words.encode()[:NAME_BYTES].decode("utf-8", "ignore").rstrip("-") or "lofi"
    path = directory / f"{stem}.{suffix}"
    number = 1
    while os.path.lexists(path) and not force:
        number += 1
        path = directory / f"{stem}-{number}.{suffix}"
    return path
