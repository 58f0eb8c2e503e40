"""What does a WAV file say beside its samples? A header that grows with the file, and where it repeats."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import BinaryIO

IEEE_FLOAT = 3
SAMPLE_BYTES = 4
# RIFF, fmt (18 bytes: an extension size follows, as for any format but PCM), fact (frames), data
_HEADER = struct.Struct("<4sI4s 4sIHHIIHHH 4sII 4sI")
HEADER_BYTES = _HEADER.size
_MOST = 2**32 - 1
# smpl: maker, product, period of a sample in ns, MIDI note 60 and its fraction, no SMPTE, one loop, nothing
# else; its id, type 0 (forwards), first and last sample, fraction, and 0 for without end
_SAMPLER = struct.Struct("<4sI 9I 6I")


def float_wav_header(sample_rate: int, channels: int, frames: int) -> bytes:
    """The header of a float32 WAV of so many frames. Sizes past 4 GiB are given as 4 GiB, as others do."""
    frame_bytes = channels * SAMPLE_BYTES
    data_bytes = min(frames * frame_bytes, _MOST - HEADER_BYTES)
    return _HEADER.pack(
        *(b"RIFF", HEADER_BYTES - 8 + data_bytes, b"WAVE"),
        *(b"fmt ", 18, IEEE_FLOAT, channels, sample_rate, sample_rate * frame_bytes),
        *(frame_bytes, 8 * SAMPLE_BYTES, 0),
        *(b"fact", 4, min(frames, _MOST)),
        *(b"data", data_bytes),
    )


def add_sampler_loop(file: BinaryIO, sample_rate: int, start: int, length: int) -> None:
    """Append a `smpl` chunk to a whole WAV file: samplers and audio workstations read the loop from there.

    Args:
        file: open for reading and writing.
        sample_rate: Hz.
        start: first sample of the loop.
        length: samples it has.
    """
    size = file.seek(0, os.SEEK_END)
    file.write(b"\0" * (size % 2))
    period_ns = round(1e9 / sample_rate)
    loop = (0, 0, start, start + length - 1, 0, 0)
    file.write(_SAMPLER.pack(b"smpl", _SAMPLER.size - 8, 0, 0, period_ns, 60, 0, 0, 0, 1, 0, *loop))
    riff_bytes = file.tell() - 8
    file.seek(4)
    file.write(struct.pack("<I", min(riff_bytes, _MOST)))
