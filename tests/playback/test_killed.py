"""What is heard when the daemon is killed in mid-track, and does anything hang?"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from lofi_core.player.tap import VARIABLE
from lofi_core.rpc.client import ConnectionLost
from tests.playback.conftest import listening, make_track, until
from tests.player.conftest import steepest
from tests.player.test_process import has_ended

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartDaemon

RATE = 48_000


def test_what_is_ready_is_heard_to_a_fade_and_the_player_ends(
    start_daemon: StartDaemon, tmp_path: Path
) -> None:
    tap = tmp_path / "tap"
    daemon = start_daemon(**{VARIABLE: str(tap)})
    client = listening(daemon)
    client.call("play", track_id=make_track(client, "long", 60.0))
    until(client, "playback_position")
    pid = client.call("status")["playback"]["player_pid"]
    before_bytes = tap.stat().st_size
    daemon.process.kill()
    with pytest.raises(ConnectionLost):
        for _ in client.events():
            pass
    wait_until_gone(pid)
    heard = np.fromfile(tap, np.float32).reshape(-1, 2)
    after = heard[before_bytes // 8 :]
    sounding = int(np.flatnonzero(after.any(axis=1))[-1])
    assert sounding > 0.3 * RATE  # what was ready, and the fade behind it
    assert len(after) > sounding + 1_000
    assert steepest(after) <= 1.05 * steepest(heard[: before_bytes // 8])


def wait_until_gone(pid: int) -> None:
    """Nobody tells of the end of a process that is not our child."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if has_ended(pid):
            return
        time.sleep(0.02)
    pytest.fail("the player outlived its daemon")
