"""Whose process is at the other end of a Unix socket?"""

import socket
import struct
import sys


def peer_uid(connection: socket.socket) -> int:
    """The user id, as the kernel knows it."""
    if sys.platform == "darwin":
        # struct xucred { u_int version; uid_t uid; … }; level 0 is SOL_LOCAL, option 1 LOCAL_PEERCRED.
        return int(struct.unpack_from("=II", connection.getsockopt(0, 1, 76))[1])
    # struct ucred { pid_t pid; uid_t uid; gid_t gid; }
    return int(struct.unpack("=iII", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1])
