"""Does a track that is made in real time begin early, when it was told, and play to its end without a gap?"""

from __future__ import annotations

import pytest

from benchmarks.own_daemon import own_daemon
from benchmarks.paced_start import heard

SECONDS = 6.0


@pytest.mark.parametrize("speed", [0.5, 1.2, 3.0])
def test_a_track_begins_as_early_as_its_speed_allows_and_as_was_told(speed: float) -> None:
    with own_daemon("paced") as daemon:
        begin = heard(daemon, SECONDS, speed)
    assert begin.dry == 0
    # Begun any sooner than that, its end would have been needed before it was made.
    earliest_sec = max(begin.made_sec - SECONDS, 0.0)
    assert earliest_sec < begin.heard_sec < earliest_sec + 0.25 * SECONDS
    assert begin.heard_sec < begin.made_sec
    assert all(abs(at + in_sec - begin.heard_sec) < 0.2 * in_sec + 1.0 for at, in_sec in begin.told)
    assert bool(begin.told) == (speed < 1)
