"""How the medium colours the mix: wow, saturation, the room and the tone, on a running stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lofi_procedural.plan import SAMPLE_RATE
from lofi_procedural.sound.balance import THIRDS_HZ
from lofi_procedural.sound.curves import slow_curve, turns_of
from lofi_procedural.sound.spectrum import fast_length, minimum_phase, response

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from lofi_procedural.sound.types import Floats, Stereo

DRIVE = 1.6
DARKEST_HZ, OPENEST_HZ = 4_500.0, 12_000.0
RUMBLE_HZ = 32.0
TOP_HZ = 12_000.0  # above it there is only what tires
ROOM_SEC, ROOM_T60_SEC = 0.9, 1.0
# Held notes come back 4 dB under the dry sound: louder, the room would move players from their places.
ROOM_LEVEL = 0.14
ROOM_SHARE = 0.5  # of the power of held notes comes back, in the middle of the spectrum
WOW_HZ, FLUTTER_HZ = 0.55, 6.3
LONGEST_DELAY = 512  # samples


class Wow:
    """Varies the speed as worn tape does, by reading the stream through a delay that breathes."""

    def __init__(self, depth: float, start: int = 0, loop_sec: float | None = None) -> None:
        """Begin to move.

        Args:
            depth: 0 (none) … 1 (worn).
            start: position of the first sample that will come.
            loop_sec: after so long the movement is where it was; None where it need not be.
        """
        self._depth = depth
        self._past: Stereo = np.zeros((2, LONGEST_DELAY), np.float32)
        self._position = start
        self._wow_hz, self._flutter_hz = turns_of(WOW_HZ, loop_sec), turns_of(FLUTTER_HZ, loop_sec)

    def process(self, block: Stereo) -> Stereo:
        """Take [2, N], return [2, N]."""
        count = block.shape[1]
        joined = np.concatenate((self._past, block), axis=1)
        read = np.arange(count) + (LONGEST_DELAY - 1.0) - slow_curve(self._delay, self._position, count)
        whole = read.astype(np.intp)
        part = (read - whole).astype(np.float32)
        self._past = joined[:, -LONGEST_DELAY:]
        self._position += count
        before = joined[:, whole]
        return before + part * (joined[:, whole + 1] - before)

    def _delay(self, time: Floats) -> Floats:
        """Samples the tape lags. Swinging by 30 at 0.55 Hz detunes by 2 pi * 0.55 * 30 / 48000: 3.7 cents."""
        slow = 30.0 * (1.0 - np.cos(2 * np.pi * self._wow_hz * time))
        lag: Floats = self._depth * (slow + 0.9 * (1.0 - np.cos(2 * np.pi * self._flutter_hz * time)))
        return lag


class Room:
    """Adds the room and shapes the tone in one convolution; what rings on is kept for the next block.

    Args:
        brightness: of the tone, 0 to 1.
        curve: gain of the tone besides, in dB at each of `THIRDS_HZ`.
        rng: of the room.
    """

    def __init__(self, brightness: float, curve: Floats, rng: Generator) -> None:
        self._tone = tone_kernel(brightness, curve)
        self._room = _room_kernel(rng, tone_kernel(brightness), self._tone)
        self._spectra: dict[int, tuple[NDArray[np.complexfloating], NDArray[np.complexfloating]]] = {}
        self._tail: Stereo = np.zeros((2, self._room.shape[1] - 1), np.float32)

    def process(self, dry: Stereo, send: Stereo) -> Stereo:
        """Take the dry mix and the send, [2, N] each; return [2, N]."""
        count, tail = dry.shape[1], self._tail.shape[1]
        size = fast_length(count + tail)
        tone, room = self._kernels(size)
        spectrum = np.fft.rfft(dry, size) * tone
        spectrum += np.fft.rfft(send.sum(axis=0, dtype=np.float32), size) * room
        wet = np.fft.irfft(spectrum, size)[:, : count + tail].astype(np.float32)
        wet[:, :tail] += self._tail
        self._tail = wet[:, count:].copy()
        return wet[:, :count]

    def _kernels(self, size: int) -> tuple[NDArray[np.complexfloating], NDArray[np.complexfloating]]:
        if size not in self._spectra:
            tone = np.fft.rfft(self._tone.astype(np.float32), size)
            self._spectra[size] = tone, np.fft.rfft(self._room.astype(np.float32), size)
        return self._spectra[size]


def saturate(block: Stereo) -> Stereo:
    """Round the peaks off, as tape does: unit gain when quiet, odd harmonics only, so no DC."""
    warm: Stereo = np.tanh(np.float32(DRIVE) * block) / np.float32(DRIVE)
    return warm


def tone_response(hz: NDArray[np.floating], brightness: float) -> Floats:
    """Gain at frequencies: no rumble below, a gentle roll-off above; `brightness` is 0 to 1."""
    cutoff = DARKEST_HZ * (OPENEST_HZ / DARKEST_HZ) ** brightness
    shape = response(hz, RUMBLE_HZ, cutoff, order=2) * response(hz, 1.0, TOP_HZ, order=6)
    # Bright and dark are a tilt above 700 Hz as well, up to 4 dB at 7 kHz.
    shape *= (1.0 + (hz / 700.0) ** 2) ** (0.25 * (brightness - 0.5))
    # A broad bass lift of 1.5 dB: the warmth of the head bump.
    shape *= 1.0 + 0.19 * np.exp(-(np.log2(np.maximum(hz, 1.0) / 85.0) ** 2))
    return shape


def heard_response(hz: Floats, brightness: float) -> Floats:
    """Gain at frequencies for held notes, with what comes back from the room."""
    heard: Floats = tone_response(hz, brightness) * np.sqrt(1.0 + ROOM_SHARE * _room_colour(hz) ** 2)
    return heard


def _room_colour(hz: NDArray[np.floating]) -> Floats:
    """The room is darker than the music, and free of bass."""
    return response(hz, 200.0, 1e9, order=2) * response(hz, 1.0, 3_200.0, order=1)


def tone_kernel(brightness: float, curve: Floats | None = None) -> Floats:
    """The tone as a filter: [4096] taps of least delay.

    Args:
        brightness: 0 to 1.
        curve: gain in dB at each of `THIRDS_HZ` besides.
    """
    hz = np.fft.rfftfreq(16_384, 1.0 / SAMPLE_RATE)
    shape = tone_response(hz, brightness)
    if curve is not None:
        shape *= 10.0 ** (np.interp(np.log2(np.maximum(hz, 1.0)), np.log2(THIRDS_HZ), curve) / 20.0)
    return minimum_phase(shape, 4_096)


def _room_kernel(rng: Generator, usual: Floats, tone: Floats) -> Floats:
    """Two unlike tails of noise, darker than the music and free of bass, behind a tone, [2, taps].

    They are as loud as behind the usual tone they should be, so a tilt leaves dry and wet as they were.
    """
    samples = round(ROOM_SEC * SAMPLE_RATE)
    time = np.arange(samples) / SAMPLE_RATE
    noise = rng.standard_normal((2, samples)) * 10.0 ** (-3.0 * time / ROOM_T60_SEC)
    delay = round(0.012 * SAMPLE_RATE)
    noise[:, :delay] = 0.0
    noise *= np.minimum(1.0, (samples - np.arange(samples)) / 4_800)
    hz = np.fft.rfftfreq(65_536, 1.0 / SAMPLE_RATE)
    shape = _room_colour(hz)
    spectrum = _balance(np.fft.rfft(noise, 65_536) * shape, hz)
    heard = np.abs(spectrum * np.fft.rfft(usual, 65_536)) ** 2
    spectrum *= ROOM_LEVEL / np.sqrt(2 * heard.sum(axis=1, keepdims=True) / 65_536)
    tail: Floats = np.fft.irfft(spectrum * np.fft.rfft(tone, 65_536), 65_536)[:, : samples + 2_000]
    return tail


def _balance(spectrum: NDArray[np.complexfloating], hz: NDArray[np.floating]) -> NDArray[np.complexfloating]:
    """Give both sides [2, bins] the same power in every third of an octave.

    Two tails of noise differ by up to 4 dB there, and a held chord would lean to one side.
    """
    power = np.cumsum(np.abs(spectrum) ** 2 + 1e-20, axis=1)
    power = np.concatenate((np.zeros((2, 1)), power), axis=1)
    low, high = np.searchsorted(hz, hz / 1.12), np.searchsorted(hz, hz * 1.12, side="right")
    near = power[:, high] - power[:, low]
    balanced: NDArray[np.complexfloating] = spectrum * np.sqrt(near.mean(axis=0) / near)
    return balanced
