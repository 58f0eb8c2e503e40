"""First in, first out, and what lacked is counted."""

from __future__ import annotations

import numpy as np

from lofi_core.player.ring import GAP_EDGES_MS, Ring
from tests.player.conftest import Samples, sine


def read(ring: Ring, frames: int) -> Samples:
    out = np.zeros((frames, 2), np.float32)
    ring.take(out)
    return out


def test_what_goes_in_comes_out_across_the_edge() -> None:
    ring, track = Ring(1_000), sine(0.1)
    out = []
    for at in range(0, 4_800, 300):
        ring.write(track[at : at + 300])
        out.append(read(ring, 300))
    assert np.array_equal(np.concatenate(out), track)
    assert (ring.filled, ring.free, ring.underruns) == (0, 1_000, 0)


def test_what_lacks_is_silence_and_counted() -> None:
    ring = Ring(1_000)
    assert not read(ring, 100).any()
    assert ring.underruns == 0  # nothing was promised yet
    ring.write(np.ones((50, 2), np.float32))
    out = read(ring, 100)
    assert out[:50].all()
    assert not out[50:].any()
    assert ring.underruns == 1


def test_pauses_between_callbacks_are_counted_by_length() -> None:
    ring = Ring(10)
    for at in (1.0, 1.01, 1.1, 9.0):
        ring._count_gap(at)
    assert ring.callbacks == 4
    assert {edge: n for edge, n in ring.gaps_ms.items() if n} == {"20": 1, "100": 1, "more": 1}
    assert len(ring.gaps_ms) == len(GAP_EDGES_MS) + 1


def test_what_was_not_to_come_does_not_lack() -> None:
    ring = Ring(1_000)
    ring.write(np.ones((50, 2), np.float32))
    ring.flows = False
    assert read(ring, 100)[:50].all()
    ring.write(np.ones((50, 2), np.float32))
    ring.clear()
    assert not read(ring, 100).any()
    assert ring.underruns == 0
