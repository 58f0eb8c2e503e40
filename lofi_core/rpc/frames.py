"""Find where one msgpack value ends, so that a byte stream can be cut into messages."""

from collections.abc import Iterator

import msgpack

from lofi_core.errors import ParseError

MAX_MESSAGE_BYTES = 1024 * 1024
FIRST_BUFFER_BYTES = 4096


class FrameReader:
    """Cuts a byte stream into complete msgpack values, at C speed and without building them.

    The unpacker only skips: it remembers where in a half-received value it stopped, so a message that comes
    byte by byte is scanned once.
    """

    def __init__(self, max_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self._max_bytes = max_bytes
        # It would take a megabyte at once otherwise. This grows with the messages.
        self._scanner = msgpack.Unpacker(max_buffer_size=0, read_size=FIRST_BUFFER_BYTES)
        self._pending = bytearray()  # received, not yet handed out
        self._end = 0  # stream position where the last complete message ended
        self._received = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take what the socket gave and yield the messages that are complete now.

        Raises:
            ParseError: after the sound messages, when one is over the limit or the bytes are no msgpack.
                The stream cannot be read any further.
        """
        self._pending += data
        self._received += len(data)
        self._scanner.feed(data)
        # Asking first is cheaper than the exception that an empty scanner raises.
        while self._scanner.tell() < self._received:
            if not self._skip():
                break
            size = self._scanner.tell() - self._end
            self._check_size(size)
            frame = bytes(self._pending[:size])
            del self._pending[:size]  # a bytearray drops its head without copying the rest
            self._end += size
            yield frame
        self._check_size(len(self._pending))

    @property
    def between_messages(self) -> bool:
        """Whether what was fed so far ended with a message's last byte."""
        return not self._pending

    @property
    def head(self) -> bytes:
        """The first bytes of the message that could not be completed."""
        return bytes(self._pending[:16])

    def _skip(self) -> bool:
        """Move past one value. False when it is not complete."""
        try:
            self._scanner.skip()
        except msgpack.OutOfData:
            return False
        except msgpack.StackError as error:
            raise ParseError("a message is nested too deep to be read") from error
        except (msgpack.UnpackException, ValueError) as error:
            raise ParseError(f"these bytes are no msgpack ({type(error).__name__})") from error
        return True

    def _check_size(self, size: int) -> None:
        if size > self._max_bytes:
            raise ParseError(
                f"a message of {size} bytes or more is over the limit of {self._max_bytes}",
                "send less at once; lists are paged",
            )
