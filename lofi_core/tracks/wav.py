"""What do the first bytes of a float32 WAV file say? A header that can be rewritten while the file grows."""

from __future__ import annotations

import struct

IEEE_FLOAT = 3
SAMPLE_BYTES = 4
# RIFF, fmt (18 bytes: an extension size follows, as for any format but PCM), fact (frames), data
_HEADER = struct.Struct("<4sI4s 4sIHHIIHHH 4sII 4sI")
HEADER_BYTES = _HEADER.size
_MOST = 2**32 - 1


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
