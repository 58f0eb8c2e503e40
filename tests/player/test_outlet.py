"""Do a pause and the volume come at once, whatever is rendered already? Without a device: the test pulls."""

from __future__ import annotations

from queue import SimpleQueue
from typing import TYPE_CHECKING

import numpy as np
import pytest

from lofi_core.player import protocol
from lofi_core.player.engine import Engine
from lofi_core.player.outlet import Outlet
from lofi_core.player.protocol import (
    AnyAnswer,
    AnyCommand,
    Buffering,
    Item,
    Paused,
    Reply,
    Resumed,
    Started,
)
from lofi_core.player.ring import Ring
from lofi_core.tracks.spool import Spool
from tests.player.conftest import RATE, Files, Samples, sine, steepest
from tests.player.mixer_rig import RAMP

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PERIOD = 2_400


class Rendered:
    """Samples that are all ready, and the outlet that they pass."""

    def __init__(self, samples: Samples) -> None:
        self.ring = Ring(len(samples))
        self.ring.write(samples)
        self.outlet = Outlet(self.ring, RATE)

    def pull(self, frames: int) -> Samples:
        return self.outlet.pull(frames)[0]


def test_a_pause_keeps_what_is_ready_and_does_not_click() -> None:
    a = sine(1.0)
    rendered = Rendered(a)
    out = [rendered.pull(10_000)]
    assert rendered.outlet.hold(held=True) == 10_000
    out.append(rendered.pull(20_000))
    assert rendered.outlet.hold(held=False) == 30_000
    out.append(rendered.pull(18_000))
    heard = np.concatenate(out)
    assert np.array_equal(heard[:10_000], a[:10_000])
    assert not heard[10_000 + RAMP : 30_000].any()
    assert np.array_equal(heard[30_000 + RAMP :], a[10_000 + 2 * RAMP : 28_000 + RAMP])
    assert steepest(heard) <= steepest(a) + 0.5 / RAMP


def test_pausing_and_going_on_within_the_ramp_does_not_click() -> None:
    a = sine(1.0)
    rendered = Rendered(a)
    out = [rendered.pull(10_000)]
    for _ in range(10):
        rendered.outlet.hold(held=True)
        out.append(rendered.pull(100))
        rendered.outlet.hold(held=False)
        out.append(rendered.pull(130))
    assert steepest(np.concatenate(out)) <= steepest(a) + 0.5 / RAMP


@pytest.mark.parametrize("period", [100, 700, PERIOD])
def test_when_the_renderer_is_late_the_music_breaks_off_and_comes_back_without_a_click(period: int) -> None:
    a = sine(1.0)
    ring = Ring(len(a))
    outlet = Outlet(ring, RATE)
    out: list[Samples] = []
    for begin, end in ((0, 10_000), (10_000, 20_000), (20_000, 30_000)):
        ring.write(a[begin:end])
        out.extend(outlet.pull(period)[0] for _ in range(15_000 // period))
    heard = np.concatenate(out)
    assert ring.underruns >= 3
    assert np.array_equal(heard[:10_000], a[:10_000])
    assert not heard[10_000 + RAMP : 14_000].any()
    assert np.array_equal(heard[15_000 // period * period + RAMP :][:5_000], a[10_000 + RAMP :][:5_000])
    assert steepest(heard) <= steepest(a) + 1 / RAMP


def test_a_pause_that_begins_as_the_renderer_is_late_loses_nothing() -> None:
    a = sine(1.0)
    ring = Ring(len(a))
    outlet = Outlet(ring, RATE)
    ring.write(a[:1_000])
    outlet.pull(900)
    outlet.hold(held=True)
    outlet.pull(PERIOD)
    ring.write(a[1_000:])
    assert not outlet.pull(PERIOD)[0][RAMP:].any()
    outlet.hold(held=False)
    assert np.array_equal(outlet.pull(PERIOD)[0][RAMP:], a[1_000 + RAMP : 1_000 + PERIOD])


def test_volume_is_a_cube_and_comes_in_a_ramp() -> None:
    rendered = Rendered(np.full((RATE, 2), 0.8, np.float32))
    rendered.pull(4_800)
    assert rendered.outlet.set_volume(0.5) == 4_800
    heard = rendered.pull(4_800)[:, 0] / 0.8
    assert np.abs(heard[:1_440] - (1 + (0.125 - 1) * np.arange(1, 1_441) / 1_440)).max() < 1e-6
    assert np.allclose(heard[1_440:], 0.125)


@pytest.mark.parametrize("pulled", [0, 200, 1_000])
def test_what_is_dropped_while_a_pause_begins_does_not_click(pulled: int) -> None:
    a = sine(1.0)
    rendered = Rendered(a)
    out = [rendered.pull(10_000)]
    rendered.outlet.hold(held=True)
    out.append(rendered.pull(pulled))
    rendered.outlet.drop()
    rendered.outlet.hold(held=False, at_once=True)
    out.append(rendered.pull(2_000))
    heard = np.concatenate(out)
    assert steepest(heard) <= steepest(a) + 0.5 / RAMP
    assert not heard[10_000 + RAMP :].any()
    assert rendered.ring.underruns == 0


class Playing:
    """An engine whose device is the test."""

    def __init__(self) -> None:
        self.answers: SimpleQueue[AnyAnswer] = SimpleQueue()
        self.engine = Engine(RATE, self.answers.put, lambda: "the test")
        self.engine.start()
        self.seen: list[AnyAnswer] = []
        self.heard = np.zeros((0, 2), np.float32)

    def ask(self, command: AnyCommand) -> Reply:
        self.engine.submit(command)
        while True:
            answer = self.answers.get(timeout=10)
            self.seen.append(answer)
            if isinstance(answer, Reply):
                assert answer.error is None
                return answer

    def filled(self) -> None:
        """Wait until enough is rendered for the next pull; a command is answered after it."""
        while self.engine.ring.filled < PERIOD:
            self.ask(protocol.GetStatus())

    def pull(self, frames: int) -> Samples:
        blocks = []
        for at in range(0, frames, PERIOD):
            self.filled()
            blocks.append(self.engine.pull(min(PERIOD, frames - at)))
        return np.concatenate(blocks)

    def told(self, kind: type) -> list[AnyAnswer]:
        self.ask(protocol.GetStatus())
        return [answer for answer in self.seen if isinstance(answer, kind)]


@pytest.fixture
def playing(files: Files) -> Iterator[Playing]:
    """A sine that plays for two periods, and another that waits."""
    made = Playing()
    items = [files.item("a", sine(3.0)), files.item("b", sine(3.0, 331.0))]
    made.ask(protocol.Load(items=items))
    made.pull(2 * PERIOD)
    yield made
    made.engine.finish(0.0)


def test_the_device_hears_of_a_pause_at_its_next_period_and_goes_on_from_there(playing: Playing) -> None:
    late = playing.engine.mixer.delay_frames
    assert playing.ask(protocol.Pause()).at_frame == 2 * PERIOD
    assert not playing.pull(RATE)[RAMP:].any()
    (paused,) = playing.told(Paused)
    assert isinstance(paused, Paused)
    assert paused.position_sec == pytest.approx((2 * PERIOD - late) / RATE)
    assert playing.ask(protocol.Play()).at_frame == 2 * PERIOD + RATE
    went_on = playing.pull(PERIOD)
    place = 2 * PERIOD - late + RAMP
    assert np.array_equal(went_on[RAMP:], sine(3.0)[place + RAMP : place + PERIOD])
    (resumed,) = playing.told(Resumed)
    assert isinstance(resumed, Resumed)
    assert resumed.position_sec == pytest.approx(place / RATE)
    assert playing.engine.ring.underruns == 0


def test_the_device_hears_of_the_volume_at_its_next_period(playing: Playing) -> None:
    assert playing.ask(protocol.Volume(volume=0.0)).at_frame == 2 * PERIOD
    assert not playing.pull(PERIOD)[1_440:].any()


def test_a_skip_on_hold_leaves_nothing_of_the_track_before(playing: Playing) -> None:
    late = playing.engine.mixer.delay_frames
    playing.ask(protocol.Pause())
    playing.pull(PERIOD)
    playing.ask(protocol.Skip())
    assert not playing.pull(PERIOD).any()
    playing.ask(protocol.Play())
    heard = playing.pull(PERIOD)
    assert np.array_equal(heard[RAMP + late :], sine(3.0, 331.0)[RAMP : PERIOD - late])


def test_a_seek_on_hold_begins_there(playing: Playing) -> None:
    late = playing.engine.mixer.delay_frames
    playing.ask(protocol.Pause())
    playing.pull(PERIOD)
    playing.ask(protocol.Seek(position_sec=1.0))
    playing.ask(protocol.Play())
    heard = playing.pull(PERIOD)
    assert np.array_equal(heard[RAMP + late :], sine(3.0)[RATE + RAMP : RATE + PERIOD - late])


def test_what_is_loaded_while_it_is_silent_is_heard_at_the_next_period(
    playing: Playing, files: Files
) -> None:
    playing.ask(protocol.Stop())
    while playing.engine.ring.filled:
        playing.engine.pull(PERIOD)
        playing.ask(protocol.GetStatus())
    assert not playing.engine.pull(PERIOD).any()
    playing.ask(protocol.Load(items=[files.item("c", sine(1.0))]))
    assert len(playing.told(Started)) == 2
    late = playing.engine.mixer.delay_frames
    assert np.array_equal(playing.pull(PERIOD)[late:], sine(1.0)[: PERIOD - late])
    assert playing.engine.ring.underruns == 0


def test_a_file_that_grows_is_waited_for_while_something_is_ready(tmp_path: Path) -> None:
    playing, track = Playing(), sine(1.0)
    spool = Spool(tmp_path / "spool.wav", RATE, 2)
    spool.append(track[: RATE // 4].T)
    growing = Item(id="a", path=str(spool.path), growing=True, available_sec=spool.available_sec)
    playing.ask(protocol.Load(items=[growing]))
    heard = [playing.pull(RATE // 10)]
    spool.append(track[RATE // 4 :].T)
    spool.close()
    playing.ask(protocol.Grow(item_id="a", available_sec=spool.available_sec, final=True))
    heard.append(playing.pull(RATE // 2))
    assert playing.told(Buffering) == []
    late = playing.engine.mixer.delay_frames
    assert np.array_equal(np.concatenate(heard)[late:], track[: RATE * 6 // 10 - late])
    playing.engine.finish(0.0)
