"""How much memory will a model take that was never loaded?"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lofi_core.plugins import PluginRecord


def files_bytes(record: PluginRecord) -> int:
    """The size of a backend's model files in place: weights are most of what a loader reads and keeps."""
    if record.spec is None or record.installed is None:
        return 0
    total = 0
    for variant in record.spec.models:
        if variant.variant == record.installed.variant:
            for path in variant.paths:
                with contextlib.suppress(OSError):  # somebody is just removing it
                    total += (record.files_dir / path).stat().st_size
    return total
