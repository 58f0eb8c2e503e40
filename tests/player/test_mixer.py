"""What is the next sample? Compared with sums and products of whole arrays."""

from __future__ import annotations

import numpy as np

from lofi_core.player.protocol import Ended
from tests.player.conftest import RATE, Samples, sine, steepest
from tests.player.mixer_rig import RAMP, Rig, Track, down, up


def test_blocks_of_any_size_make_the_same_samples() -> None:
    def rendered(block: int) -> Samples:
        rig = Rig(
            {"a": Track(sine(1.0, level=0.9)), "b": Track(sine(1.0, 331.0, level=0.9))}, crossfade_sec=0.4
        )
        rig.render(30_000, block)
        rig.mixer.pause()
        rig.mixer.skip()
        rig.mixer.play()
        rig.mixer.seek(40_000)
        rig.render(40_000, block)
        return rig.heard()

    assert np.array_equal(rendered(4_800), rendered(40_000))
    assert np.array_equal(rendered(4_800), rendered(77))


def test_a_crossfade_is_a_sine_and_a_cosine_over_the_ends() -> None:
    a, b = sine(1.0, level=0.4), sine(1.0, 331.0, level=0.4)
    rig = Rig({"a": Track(a), "b": Track(b)}, crossfade_sec=0.25)
    rig.render(2 * RATE)
    wanted = np.concatenate([a[:-12_000], a[-12_000:] * down(12_000) + b[:12_000] * up(12_000), b[12_000:]])
    assert np.abs(rig.heard()[: len(wanted)] - wanted).max() < 1e-7
    assert rig.told() == [("Started", "a"), ("Ended", "a"), ("Started", "b"), ("Ended", "b")]


def test_a_seek_goes_on_exactly_there_and_does_not_click() -> None:
    a = sine(2.0)
    rig = Rig({"a": Track(a)})
    rig.render(10_000)
    rig.mixer.seek(60_123)
    rig.render(20_000)
    heard = rig.heard()
    assert np.array_equal(heard[10_000 + RAMP :], a[60_123 + RAMP : 80_123])
    assert steepest(heard) <= 2 * steepest(a) + 0.5 / RAMP


def test_a_skip_crosses_over_to_the_next_track() -> None:
    a, b = sine(2.0, level=0.4), sine(2.0, 331.0, level=0.4)
    rig = Rig({"a": Track(a), "b": Track(b)}, crossfade_sec=0.5)
    rig.render(10_000)
    skipped = rig.mixer.skip()
    assert skipped is not None
    assert skipped.id == "b"
    rig.render(30_000)
    wanted = a[10_000:34_000] * down(24_000) + b[:24_000] * up(24_000)
    heard = rig.heard()
    assert np.abs(heard[10_000:34_000] - wanted).max() < 1e-7
    assert np.array_equal(heard[34_000:], b[24_000:30_000])
    assert [e.reason for e in rig.events if isinstance(e, Ended)] == ["skipped"]


def test_a_skip_during_a_crossfade_does_not_click() -> None:
    tracks = {name: Track(sine(1.0, 200.0 + 50 * n, level=0.3)) for n, name in enumerate("abcd")}
    rig = Rig({**tracks}, crossfade_sec=0.5)
    rig.render(30_000)
    for _ in range(3):
        rig.mixer.skip()
        rig.render(3_000)
    assert steepest(rig.heard()) <= 3 * steepest(sine(1.0, 350.0, level=0.3))
    assert rig.mixer.skip() is None


def test_stop_is_soon_silent_and_does_not_click() -> None:
    a = sine(1.0)
    rig = Rig({"a": Track(a), "b": Track(a)})
    rig.render(10_000)
    rig.mixer.stop()
    rig.render(10_000)
    heard = rig.heard()
    assert not heard[10_000 + RAMP :].any()
    assert steepest(heard) <= steepest(a) + 2 * 0.5 / RAMP
    assert rig.mixer.state == "stopped"


def test_what_is_loaded_after_a_pause_and_a_stop_plays() -> None:
    a = sine(1.0)
    rig = Rig({"a": Track(a)})
    rig.render(4_800)
    rig.mixer.pause()
    rig.mixer.stop()
    rig.render(4_800)
    rig.mixer.load(rig.items(["a"]), 20_000)
    rig.render(4_800)
    assert np.array_equal(rig.heard()[9_600 + RAMP :], a[20_000 + RAMP : 24_800])


def test_each_track_has_its_own_gain() -> None:
    a = sine(0.1)
    rig = Rig({"a": Track(a), "b": Track(a)})
    rig.mixer.load([*rig.items(["a"], gain_db=-6.0), *rig.items(["b"], gain_db=3.0)])
    rig.render(9_600)
    wanted = np.concatenate([a * np.float32(10 ** (-6 / 20)), a * np.float32(10 ** (3 / 20))])
    assert np.abs(rig.heard() - wanted).max() < 1e-7


def test_two_loud_tracks_that_cross_stay_below_full_scale() -> None:
    loud = np.sign(sine(1.0, 110.0)) * np.float32(0.99)
    rig = Rig({"a": Track(loud), "b": Track(loud.copy())}, crossfade_sec=0.5)
    rig.render(2 * RATE)
    heard = rig.heard()
    assert np.abs(heard).max() <= 1.0
    assert np.array_equal(heard[:20_000], loud[:20_000])


def test_a_long_fade_falls_evenly_for_the_ear_goes_on_into_the_next_track_and_stops() -> None:
    a, b = sine(1.0, level=0.4), sine(1.0, 331.0, level=0.4)
    rig = Rig({"a": Track(a), "b": Track(b)})
    rig.render(28_000)
    rig.mixer.stop(0.75)
    rig.render(28_800 + RATE)
    heard = rig.heard()
    gains = (1 - np.arange(1, 36_001) / 36_000) ** 3
    wanted = np.concatenate([a[28_000:], b[:16_000]]) * gains[:, None]
    assert np.abs(heard[28_000:64_000] - wanted).max() < 1e-6
    assert not heard[64_000:].any()
    assert [(e.item_id, e.reason) for e in rig.events if isinstance(e, Ended)] == [
        ("a", "finished"),
        ("b", "stopped"),
    ]
    assert rig.mixer.state == "stopped"


def test_a_pause_holds_a_long_fade_and_play_comes_back_from_it() -> None:
    ones = np.full((4 * RATE, 2), 0.5, np.float32)
    rig = Rig({"a": Track(ones)})
    rig.mixer.stop(1.0)
    rig.render(24_000)
    rig.mixer.pause()  # nothing is rendered meanwhile
    rig.mixer.play()
    rig.render(RATE)
    heard = rig.heard()[:, 0]
    assert heard[23_999] == np.float32(0.5**3 * 0.5)
    assert heard[-1] == np.float32(0.5)
    assert steepest(heard[:, None]) <= 0.5 / RAMP
    assert rig.mixer.state == "playing"


def test_what_is_loaded_or_skipped_to_during_a_long_fade_is_heard_in_full() -> None:
    ones = np.full((4 * RATE, 2), 0.5, np.float32)
    for command in ("load", "skip"):
        rig = Rig({"a": Track(ones), "b": Track(ones.copy())}, crossfade_sec=0.1)
        rig.mixer.stop(1.0)
        rig.render(40_000)
        if command == "load":
            rig.mixer.load(rig.items("b"))
        else:
            rig.mixer.skip()
        rig.render(2 * RATE)
        assert rig.heard()[-1, 0] == np.float32(0.5)
        assert rig.mixer.state == "playing"


def test_a_stop_ends_a_crossfade_and_a_long_fade_at_once() -> None:
    tracks = {name: Track(np.full((RATE, 2), 0.4, np.float32)) for name in "ab"}
    rig = Rig({**tracks}, crossfade_sec=0.4)
    rig.mixer.stop(9.0)
    rig.render(32_000)  # into the crossfade
    rig.mixer.stop()
    rig.render(RATE)
    assert rig.heard()[31_999].any()
    assert not rig.heard()[32_000 + RAMP :].any()
    assert rig.mixer.state == "stopped"


def test_a_long_fade_of_what_is_on_hold_stops_at_once() -> None:
    rig = Rig({"a": Track(sine(1.0))})
    rig.render(4_800)
    rig.mixer.pause()
    rig.render(4_800)
    rig.mixer.stop(9.0)
    assert rig.mixer.state == "stopped"
