"""Which device plays when one is named, unplugged and plugged in again? With a system of fake devices."""

from __future__ import annotations

import threading
import time
from itertools import count
from typing import TYPE_CHECKING

import numpy as np
import pytest

from lofi_core.errors import AudioDeviceError
from lofi_core.player import device as devices
from lofi_core.player.device import Miniaudio, Output, feed
from lofi_core.player.protocol import Device, DeviceChanged
from tests.player.conftest import RATE, Samples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lofi_core.player.device import Opened, Pull


class Speakers:
    """A fake device that plays when the test says so."""

    def __init__(self, name: str, pull: Pull) -> None:
        self.name, self.pull, self.closed = name, pull, False

    def close(self) -> None:
        self.closed = True


class Fakes:
    """A system whose devices the test plugs in and out."""

    def __init__(self, *names: str) -> None:
        self.there = list(names)
        self.opened: list[Speakers] = []

    def list(self) -> list[Device]:
        return [Device(f"hw:{name}", name) for name in self.there]

    def open(self, device: Device | None, pull: Pull, rate: int) -> Opened:  # noqa: ARG002 - one for all
        name = device.name if device else next(iter(self.there), None)
        if name is None or (device and name not in [*self.there, "null"]):
            raise AudioDeviceError("this machine has no audio device")
        self.opened.append(Speakers(name, pull))
        return self.opened[-1]


class Rig:
    def __init__(self, *names: str) -> None:
        self.system = Fakes(*names)
        self.told: list[DeviceChanged] = []
        self.pulled = 0
        self.last_read = time.monotonic()
        self.output = Output(self.system, self.pull, RATE, self.told.append, lambda: self.last_read)

    def pull(self, frames: int) -> Samples:
        self.pulled += frames
        return np.ones((frames, 2), np.float32)

    def check(self) -> str | None:
        self.last_read = time.monotonic()
        self.output.check()
        return self.output.name


def test_a_device_is_found_by_its_name_or_id() -> None:
    rig = Rig("Speakers", "Headphones")
    assert rig.output.use("Headphones") == "Headphones"
    assert rig.output.use("hw:Speakers") == "Speakers"
    assert [each.closed for each in rig.system.opened] == [True, False]


def test_a_device_that_is_not_there_leaves_the_one_before_playing() -> None:
    rig = Rig("Speakers", "Headphones")
    rig.output.use("Headphones")
    with pytest.raises(AudioDeviceError, match="no audio device 'Bluetooth'") as error:
        rig.output.use("Bluetooth")
    assert error.value.hint == "there are: 'Speakers', 'Headphones'"
    assert rig.output.name == "Headphones"
    assert rig.system.opened[0].pull(5).all()


def test_two_devices_never_share_the_samples() -> None:
    rig = Rig("Speakers", "Headphones")
    rig.output.use("Headphones")
    rig.output.use("Speakers")
    before, now = rig.system.opened
    assert now.pull(10).all()
    assert not before.pull(10).any()
    assert rig.pulled == 10


def test_a_device_has_the_samples_until_the_next_one_asks_for_some(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig("Speakers", "Headphones")
    rig.output.use("Speakers")
    (speakers,) = rig.system.opened
    opening = rig.system.open

    def slow(device: Device | None, pull: Pull, rate: int) -> Opened:
        heard.append(speakers.pull(10))
        return opening(device, pull, rate)

    heard: list[Samples] = []
    monkeypatch.setattr(rig.system, "open", slow)
    rig.output.use("Headphones")
    assert heard[0].all()
    assert rig.system.opened[1].pull(10).all()
    assert rig.pulled == 20


def test_a_device_that_breaks_while_it_opens_gives_the_samples_back(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig("Speakers", "Headphones")
    rig.output.use("Speakers")
    (speakers,) = rig.system.opened
    assert speakers.pull(10).all()

    def breaks(_device: Device | None, pull: Pull, _rate: int) -> Opened:
        pull(10)
        raise AudioDeviceError("it does not start")

    monkeypatch.setattr(rig.system, "open", breaks)
    with pytest.raises(AudioDeviceError):
        rig.output.use("Headphones")
    assert speakers.pull(10).all()


def test_devices_that_pull_at_once_get_every_sample_once() -> None:
    counted, given, got = count(1), [], []

    def pull(frames: int) -> Samples:
        number = next(counted)
        time.sleep(0)  # lets the other thread in
        given.append(number)
        return np.full((frames, 2), number, np.float32)

    system = Fakes("Speakers", "Headphones")
    output = Output(system, pull, RATE, print, time.monotonic)
    stop = threading.Event()

    def play() -> None:
        while not stop.is_set():
            got.extend(device.pull(1)[0, 0] for device in system.opened[-2:])

    threads = [threading.Thread(target=play) for _ in range(2)]
    output.use("Speakers")
    for thread in threads:
        thread.start()
    for _ in range(50):
        output.use("Headphones")
        output.use("Speakers")
    stop.set()
    for thread in threads:
        thread.join()
    assert given == list(range(1, len(given) + 1))
    assert sorted(number for number in got if number) == given


def test_an_unplugged_device_gives_way_to_the_default_and_returns() -> None:
    rig = Rig("Speakers", "Headphones")
    rig.output.use("Headphones")
    assert rig.check() == "Headphones"
    rig.system.there.remove("Headphones")
    assert rig.check() == "Speakers"
    assert rig.check() == "Speakers"
    rig.system.there.append("Headphones")
    assert rig.check() == "Headphones"
    assert [(each.device, each.message) for each in rig.told] == [
        ("Speakers", "Headphones is gone"),
        ("Headphones", "Headphones is back"),
    ]


def test_the_default_is_opened_anew_when_it_asks_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "SILENT_SEC", -1.0)
    rig = Rig("Speakers")
    rig.output.use("default")
    rig.check()
    assert len(rig.system.opened) == 2
    assert rig.system.opened[0].closed


def test_the_last_device_gone_is_told_and_the_next_one_taken() -> None:
    rig = Rig("Speakers")
    rig.output.use("Speakers")
    rig.system.there.clear()
    assert rig.check() is None
    assert rig.system.opened[0].closed
    assert rig.told[-1].device is None
    rig.system.there.append("Headphones")
    assert rig.check() == "Headphones"
    rig.system.there.append("Speakers")
    assert rig.check() == "Speakers"


def test_a_wanted_device_may_come_after_the_start() -> None:
    rig = Rig("Speakers")
    rig.output.begin("Headphones")
    assert rig.output.name == "Speakers"
    rig.system.there.append("Headphones")
    assert rig.check() == "Headphones"


def test_whoever_asked_for_silence_gets_no_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "SILENT_SEC", -1.0)
    rig = Rig("Speakers")
    rig.output.use("null")
    assert rig.check() == "null"


def test_what_the_device_asks_for_samples_never_ends() -> None:
    calls: Iterator[Exception | Samples] = iter(
        [RuntimeError("a bug"), StopIteration(), np.ones((4, 2), np.float32)]
    )

    def pull(frames: int) -> Samples:
        result = next(calls)
        if isinstance(result, np.ndarray):
            return result
        raise result

    samples = feed(pull)
    next(samples)
    assert [len(samples.send(4)), len(samples.send(4)), len(samples.send(4))] == [0, 0, 4 * 2 * 4]


def test_miniaudio_lists_devices_with_different_ids() -> None:
    found = Miniaudio().list()
    assert len({each.id for each in found}) == len(found)
    assert all(each.id and each.name for each in found)
