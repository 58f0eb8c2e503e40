"""Where do samples stay until their track is finished? In a float32 WAV that grows and can be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from lofi_core.tracks.failures import storage_failures
from lofi_core.tracks.gain import choose_gain_db
from lofi_core.tracks.loudness import LoudnessMeter
from lofi_core.tracks.true_peak import TruePeakMeter
from lofi_core.tracks.wav import HEADER_BYTES, SAMPLE_BYTES, float_wav_header

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from lofi_core.backend import Loudness

    Samples = NDArray[np.float32]

Meters: TypeAlias = tuple[LoudnessMeter, TruePeakMeter]

BLOCK_FRAMES = 65_536  # what is in memory at once; libsndfile's Vorbis encoder crashes on millions


@dataclass(frozen=True, slots=True)
class Measured:
    """Loudness (LUFS) and true peak (dBTP) of all samples; -inf is silence."""

    loudness_lufs: float
    true_peak_dbtp: float


class Spool:
    """One growing track. All methods run in the store thread.

    After every `append` the file is a valid WAV of everything appended: samples are written first, then the
    sizes in the header, so a reader in another process never meets a frame that is not there.

    Attributes:
        path: the WAV.
        sample_rate: Hz.
        channels: C.
        frames: how many are on disk. Other threads may read it.
    """

    def __init__(self, path: Path, sample_rate: int, channels: int) -> None:
        self.path = path
        self.sample_rate = sample_rate
        self.channels = channels
        self.frames = 0
        self._meters: Meters | None = LoudnessMeter(sample_rate, channels), TruePeakMeter(channels)
        self._measured: Measured | None = None
        self._stream_gain_db: float | None = None
        with storage_failures(f"opening spool {path.name}", path.parent):
            self._file = path.open("xb", buffering=0)
            try:
                self._write_at(0, float_wav_header(sample_rate, channels, 0))
            except BaseException:
                self._file.close()
                path.unlink()
                raise

    @property
    def available_sec(self) -> float:
        """How much of the file can be played."""
        return self.frames / self.sample_rate

    def append(self, block: Samples) -> None:
        """Write and measure the next samples.

        Args:
            block: [C, N] as `check_audio` returns it; N may be 0.

        Raises:
            TrackWriteFailed: the disk is full or gone. What was there before stays readable.
            ValueError: the spool is closed.
        """
        if self._meters is None:
            raise ValueError(f"spool {self.path.name} is closed")
        for start in range(0, block.shape[1], BLOCK_FRAMES):
            piece = block[:, start : start + BLOCK_FRAMES]
            frames = self.frames + piece.shape[1]
            header = float_wav_header(self.sample_rate, self.channels, frames)
            with storage_failures(f"writing spool {self.path.name}", self.path.parent):
                self._write_at(self._offset(self.frames), np.ascontiguousarray(piece.T, "<f4").tobytes())
                self._write_at(0, header)
            self.frames = frames
            for meter in self._meters:
                meter.add(piece)

    def measure(self) -> Measured:
        """Loudness and true peak of the whole; the spool takes no more samples."""
        if self._measured is None:
            if self._meters is None:
                raise ValueError(f"spool {self.path.name} was retired without being measured")
            loudness, true_peak = self._meters
            self._measured = Measured(loudness.finish(), true_peak.finish())
        self.retire()
        return self._measured

    def retire(self) -> None:
        """Only the file is wanted from now on, by whoever plays it: half a megabyte of meters goes."""
        self.close()
        self._meters = None

    def stream_gain_db(self, policy: Loudness) -> float:
        """What a player should make the growing file louder by: fixed by what was there at the first call."""
        if self._stream_gain_db is None:
            loudness, true_peak = LoudnessMeter(self.sample_rate, self.channels), TruePeakMeter(self.channels)
            for block in self.blocks() if policy == "measured" else ():
                loudness.add(block)
                true_peak.add(block)
            self._stream_gain_db = choose_gain_db(loudness.finish(), true_peak.finish(), policy)
        return self._stream_gain_db

    def blocks(self) -> Iterator[Samples]:
        """Read everything back, [C, at most 65,536] at a time."""
        frame_bytes = self.channels * SAMPLE_BYTES
        with storage_failures(f"reading spool {self.path.name}", self.path), self.path.open("rb") as file:
            file.seek(HEADER_BYTES)
            for start in range(0, self.frames, BLOCK_FRAMES):
                frames = min(BLOCK_FRAMES, self.frames - start)
                content = file.read(frames * frame_bytes)
                if len(content) != frames * frame_bytes:
                    raise OSError(f"the file ends before frame {start + frames} of {self.frames}")
                yield np.frombuffer(content, "<f4").reshape(frames, self.channels).T

    def close(self) -> None:
        """End the writing; the file stays for whoever plays it."""
        self._file.close()

    def discard(self) -> None:
        """Close and remove the file. Doing it twice is harmless."""
        self.close()
        with storage_failures(f"removing spool {self.path.name}", self.path):
            self.path.unlink(missing_ok=True)

    def _offset(self, frame: int) -> int:
        return HEADER_BYTES + frame * self.channels * SAMPLE_BYTES

    def _write_at(self, offset: int, content: bytes) -> None:
        self._file.seek(offset)
        rest = memoryview(content)
        while rest:
            rest = rest[self._file.write(rest) :]
