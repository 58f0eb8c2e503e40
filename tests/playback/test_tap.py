"""Can one read what the device took from a player that a daemon has started?"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from lofi_core.player.tap import VARIABLE, read_times
from tests.playback.conftest import listening, make_track, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartDaemon


def test_the_environment_names_a_file_for_what_the_device_takes(
    start_daemon: StartDaemon, tmp_path: Path
) -> None:
    tap = tmp_path / "tap"
    daemon = start_daemon(**{VARIABLE: str(tap)})
    client = listening(daemon)
    client.call("play", track_id=make_track(client, "short", 1.0))
    until(client, "playback_ended")
    assert daemon.stop() == 0
    heard = np.fromfile(tap, np.float32).reshape(-1, 2)
    taken = list(read_times(tap))
    assert heard.any()
    assert sum(each.frames for each in taken) == len(heard)
    assert all(a.at_ns < b.at_ns and a.ready <= a.frames for a, b in pairwise(taken))
