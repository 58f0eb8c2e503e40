"""Where does the sound come out? Devices by name or id, and what to do when one is unplugged."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, Protocol

import miniaudio
import numpy as np

from lofi_core.errors import AudioDeviceError
from lofi_core.player.protocol import Device, DeviceChanged

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from numpy.typing import NDArray

    Samples = NDArray[np.float32]
    Pull = Callable[[int], Samples]

# What a device asks for at a time, which is how late a pause is; and how many of those it holds.
PERIOD_MSEC, PERIODS = 25, 6
CHECK_SEC = 2.0  # how often the devices are looked at
# No callback for so long: the device is gone. Most systems do not say so.
SILENT_SEC = 2.0
DEFAULT, NULL = "default", "null"
NOWHERE = Device(NULL, NULL)
NO_DEVICE = "plug one in, or set audio.device to 'null' to do without"
COMMON_RATE = 48_000


class Opened(Protocol):
    """A device that plays."""

    name: str

    def close(self) -> None:
        """End it. Doing it twice is harmless."""


class System(Protocol):
    """What lists and opens devices: miniaudio, or a fake in tests."""

    def list(self) -> list[Device]:
        """All that are there. Raises AudioDeviceError."""

    def open(self, device: Device | None, pull: Pull, rate: int) -> Opened:
        """Play what `pull(frames)` returns, [frames, 2] at `rate` Hz; None is the system's default.

        Raises AudioDeviceError.
        """


class Miniaudio:
    """The devices of this system, and `NOWHERE`, which takes samples in real time and is silent."""

    def __init__(self) -> None:
        self._ids: dict[str, Any] = {}

    def list(self) -> list[Device]:
        """All that can play."""
        try:
            found = miniaudio.Devices().get_playbacks()
        except miniaudio.MiniaudioError as error:
            raise AudioDeviceError(f"the audio devices cannot be listed: {error.args[0]}") from error
        self._ids = {id_text(each["id"]): each["id"] for each in found}
        return [Device(id_text(each["id"]), each["name"]) for each in found]

    def native_rate(self) -> int:
        """Hz, of the first device listed, the default on most systems; 48,000 where it takes any."""
        try:
            found = miniaudio.Devices().get_playbacks()
        except miniaudio.MiniaudioError:
            return COMMON_RATE
        rates = [each["samplerate"] for device in found[:1] for each in device["formats"]]
        return COMMON_RATE if COMMON_RATE in rates or 44_100 not in rates else 44_100

    def open(self, device: Device | None, pull: Pull, rate: int) -> Opened:
        """Begin to play."""
        backends = (
            [miniaudio.Backend.NULL] if device == NOWHERE else []
        )  # none lets miniaudio try all, null last
        return _Playing(backends, device, self._ids.get(device.id) if device else None, pull, rate)


class _Playing:
    """A miniaudio device with our generator in it."""

    def __init__(
        self, backends: list[Any], device: Device | None, device_id: Any, pull: Pull, rate: int
    ) -> None:
        self._closed = False
        try:
            self._device = miniaudio.PlaybackDevice(
                *(miniaudio.SampleFormat.FLOAT32, 2, rate, PERIOD_MSEC, device_id, PERIODS),
                backends=backends,
                app_name="lofi-core",
            )
        except miniaudio.MiniaudioError as error:
            name = repr(device.name) if device else "the default audio device"
            raise AudioDeviceError(f"{name} does not open: {error.args[0]}", NO_DEVICE) from error
        if not backends and self._device.backend == "Null":
            self.close()
            raise AudioDeviceError("this machine has no audio device", NO_DEVICE)
        # What the system calls its default, nobody tells; so it is `default (ALSA)`.
        self.name = device.name if device else f"{DEFAULT} ({self._device.backend})"
        samples = feed(pull)
        next(samples)
        try:
            self._device.start(samples)
        except miniaudio.MiniaudioError as error:
            self.close()
            raise AudioDeviceError(f"{self.name!r} does not start: {error.args[0]}") from error

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._device.close()
            # miniaudio forgets it, and a sound server would keep a connection for each.
            miniaudio.lib.ma_context_uninit(self._device._context)  # noqa: SLF001


def feed(pull: Pull) -> Generator[memoryview | bytes, int, None]:
    """What miniaudio asks for samples. It must not end or raise: the device would fall silent."""
    frames = yield b""
    while True:
        try:
            content: memoryview | bytes = pull(frames).data.cast("B")
        except Exception:  # noqa: BLE001 - see above; silence for one period, and the callback goes on
            content = b""
        frames = yield content


def id_text(device_id: Any) -> str:
    """A system's id of a device as text: readable where it is, hexadecimal otherwise."""
    content = bytes(miniaudio.ffi.buffer(device_id)).rstrip(b"\0")
    text = content.decode("ascii", "replace")
    return text if text.isprintable() and text.isascii() and text else content.hex()


@dataclass
class _Wanted:
    name: str
    lost: bool = False  # it was there once, and the default stands in for it


class Output:
    """Keeps sound coming: the wanted device while it is there, else the default.

    `use`, `close` and the watch may come from different threads.

    Args:
        system: lists and opens devices.
        pull: gives samples, see `System.open`.
        rate: Hz.
        tell: gets `DeviceChanged`, from the watching thread.
        last_read: monotonic seconds of the last `pull`; 0 before the first.
    """

    def __init__(
        self,
        system: System,
        pull: Pull,
        rate: int,
        tell: Callable[[DeviceChanged], None],
        last_read: Callable[[], float],
    ) -> None:
        self._system, self._pull, self._rate = system, pull, rate
        self._tell, self._last_read = tell, last_read
        self._lock = threading.RLock()
        self._wanted = _Wanted(DEFAULT)
        self._opened: Opened | None = None
        self._opened_at = 0.0
        self._pulling = threading.Lock()
        self._turns = count(1)
        self._turn = 0  # of the newest device that has asked for samples
        self._closed = threading.Event()

    @property
    def name(self) -> str | None:
        """The device in use; None without any."""
        return self._opened.name if self._opened else None

    def use(self, wanted: str) -> str:
        """Play on the device of that name or id. What plays goes on there, where it was.

        Raises:
            AudioDeviceError: there is none, or it does not open; the one before plays on.
        """
        with self._lock:
            device = None if wanted == DEFAULT else self._find(wanted)
            if wanted != DEFAULT and device is None:
                names = ", ".join(repr(each.name) for each in self._system.list()) or "none"
                raise AudioDeviceError(f"there is no audio device {wanted!r}", f"there are: {names}")
            self._open(device)
            self._wanted = _Wanted(wanted)
            return self.name or DEFAULT

    def begin(self, wanted: str) -> None:
        """Play on the device of that name or id, or on the default until it is there.

        Raises:
            AudioDeviceError: not even that opens. `check` tries again.
        """
        with self._lock:
            try:
                self.use(wanted)
            except AudioDeviceError as error:
                if wanted in {DEFAULT, NULL}:
                    raise
                self._wanted = _Wanted(wanted, lost=True)
                self._open(None)
                self._say(error.message)

    def watch(self) -> None:
        """Look after the device until `close`. In a thread of its own."""
        while not self._closed.wait(CHECK_SEC):
            self.check()

    def check(self) -> None:
        """Fall back when the device is gone, return when it is there again."""
        with self._lock:
            if self._closed.is_set():
                return
            wanted = self._wanted
            silent = time.monotonic() - max(self._last_read(), self._opened_at) > SILENT_SEC
            try:
                if wanted.lost and (device := self._find(wanted.name)):
                    self._open(device)
                    wanted.lost = False
                    self._say(f"{device.name} is back")
                elif self._opened is None:
                    self._open(self._stand_in)
                    self._say("an audio device is there")
                elif silent or not (wanted.lost or wanted.name == DEFAULT or self._find(wanted.name)):
                    self._fall_back()
            except AudioDeviceError:
                return  # looked at again soon

    def close(self) -> None:
        """End the device and the watch."""
        self._closed.set()
        with self._lock:
            if self._opened:
                self._opened.close()
            self._opened = None

    def _fall_back(self) -> None:
        gone = self.name
        self._wanted.lost = self._wanted.name not in {DEFAULT, NULL}
        try:
            self._open(self._stand_in)
        except AudioDeviceError as error:
            if self._opened:
                self._opened.close()
            self._opened = None
            self._say(f"{gone} is gone, and {error}")
            return
        self._say(f"{gone} is gone")

    @property
    def _stand_in(self) -> Device | None:
        """Never the speakers for somebody who asked for silence."""
        return NOWHERE if self._wanted.name == NULL else None

    def _open(self, device: Device | None) -> None:
        """Open a device in the place of the one in use, which stays when that fails.

        That one has the samples until the new one asks for some, and silence from then on. So none is lost
        on the way, none comes twice, and no silence comes between them. What a real device has taken and not
        played is lost with it, a few periods at most.
        """
        before, turn = self._opened, self._turn
        try:
            pull = partial(self._pull_in_turn, next(self._turns))
            self._opened = self._system.open(device, pull, self._rate)
        except BaseException:
            with self._pulling:
                self._turn = turn
            raise
        self._opened_at = time.monotonic()
        if before:
            before.close()

    def _pull_in_turn(self, turn: int, frames: int) -> Samples:
        with self._pulling:  # two at once would share the samples
            if turn < self._turn:
                return np.zeros((frames, 2), np.float32)
            self._turn = turn
            return self._pull(frames)

    def _find(self, wanted: str) -> Device | None:
        if wanted == NULL:
            return NOWHERE
        devices = self._system.list()
        return next(
            (d for d in devices if wanted == d.id), next((d for d in devices if wanted == d.name), None)
        )

    def _say(self, message: str) -> None:
        self._tell(DeviceChanged(device=self.name, wanted=self._wanted.name, message=message))
