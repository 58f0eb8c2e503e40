"""Does the music go on where it was after everything stood still, as when the machine sleeps?"""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import numpy as np

from lofi_core.player.tap import VARIABLE
from tests.playback.conftest import listening, make_track, until
from tests.player.conftest import steepest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartDaemon

ASLEEP_SEC = 2.5


def test_after_a_sleep_of_the_machine_the_same_player_goes_on_without_a_step(
    start_daemon: StartDaemon, tmp_path: Path
) -> None:
    tap = tmp_path / "tap"
    daemon = start_daemon(**{VARIABLE: str(tap)})
    client = listening(daemon)
    track_id = make_track(client, "long", 60.0)
    client.call("play", track_id=track_id)
    before = until(client, "playback_position").fields["position_sec"]
    player = client.call("status")["playback"]["player_pid"]
    for number in (signal.SIGSTOP, signal.SIGCONT):
        for pid in (daemon.process.pid, player):
            os.kill(pid, number)
        if number is signal.SIGSTOP:
            time.sleep(ASLEEP_SEC)  # nothing can be awaited: everybody sleeps
    after = [until(client, "playback_position").fields["position_sec"] for _ in range(3)]
    playback = client.call("status")["playback"]
    assert (playback["state"], playback["player_pid"]) == ("playing", player)
    # A null device catches up with the clock, a real one does not: no second is left out or repeated.
    assert after == sorted(after)
    assert before < after[0] < before + ASLEEP_SEC + 3.0
    heard = np.fromfile(tap, np.float32).reshape(-1, 2)
    begin = int(np.flatnonzero(heard.any(axis=1))[0])
    steady = heard[begin + 4_800 : begin + 38_400]  # before the sleep, without the begin's fade
    assert steepest(heard[begin + 4_800 :]) <= 1.05 * steepest(steady)
