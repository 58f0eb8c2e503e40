"""A socket that was removed is put back; where that cannot be, the daemon goes on for those who are in."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, cast

import pytest

from lofi_core.rpc.hub import Hub
from lofi_core.rpc.listener import Listener
from lofi_core.rpc.server import Server
from lofi_core.rpc.watch import Watch
from tests.rpc.test_idle_exit import Nobody

if TYPE_CHECKING:
    from pathlib import Path

    from lofi_core.rpc.dispatch import Dispatcher

pytestmark = pytest.mark.anyio


async def test_a_directory_that_takes_no_socket_is_told_of_once_and_tried_again(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused() -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    server = Server(Hub(lambda _event: None), cast("Dispatcher", Nobody()), [])
    with Listener(home / "s") as listener:
        await server.start(listener)
        watch = Watch(listener, server, pytest.fail)
        listener.path.unlink()
        with monkeypatch.context() as patched:
            patched.setattr(listener, "bind", refused)
            await watch._look()
            await watch._look()
        assert [record.getMessage() for record in caplog.records] == [
            f"the socket {home / 's'} was removed and cannot be put back: Read-only file system"
        ]
        await watch._look()
        assert listener.has_socket
        await server.close()
