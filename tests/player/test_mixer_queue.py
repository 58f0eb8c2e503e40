"""Which track plays next, and what is told about it?"""

from __future__ import annotations

import numpy as np
import pytest

from lofi_core.player.decoders import TrackUnreadable
from lofi_core.player.protocol import Buffering, Ended, Failed, Started
from tests.player.conftest import RATE, sine, steepest
from tests.player.mixer_rig import RAMP, Rig, Track


def test_tracks_follow_each_other_without_a_sample_between() -> None:
    whole = sine(1.0)
    rig = Rig({"a": Track(whole[:12_345]), "b": Track(whole[12_345:])})
    rig.render(RATE)
    assert np.array_equal(rig.heard(), whole)


def test_the_last_track_plays_to_its_end_with_a_crossfade_set() -> None:
    a = sine(0.5)
    rig = Rig({"a": Track(a)}, crossfade_sec=12)
    rig.render(RATE)
    assert np.array_equal(rig.heard()[: len(a)], a)


def test_short_tracks_overlap_by_half_at_most() -> None:
    a, b, c = sine(1.0, level=0.3), sine(0.1, 331.0, level=0.3), sine(1.0, 441.0, level=0.3)
    rig = Rig({"a": Track(a), "b": Track(b), "c": Track(c)}, crossfade_sec=12)
    rig.render(3 * RATE)
    assert np.flatnonzero(rig.heard().any(axis=1))[-1] + 1 == len(a) + len(c)
    assert rig.told(Ended) == [("Ended", "a"), ("Ended", "b"), ("Ended", "c")]


def test_a_seek_past_the_end_ends_the_track() -> None:
    rig = Rig({"a": Track(sine(1.0)), "b": Track(sine(1.0))})
    rig.render(4_800)
    rig.mixer.seek(10**9)
    rig.render(4_800)
    assert rig.told() == [("Started", "a"), ("Ended", "a"), ("Started", "b")]


def test_skip_stop_and_seek_on_an_empty_list_do_nothing() -> None:
    rig = Rig({})
    assert rig.mixer.skip() is None
    rig.mixer.stop()
    rig.mixer.seek(5)
    rig.mixer.pause()
    rig.mixer.play()
    rig.render(RATE)
    assert not rig.heard().any()
    assert rig.events == []
    assert rig.mixer.state == "stopped"


def test_a_growing_file_that_runs_dry_waits_and_goes_on_where_it_was() -> None:
    a = sine(3.0)
    track = Track(a, growing=True, there=20_000)
    rig = Rig({"a": track})
    rig.render(48_000)
    waiting = [e for e in rig.events if isinstance(e, Buffering)]
    assert [(e.waiting, e.position_sec) for e in waiting] == [(True, 20_000 / RATE)]
    assert rig.mixer.state == "buffering"
    track.there = 30_000  # not enough to be worth it
    rig.render(4_800)
    assert rig.mixer.state == "buffering"
    track.there, track.growing = len(a), False
    rig.render(4_800 * 40)
    heard = rig.heard()
    assert np.array_equal(heard[: 20_000 - RAMP], a[: 20_000 - RAMP])
    assert not heard[20_000:52_800].any()
    assert np.array_equal(heard[52_800 + RAMP :][: len(a) - 20_000 - RAMP], a[20_000 + RAMP :])
    assert steepest(heard[: 52_800 + len(a) - 20_000]) <= steepest(a) + 0.5 / RAMP
    assert [e.reason for e in rig.events if isinstance(e, Ended)] == ["finished"]


def test_a_track_that_cannot_be_opened_is_skipped_and_told() -> None:
    b = sine(0.5)
    rig = Rig({"a": TrackUnreadable("there is no file /a"), "b": Track(b)})
    rig.render(RATE // 2)
    assert np.array_equal(rig.heard(), b)
    assert rig.told(Failed, Ended, Started) == [("Failed", "a"), ("Ended", "a"), ("Started", "b")]


def test_a_track_that_breaks_off_gives_way_to_the_next() -> None:
    rig = Rig({"a": Track(sine(1.0), broken_at=10_000), "b": Track(sine(1.0))})
    rig.render(RATE)
    ends = [(e.item_id, e.reason) for e in rig.events if isinstance(e, Ended)]
    assert ends == [("a", "error")]
    assert rig.mixer.current is not None
    assert rig.mixer.current.item.id == "b"


@pytest.mark.parametrize("crossfade_sec", [0.0, 0.1])
def test_tracks_without_a_sample_are_passed_over(crossfade_sec: float) -> None:
    nothing = np.zeros((0, 2), np.float32)
    a = sine(0.1)
    rig = Rig({"x": Track(nothing), "y": Track(nothing), "a": Track(a), "z": Track(nothing)}, crossfade_sec)
    rig.render(RATE)
    assert np.array_equal(rig.heard()[: len(a)], a)
    assert [e.item_id for e in rig.events if isinstance(e, Ended)] == ["x", "y", "a", "z"]
    assert rig.mixer.state == "stopped"


def test_an_item_may_be_put_before_another_and_taken_out() -> None:
    rig = Rig({"a": Track(sine(1.0)), "b": Track(sine(1.0)), "c": Track(sine(1.0))})
    rig.mixer.load(rig.items("ab"))
    rig.mixer.playlist.add(rig.items("c"), before="b")
    assert rig.mixer.playlist.ids == ["c", "b"]
    assert rig.mixer.playlist.remove("b")
    assert not rig.mixer.playlist.remove("b")
    assert rig.mixer.playlist.ids == ["c"]
