"""What is in a file? Read by libsndfile, or, while it is still being written, straight from a float32 WAV."""

from __future__ import annotations

import os
import struct
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from lofi_core.errors import TrackWriteFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

IEEE_FLOAT = 3
SAMPLE_BYTES = 4
# Some encoders promise a few frames more than they hold; this much less is still the whole track.
MISSING_SEC = 1.0
_CHUNK = struct.Struct("<4sI")
_FORMAT = struct.Struct("<HHIIHH")


class TrackUnreadable(TrackWriteFailed):
    """A track's file is missing, broken, or may not be read. The message names the path."""


@contextmanager
def reading(path: str) -> Iterator[None]:
    """Turn what the libraries raise into errors that name the file."""
    try:
        yield
    except FileNotFoundError:
        raise TrackUnreadable(f"there is no file {path}", "it was moved or removed") from None
    except OSError as error:
        raise TrackUnreadable(f"reading {path}: {error.strerror or error}") from error
    except (soundfile.SoundFileError, ValueError, struct.error) as error:
        said = str(error).removeprefix(f"Error opening {path!r}: ")
        raise TrackUnreadable(f"{path} cannot be played: {said}", "is it whole, and is it audio?") from error


class FileDecoder:
    """A whole file, in any format that libsndfile knows.

    Raises:
        TrackUnreadable: it is missing, is no audio, or may not be read.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        with reading(path):
            # Opened by us, so that a missing file is told from a broken one.
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                if hasattr(os, "posix_fadvise"):  # not on macOS
                    os.posix_fadvise(self._descriptor, 0, 0, os.POSIX_FADV_WILLNEED)
                self._file = soundfile.SoundFile(self._descriptor, closefd=False)
            except BaseException:
                os.close(self._descriptor)
                raise
        self.sample_rate: int = self._file.samplerate
        self._frames: int = self._file.frames
        self._at = 0

    @property
    def frames(self) -> int:
        """How many there are; fewer than promised once fewer have come."""
        return self._frames

    def read(self, frames: int) -> Samples:
        """The next samples, [at most `frames`, C]; none at the end.

        Raises:
            TrackUnreadable: the file is broken here, or ends more than a second early.
        """
        with reading(self._path):
            block: Samples = self._file.read(frames, dtype="float32", always_2d=True)
        self._at += len(block)
        if not len(block) and self._at < self._frames:
            if self._frames - self._at > MISSING_SEC * self.sample_rate:
                ends, whole = self._at / self.sample_rate, self._frames / self.sample_rate
                raise TrackUnreadable(
                    f"{self._path} breaks off after {ends:.1f} of {whole:.1f} s", "is it whole?"
                )
            self._frames = self._at
        return block

    def seek(self, frame: int) -> None:
        """Go to a frame, at most to the end."""
        with reading(self._path):
            self._at = int(self._file.seek(min(frame, self._frames)))

    def close(self) -> None:
        """Close the file."""
        if not self._file.closed:
            self._file.close()
            os.close(self._descriptor)


class GrowingDecoder:
    """A float32 WAV that somebody is still writing. Its header's sizes say nothing; `grow` does.

    Raises:
        TrackUnreadable: it is missing or no float32 WAV.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._at = self._available = 0
        self._final = False
        with reading(path):
            self._file = Path(path).open("rb", buffering=0)  # noqa: SIM115 - closed by `close`
            try:
                self.channels, self.sample_rate, self._start = read_float_wav_header(self._file.read(4_096))
            except BaseException:
                self._file.close()
                raise

    @property
    def frames(self) -> int | None:
        """How many there are, once nothing more is written."""
        return self._available if self._final else None

    def grow(self, available_sec: float, *, final: bool) -> None:
        """So much can be read now. It never becomes less."""
        self._available = max(self._available, round(available_sec * self.sample_rate))
        self._final = self._final or final

    def read(self, frames: int) -> Samples:
        """The next samples that can be read, [at most `frames`, C]; none at the end, or for now.

        Raises:
            TrackUnreadable: what was announced is not there.
        """
        wanted = max(0, min(frames, self._available - self._at))
        frame_bytes = self.channels * SAMPLE_BYTES
        with reading(self._path):
            self._file.seek(self._start + self._at * frame_bytes)
            content = self._file.read(wanted * frame_bytes)
        if len(content) < wanted * frame_bytes:
            raise TrackUnreadable(
                f"{self._path} ends before {self._available / self.sample_rate:.1f} s", "is it whole?"
            )
        self._at += wanted
        return np.frombuffer(content, "<f4").reshape(wanted, self.channels).astype(np.float32)

    def seek(self, frame: int) -> None:
        """Go to a frame, which may not be written yet."""
        self._at = frame

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_float_wav_header(head: bytes) -> tuple[int, int, int]:
    """Channels, sample rate (Hz) and the byte where the samples begin, from a WAV's first bytes.

    Raises:
        ValueError: it is no float32 WAV, or its samples begin later.
    """
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        raise ValueError("it is no WAV")
    at, found = 12, None
    while at + _CHUNK.size <= len(head):
        name, size = _CHUNK.unpack_from(head, at)
        at += _CHUNK.size
        if name == b"fmt ":
            kind, channels, sample_rate, _, _, bits = _FORMAT.unpack_from(head, at)
            if kind != IEEE_FLOAT or bits != 8 * SAMPLE_BYTES or not channels or not sample_rate:
                raise ValueError("only float32 WAVs can be played while they grow")
            found = channels, sample_rate
        elif name == b"data":
            if found is None:
                break
            return *found, at
        at += size + size % 2
    raise ValueError("its header is not whole")
