"""What is the next sample? Compared with sums and products of whole arrays."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from lofi_core.errors import LofiError
from lofi_core.player.decoders import TrackUnreadable
from lofi_core.player.mixer import Mixer
from lofi_core.player.protocol import AnyEvent, Buffering, Ended, Failed, Item, Started
from tests.player.conftest import RATE, Samples, sine, steepest

if TYPE_CHECKING:
    from collections.abc import Iterable

RAMP = 480  # 10 ms


@dataclass
class Track:
    """An array in the place of a file; `there` frames of it can be read so far."""

    samples: Samples
    growing: bool = False
    there: int | None = None
    at: int = 0
    broken_at: int | None = None

    @property
    def total_frames(self) -> int | None:
        return None if self.growing else len(self.samples)

    @property
    def complete(self) -> bool:
        return not self.growing

    def ready(self, frames: int) -> int:
        if self.broken_at is not None and self.at + frames > self.broken_at:
            raise TrackUnreadable("broken.wav breaks off")
        there = len(self.samples) if self.there is None else self.there
        return max(0, min(frames, there - self.at))

    def read(self, frames: int) -> Samples:
        ready = self.ready(frames)
        self.at += ready
        return self.samples[self.at - ready : self.at].copy()

    def prefetch(self) -> bool:
        return False

    def seek(self, frame: int) -> None:
        self.at = frame

    def close(self) -> None:
        pass


@dataclass
class Rig:
    """A mixer of arrays, with everything it told, and its output without the limiter's delay."""

    tracks: dict[str, Track | LofiError]
    crossfade_sec: float = 0.0
    events: list[AnyEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.mixer = Mixer(RATE, self._open, self.events.append)
        self.mixer.crossfade_sec = self.crossfade_sec
        self.mixer.load(self.items(self.tracks))
        self.out = np.zeros((0, 2), np.float32)

    def items(self, names: Iterable[str], **fields: Any) -> list[Item]:
        return [Item(id=name, path=f"/{name}", **fields) for name in names]

    def _open(self, item: Item) -> Track:
        track = self.tracks[item.id]
        if isinstance(track, LofiError):
            raise track
        return track

    def render(self, frames: int, block: int = 4_800) -> None:
        blocks = [min(block, frames - at) for at in range(0, frames, block)]
        self.out = np.concatenate([self.out, *[self.mixer.render(n) for n in blocks]])

    def heard(self) -> Samples:
        """All that was rendered: the delay's worth of samples comes after the last."""
        late = self.mixer.delay_frames
        self.out = np.concatenate([self.out, self.mixer._limiter.process(np.zeros((late, 2), np.float32))])
        return self.out[late:]

    def told(self, *kinds: type) -> list[tuple[str, str]]:
        wanted = [event for event in self.events if isinstance(event, kinds or object)]
        return [(type(event).__name__, getattr(event, "item_id", "")) for event in wanted]


def up(frames: int) -> Samples:
    return np.sin((np.arange(frames) + 0.5) / frames * np.pi / 2).astype(np.float32)[:, None]


def down(frames: int) -> Samples:
    return np.cos((np.arange(frames) + 0.5) / frames * np.pi / 2).astype(np.float32)[:, None]


def test_tracks_follow_each_other_without_a_sample_between() -> None:
    whole = sine(1.0)
    rig = Rig({"a": Track(whole[:12_345]), "b": Track(whole[12_345:])})
    rig.render(RATE)
    assert np.array_equal(rig.heard(), whole)


def test_blocks_of_any_size_make_the_same_samples() -> None:
    def rendered(block: int) -> Samples:
        rig = Rig(
            {"a": Track(sine(1.0, level=0.9)), "b": Track(sine(1.0, 331.0, level=0.9))}, crossfade_sec=0.4
        )
        rig.render(30_000, block)
        rig.mixer.set_volume(0.7)
        rig.mixer.pause()
        rig.render(3_000, block)
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


def test_a_pause_holds_the_place_and_does_not_click() -> None:
    a = sine(1.0)
    rig = Rig({"a": Track(a)})
    rig.render(10_000)
    rig.mixer.pause()
    rig.render(20_000)
    held = rig.mixer.current
    assert held is not None
    assert held.position == 10_000 + RAMP
    rig.mixer.play()
    rig.render(30_000)
    heard = rig.heard()
    assert not heard[10_000 + RAMP : 30_000].any()
    assert np.array_equal(heard[30_000 + RAMP : 60_000], a[10_000 + 2 * RAMP : 40_000 + RAMP])
    assert steepest(heard) <= steepest(a) + 0.5 / RAMP


def test_pausing_and_going_on_within_the_ramp_does_not_click() -> None:
    a = sine(1.0)
    rig = Rig({"a": Track(a)})
    rig.render(10_000)
    for _ in range(10):
        rig.mixer.pause()
        rig.render(100)
        rig.mixer.play()
        rig.render(130)
    assert steepest(rig.heard()) <= steepest(a) + 0.5 / RAMP


def test_a_seek_goes_on_exactly_there_and_does_not_click() -> None:
    a = sine(2.0)
    rig = Rig({"a": Track(a)})
    rig.render(10_000)
    rig.mixer.seek(60_123)
    rig.render(20_000)
    heard = rig.heard()
    assert np.array_equal(heard[10_000 + RAMP :], a[60_123 + RAMP : 80_123])
    assert steepest(heard) <= 2 * steepest(a) + 0.5 / RAMP


def test_a_seek_past_the_end_ends_the_track() -> None:
    rig = Rig({"a": Track(sine(1.0)), "b": Track(sine(1.0))})
    rig.render(4_800)
    rig.mixer.seek(10**9)
    rig.render(4_800)
    assert rig.told() == [("Started", "a"), ("Ended", "a"), ("Started", "b")]


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


def test_volume_is_a_cube_and_comes_in_a_ramp() -> None:
    ones = np.full((RATE, 2), 0.8, np.float32)
    rig = Rig({"a": Track(ones)})
    rig.render(4_800)
    rig.mixer.set_volume(0.5)
    rig.render(4_800)
    heard = rig.heard()[:, 0] / 0.8
    ramp = 1 + (0.125 - 1) * np.arange(1, 1_441) / 1_440
    assert np.abs(heard[4_800 : 4_800 + 1_440] - ramp).max() < 1e-6
    assert np.allclose(heard[4_800 + 1_440 :], 0.125)


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
