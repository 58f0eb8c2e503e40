"""What a backend wants kept with a track lies beside its FLAC, as arrays that numpy reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lofi_core.tracks.layout import sync_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def write_kept(path: Path, arrays: Mapping[str, Any]) -> int:
    """Write an `.npz` without pickles, which `numpy.load(path, allow_pickle=False)` reads, and fsync it.

    Returns:
        Its size in bytes.
    """
    with path.open("xb") as file:
        np.savez(file, **arrays)  # none of them holds objects, so there is nothing to pickle
    sync_file(path)
    return path.stat().st_size
