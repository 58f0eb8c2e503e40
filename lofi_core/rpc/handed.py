"""Did whoever started this process hand it a socket that listens, and is it the one that clients know?

systemd does, for a `.socket` unit, by the protocol of sd_listen_fds(3): the variables tell the process that
is meant and how many sockets there are, from descriptor 3 on.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from typing import TYPE_CHECKING

from lofi_core.errors import NotPermitted

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from pathlib import Path

FIRST_DESCRIPTOR = 3


def handed_socket(path: Path, environ: MutableMapping[str, str]) -> socket.socket | None:
    """The socket that was handed to this process, None when there is none. The variables are removed.

    Args:
        path: where clients look for the daemon.
        environ: this process's; what it starts must not take the socket for its own.

    Raises:
        NotPermitted: it is not the listening Unix socket at `path` that is ours alone.
    """
    meant_for, count = environ.pop("LISTEN_PID", ""), environ.pop("LISTEN_FDS", "")
    environ.pop("LISTEN_FDNAMES", None)
    if meant_for != str(os.getpid()):
        return None
    if count != "1":
        raise NotPermitted(f"{count or 'no'} sockets were handed over; must be one", "one ListenStream=")
    try:
        handed = socket.socket(fileno=FIRST_DESCRIPTOR)
    except OSError as error:
        raise NotPermitted(f"what was handed over is no socket: {error.strerror}") from error
    try:
        _check_kind(handed)
        _check_place(handed, path)
    except BaseException:
        handed.close()
        raise
    handed.set_inheritable(False)
    handed.settimeout(0)
    return handed


def _check_kind(handed: socket.socket) -> None:
    if handed.family != socket.AF_UNIX or handed.type != socket.SOCK_STREAM:
        raise NotPermitted(
            f"the socket that was handed over is {handed.family.name}, {handed.type.name};"
            " must be AF_UNIX, SOCK_STREAM",
            "ListenStream= with a path",
        )
    listens = True
    with contextlib.suppress(OSError):  # not every system tells
        listens = bool(handed.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    if not listens:
        raise NotPermitted("the socket that was handed over does not listen", "Accept=no in the .socket unit")


def _check_place(handed: socket.socket, path: Path) -> None:
    name = os.fsdecode(handed.getsockname())
    try:
        is_there = path.samefile(name)
        found = path.lstat()
    except (OSError, ValueError):
        is_there = False
    if not is_there:
        raise NotPermitted(
            f"the socket that was handed over is at {name!r}, and clients look at {str(path)!r}",
            "make ListenStream= that path, or start the daemon and its clients with LOFI_SOCKET",
        )
    if found.st_uid != os.geteuid() or found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise NotPermitted(f"others may use the socket {path} that was handed over", "SocketMode=0600")
