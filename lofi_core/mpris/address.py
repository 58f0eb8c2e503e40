"""Where is the session bus, if there is one?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping


def session_bus(environ: Mapping[str, str], platform: str = sys.platform) -> str | None:
    """Its address, in D-Bus's own form; None where there is none, as on a server or in a container."""
    if platform != "linux":
        return None
    if address := environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return address
    # systemd's place for it. Not everything that starts a daemon passes the variable on.
    runtime_dir = environ.get("XDG_RUNTIME_DIR")
    if runtime_dir and (path := Path(runtime_dir, "bus")).is_socket():
        return f"unix:path={quote(str(path))}"
    return None
