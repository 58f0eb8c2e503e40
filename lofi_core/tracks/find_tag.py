"""What does one tag of an audio file say? The file may be anybody's: little is read, and nothing unpacked.

Enough of FLAC, Ogg, RIFF and ID3 to find a text in what `tracks export` writes and what taggers make of that.
mutagen, which writes it, unpacks compressed frames of any size, and its time grows with their number squared.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator

# A cover is among the tags; a FLAC's block cannot be larger.
MAX_TAGS_BYTES = 1 << 24
MAX_PARTS = 10_000  # blocks, pages, chunks, frames or comments
_PACKETS = {b"\x01vorbis": b"\x03vorbis", b"OpusHead": b"OpusTags"}  # of the format, and of its comments
_ENCODINGS = ("latin-1", "utf-16", "utf-16-be", "utf-8")


class NotAudioError(Exception):
    """None of these formats, or cut off before its tags end."""


def find_tag(file: BinaryIO, name: str) -> str | None:
    """The text of the tag `name`, a Vorbis comment or a `TXXX` frame; None where there is none.

    Raises:
        NotAudioError: see there.
    """
    file.seek(0)
    head = file.read(12)
    file.seek(0)
    if head.startswith(b"fLaC"):
        return _in_comments(_flac_block(file), name)
    if head.startswith(b"OggS"):
        return _in_comments(_ogg_comments(file), name)
    if head.startswith(b"RIFF") and head.endswith(b"WAVE"):
        return _in_id3(_riff_chunk(file), name)
    if head.startswith(b"ID3"):
        return _in_id3(_read(file, 10 + _syncsafe(_read(file, 10)[6:]), at=0), name)
    if head[:1] == b"\xff" and head[1:2] >= b"\xe0":  # an MP3 without tags
        return None
    raise NotAudioError("it is none of them")


def _read(file: BinaryIO, size: int, at: int | None = None) -> bytes:
    if at is not None:
        file.seek(at)
    if size > MAX_TAGS_BYTES:
        raise NotAudioError(f"its tags have over {MAX_TAGS_BYTES:,} bytes")
    content = file.read(size)
    if len(content) < size:
        raise NotAudioError("it ends in the middle of its tags")
    return content


def _flac_block(file: BinaryIO) -> bytes:
    """The block of Vorbis comments; empty where there is none."""
    file.seek(4)
    for _ in range(MAX_PARTS):
        kind, *size = _read(file, 4)
        count = int.from_bytes(bytes(size), "big")
        if kind & 0x7F == 4:
            return _read(file, count)
        if kind & 0x80:  # the last one
            break
        file.seek(count, 1)
    return b""


def _ogg_comments(file: BinaryIO) -> bytes:
    """The second packet of the first Vorbis or Opus stream, behind its mark."""
    serial, mark, packet = None, b"", bytearray()
    for page_serial, sizes, body in _ogg_pages(file):
        if serial is None:
            mark = next((second for first, second in _PACKETS.items() if body.startswith(first)), b"")
            serial = page_serial if mark else None  # its first packet has this page to itself
            continue
        if page_serial != serial:
            continue
        end = next((at for at, size in enumerate(sizes) if size < 255), None)  # where the packet does
        packet += body[: sum(sizes[: None if end is None else end + 1])]
        if end is not None:
            return bytes(packet.removeprefix(mark))
        if len(packet) > MAX_TAGS_BYTES:
            break
    raise NotAudioError("it has no comments of Vorbis or Opus")


def _ogg_pages(file: BinaryIO) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Serial number, sizes of the segments, and body of each page."""
    for _ in range(MAX_PARTS):
        header = _read(file, 27)
        if not header.startswith(b"OggS"):
            raise NotAudioError("a page of it is damaged")
        sizes = _read(file, header[26])
        yield header[14:18], sizes, _read(file, sum(sizes))


def _riff_chunk(file: BinaryIO) -> bytes:
    """The chunk `id3 `; empty where there is none."""
    file.seek(12)
    for _ in range(MAX_PARTS):
        header = file.read(8)
        if len(header) < 8:
            break
        size = int.from_bytes(header[4:], "little")
        if header[:4].lower() == b"id3 ":
            return _read(file, size)
        file.seek(size + size % 2, 1)
    return b""


def _in_comments(block: bytes, name: str) -> str | None:
    wanted = f"{name}=".lower().encode()
    for comment in _comments(block):
        if bytes(comment[: len(wanted)]).lower() == wanted:
            return bytes(comment[len(wanted) :]).decode("utf-8", "replace")
    return None


def _comments(block: bytes) -> Iterator[memoryview]:
    """`NAME=text`, each behind its length; behind who wrote them, and how many there are."""
    if not block:
        return
    vendor = int.from_bytes(block[:4], "little")
    count, at = int.from_bytes(block[4 + vendor : 8 + vendor], "little"), 8 + vendor
    for _ in range(min(count, MAX_PARTS)):
        begin = at + 4
        at = begin + int.from_bytes(block[at:begin], "little")
        if at > len(block):
            raise NotAudioError("its comments are damaged")
        yield memoryview(block)[begin:at]


def _in_id3(tag: bytes, name: str) -> str | None:
    if len(tag) < 10 or not tag.startswith(b"ID3") or tag[3] not in {3, 4}:
        return None
    version, flags, at = tag[3], tag[5], 10
    if version == 3 and flags & 0x80:
        tag = tag[:10] + _synchronised(tag[10:])
    if flags & 0x40:  # an extended header, which in version 3 does not count its own size
        at += int.from_bytes(tag[10:14], "big") + 4 if version == 3 else _syncsafe(tag[10:14])
    for _ in range(MAX_PARTS):
        if len(tag) < at + 10 or not tag[at]:  # padding
            break
        kind, raw_size, bits = struct.unpack_from(">4s4sH", tag, at)
        size = int.from_bytes(raw_size, "big") if version == 3 else _syncsafe(raw_size)
        begin, at = at + 10, at + 10 + size
        if kind != b"TXXX":
            continue
        frame = tag[begin:at]
        if version == 4:
            frame = frame[4:] if bits & 0x0001 else frame
            frame = _synchronised(frame) if bits & 0x0002 or flags & 0x80 else frame
        described, text = _texts(frame)
        if described == name:
            return text
    return None


def _texts(frame: bytes) -> tuple[str, str]:
    """Description and text of a `TXXX` frame; empty where they are damaged."""
    encoding = _ENCODINGS[frame[0]] if frame[:1] and frame[0] < len(_ENCODINGS) else ""
    if not encoding:
        return "", ""
    # A text ends in a zero of as many bytes as a character has.
    parts = _split_wide(frame[1:]) if "16" in encoding else frame[1:].split(b"\0", 2)
    # One that is compressed or encrypted says nothing that is looked for.
    described, text, *_ = (part.decode(encoding, "replace") for part in (*parts, b""))
    return described, text


def _split_wide(text: bytes) -> list[bytes]:
    """The same for two bytes a character, which begin at even places."""
    low, high, parts, begin, at = text[::2], text[1::2], list[bytes](), 0, -1
    while len(parts) < 2:
        at = low.find(0, at + 1)
        if at < 0 or at >= len(high):
            return [*parts, text[begin:]]
        if not high[at]:
            parts.append(text[begin : 2 * at])
            begin = 2 * at + 2
    return parts


def _synchronised(content: bytes) -> bytes:
    """Without the zeros that keep a tag from looking like the begin of a frame of MPEG audio."""
    return content.replace(b"\xff\x00", b"\xff")


def _syncsafe(octets: bytes) -> int:
    """Four bytes of seven bits."""
    return sum((octet & 0x7F) << (21 - 7 * place) for place, octet in enumerate(octets))
