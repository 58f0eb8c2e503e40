"""Nothing is lost, doubled or left over by `kill -9`: the short form of `benchmarks/crashes.py`."""

from __future__ import annotations

from benchmarks.crashes import attacked

KILLS = 20


def test_twenty_kills_at_random_moments_break_no_promise_and_leave_nothing_behind() -> None:
    report = attacked(KILLS, seed=1)
    assert report.faults == []
    assert sum(report.kills.values()) == KILLS
    assert report.ledger.ran_again > 0  # otherwise nothing was tested
    assert report.tracks > 0
