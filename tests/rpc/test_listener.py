"""Who may own the socket's path, and how the socket gets there."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lofi_core.errors import NotPermitted
from lofi_core.rpc.ending import lock_path
from lofi_core.rpc.listener import AlreadyRunning, Listener
from lofi_core.rpc.peer import peer_uid

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def place(home: Path) -> Path:
    """Where a socket can go, in a directory that is not there yet."""
    return home / "made" / "lofi.sock"


@pytest.fixture
def foreign(home: Path) -> Iterator[socket.socket]:
    """A socket somebody else listens on, at home/foreign.sock."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(home / "foreign.sock"))
        listening.listen()
        yield listening


def mode(path: Path) -> int:
    return stat.S_IMODE(os.lstat(path).st_mode)


def answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(str(path)) == 0


def test_the_socket_is_ours_alone_in_a_directory_that_is(place: Path) -> None:
    before = os.umask(0)
    try:
        with Listener(place):
            assert mode(place) == 0o600
            assert mode(place.parent) == 0o700
    finally:
        os.umask(before)


def test_nobody_is_kept_waiting_before_the_daemon_can_answer(place: Path) -> None:
    with Listener(place) as listener:
        assert not answers(place)
        listener.socket.listen()
        assert answers(place)


def test_the_socket_goes_and_the_lock_file_stays(place: Path) -> None:
    with Listener(place):
        pass
    assert [path.name for path in place.parent.iterdir()] == ["lofi.sock.lock"]


def test_a_process_that_a_plugin_forked_does_not_keep_the_lock(place: Path) -> None:
    listener = Listener(place)
    forked = os.dup(listener._lock)  # what a child of a fork has
    listener.close()
    with Listener(place):
        os.close(forked)


def test_a_second_listener_is_refused_and_told_who_holds_the_path(place: Path) -> None:
    with Listener(place) as listener:
        listener.socket.listen()
        with pytest.raises(AlreadyRunning, match=rf"pid {os.getpid()}\) already serves"):
            Listener(place)
        assert answers(place)


def test_what_a_dead_daemon_left_is_taken_over(place: Path) -> None:
    place.parent.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(place))
    with Listener(place) as listener:
        listener.socket.listen()
        assert answers(place)


def test_a_live_socket_without_a_lock_is_not_stolen(home: Path, foreign: socket.socket) -> None:
    with pytest.raises(AlreadyRunning, match="another program already serves"):
        Listener(home / "foreign.sock")
    assert answers(home / "foreign.sock")


def test_a_refused_listener_leaves_the_path_free_for_later(home: Path, foreign: socket.socket) -> None:
    with pytest.raises(AlreadyRunning):
        Listener(home / "foreign.sock")
    foreign.close()
    with Listener(home / "foreign.sock") as listener:
        listener.socket.listen()
        assert answers(listener.path)


def test_a_file_that_is_no_socket_is_left_alone(home: Path) -> None:
    (home / "lofi.sock").write_text("dear diary")
    with pytest.raises(NotPermitted, match="is no socket"):
        Listener(home / "lofi.sock")
    assert (home / "lofi.sock").read_text() == "dear diary"


def test_a_socket_that_replaced_ours_is_not_removed(place: Path) -> None:
    listener = Listener(place)
    place.rename(place.with_name("moved"))
    place.write_text("another's")
    listener.close()
    assert place.read_text() == "another's"


def test_a_directory_that_is_a_symbolic_link_is_refused(home: Path, place: Path) -> None:
    (home / "real").mkdir(mode=0o700)
    place.parent.symlink_to(home / "real")
    with pytest.raises(NotPermitted, match="symbolic link"):
        Listener(place)


def refused(*_: object) -> None:
    raise PermissionError(errno.EACCES, "Permission denied")


def test_a_directory_that_lets_nothing_be_moved_or_removed_does_not_stop_the_end(
    place: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with Listener(place) as listener:
        for name in ("rename", "unlink"):
            monkeypatch.setattr(Path, name, refused)
        listener.hide()
        listener.show()
    assert [record.getMessage() for record in caplog.records] == [
        f"cannot take the socket {place} away: Permission denied",
        f"cannot remove the socket {place}: Permission denied",
    ]
    monkeypatch.undo()
    with Listener(place) as listener:  # it has let go of the lock
        assert listener.has_socket


def test_a_disk_that_is_full_is_told_before_the_start_and_does_not_stop_the_end(
    place: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with Listener(place) as listener:
        monkeypatch.setattr(os, "pwrite", full)
        listener.hide()
        assert f"cannot write the lock file {place}.lock: No space left on device" in caplog.text
        assert not place.exists()
    with pytest.raises(NotPermitted, match=r"cannot write the lock file .*: No space left on device"):
        Listener(place)
    monkeypatch.undo()
    with Listener(place):  # nothing holds the lock
        pass


def test_a_lock_that_somebody_only_looks_at_is_waited_for(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.parent.mkdir(mode=0o700)
    looking = os.open(lock_path(place), os.O_RDWR | os.O_CREAT)
    fcntl.flock(looking, fcntl.LOCK_SH)  # as `is_given_up` does, for a moment
    monkeypatch.setattr(time, "sleep", lambda _seconds: fcntl.flock(looking, fcntl.LOCK_UN))
    with Listener(place) as listener:
        assert listener.has_lock
    os.close(looking)


@pytest.mark.parametrize("others", [0o770, 0o702])
def test_a_directory_that_others_may_write_to_is_refused(place: Path, others: int) -> None:
    place.parent.mkdir()
    place.parent.chmod(others)
    with pytest.raises(NotPermitted, match="other users may write") as caught:
        Listener(place)
    assert "chmod 700" in str(caught.value.hint)


def test_nobody_is_told_to_close_the_directory_that_is_everybodys(place: Path) -> None:
    place.parent.mkdir()
    place.parent.chmod(0o1777)  # as /tmp, which is root's: to root it is "ours"
    with pytest.raises(NotPermitted, match="other users may write") as caught:
        Listener(place)
    assert caught.value.hint == f"choose another --socket, such as {place.parent}/lofi/lofi.sock"


def test_a_directory_that_others_may_read_will_do(place: Path) -> None:
    place.parent.mkdir()
    place.parent.chmod(0o755)
    with Listener(place):
        assert mode(place.parent) == 0o755


def test_a_file_in_place_of_the_directory_is_refused(place: Path) -> None:
    place.parent.write_text("")
    with pytest.raises(NotPermitted, match="no directory"):
        Listener(place)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a directory that is another user's")
def test_a_directory_of_another_user_is_refused(place: Path) -> None:
    place.parent.mkdir()
    os.chown(place.parent, 65534, 65534)
    with pytest.raises(NotPermitted, match="belongs to user 65534"):
        Listener(place)


def test_a_lock_file_that_is_a_symbolic_link_is_not_followed(home: Path) -> None:
    (home / "lofi.sock.lock").symlink_to(home / "elsewhere")
    with pytest.raises(NotPermitted, match="lock file"):
        Listener(home / "lofi.sock")
    assert not (home / "elsewhere").exists()


def test_the_peer_of_our_own_socket_is_us() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert peer_uid(ours) == os.geteuid()
