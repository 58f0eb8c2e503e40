"""Write a small file so that whoever reads it sees the old content or the new, never a part."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lofi_core.temporary import temporary_path

if TYPE_CHECKING:
    from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """Write a file anew, with the permissions that it had. It is on the disk by then."""
    # Two processes may write the same file at once, and two threads of one.
    draft = temporary_path(path.parent, path.suffix)
    try:
        with draft.open("wb") as file:
            if path.exists():
                draft.chmod(path.stat().st_mode & 0o7777)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
