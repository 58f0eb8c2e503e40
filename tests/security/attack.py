"""Send what a hostile client might say to a daemon, and see that each request is answered as it should be."""

from __future__ import annotations

import select
import socket
import time
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

import msgpack

from lofi_core.rpc.client import Client
from tests.security.messages import crossed, drawn_calls, mutated, notification, request, settled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

# Longer than this no reply takes, whatever else the machine does: the daemon hangs.
PATIENCE_SEC = 30.0
# Requests that are underway on one connection; more would wait in the kernel.
AT_ONCE = 100
PIECE = 65536


class Unanswered(AssertionError):
    """A request got no answer, or not the one answer it should."""


@dataclass
class Outcome:
    """What came of an attack.

    Attributes:
        sound: requests that were msgpack-RPC, of which each was answered.
        broken: messages that were bytes.
        connections: on which they went.
        answers: by error code, `ok` where there was none.
        faults: the daemon's own, in its words.
        slowest_sec: for a batch of requests, or a connection.
    """

    sound: int = 0
    broken: int = 0
    connections: int = 0
    answers: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    slowest_sec: float = 0.0

    def note(self, answer: list[Any]) -> None:
        """Count the answer to a request."""
        code = "ok" if answer[2] is None else str(answer[2][1]).partition(":")[0]
        if code == "INTERNAL_ERROR":
            self.faults.append(str(answer[2][1]))
        self.answers[code] = self.answers.get(code, 0) + 1


def attack(path: Path, folder: Path, count: int, seed: int) -> Outcome:
    """Send so many messages: half of them sound, if often wrong; the others are bytes that were requests.

    Args:
        path: of a daemon's socket.
        folder: where it may write what is exported.
        count: of messages, 20 at least.
        seed: the same one gives the same messages.

    Raises:
        Unanswered: the daemon hangs, or does not answer each request once.
        OSError: it is gone.
    """
    chance, outcome = Random(seed), Outcome()
    drawn = drawn_calls(max(10, count // 12), seed)
    calls = [*drawn, *(crossed(chance.choice(drawn), drawn, chance) for _ in range(count // 2 - len(drawn)))]
    track_id, target = _made(path), str(folder / "out.flac")
    calls = [settled(call, track_id, target) for call in calls]
    # Every eighth is a notification: executed, and not answered.
    frames = [request(n, call) if n % 8 else notification(call) for n, call in enumerate(calls)]
    chance.shuffle(frames)
    for start in range(0, len(frames), AT_ONCE):
        _send_sound(path, frames[start : start + AT_ONCE], outcome)
        broken = [mutated(chance.choice(frames), frames, chance) for _ in range(AT_ONCE)]
        while broken and outcome.broken < count - len(frames):
            size = chance.randint(1, 4)
            _send_broken(path, broken[:size], outcome)
            del broken[:size]
    return outcome


def _made(path: Path) -> str:
    """A track, so that there is one to do things with."""
    with Client(path) as client:
        accepted = client.call("generate", prompt="a tone", backend="sine", duration_sec=1, seed=1)
        while client.call("job_get", track_id=accepted["track_id"])["state"] != "complete":
            time.sleep(0.01)
    track_id: str = accepted["track_id"]
    return track_id


def _send_sound(path: Path, frames: Sequence[bytes], outcome: Outcome) -> None:
    """Send requests in one go. Each is answered exactly once, whatever is in it."""
    messages = [
        msgpack.unpackb(each, strict_map_key=False, unicode_errors="surrogatepass") for each in frames
    ]
    waiting = {message[1] for message in messages if message[0] == 0}
    began = time.monotonic()
    with _connected(path) as sock:
        for answer in _conversation(sock, b"".join(frames)):
            if answer[0] != 1:
                continue
            if answer[1] not in waiting:
                raise Unanswered(f"an answer to nothing that was asked: {answer!r:.500}")
            waiting.discard(answer[1])
            outcome.note(answer)
            if not waiting:
                break
    if waiting:
        raise Unanswered(f"closed, and {len(waiting)} requests have no answer: {frames[0]!r:.500}")
    outcome.sound += len(frames)
    _note_connection(outcome, began)


def _send_broken(path: Path, messages: Sequence[bytes], outcome: Outcome) -> None:
    """Send bytes and say that no more will come. The daemon answers what it can, and hangs up."""
    began = time.monotonic()
    with _connected(path) as sock:
        for answer in _conversation(sock, b"".join(messages), then_end=True):
            if answer[0] == 1 and len(answer) == 4:
                outcome.note(answer)
            elif answer[0] != 2:
                raise Unanswered(f"no message of ours: {answer!r:.500}")
    outcome.broken += len(messages)
    _note_connection(outcome, began)


def _note_connection(outcome: Outcome, began: float) -> None:
    outcome.connections += 1
    outcome.slowest_sec = max(outcome.slowest_sec, time.monotonic() - began)


def _connected(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(PATIENCE_SEC)
    sock.connect(str(path))
    sock.setblocking(False)
    return sock


def _conversation(sock: socket.socket, data: bytes, *, then_end: bool = False) -> Iterator[list[Any]]:
    """Write and read at once; yields messages until the other side closes."""
    left, reader = memoryview(data), msgpack.Unpacker(strict_map_key=False)
    to_say = True
    while True:
        readable, writable, _ = select.select([sock], [sock] if to_say else [], [], PATIENCE_SEC)
        if not readable and not writable:
            raise Unanswered(f"nothing came for {PATIENCE_SEC:g} s: {data!r:.2000}")
        try:
            if writable:
                left = left[sock.send(left) :]
                to_say = bool(left)
                if not left and then_end:
                    sock.shutdown(socket.SHUT_WR)
            if readable:
                if not (came := sock.recv(PIECE)):
                    return
                reader.feed(came)
        except (BrokenPipeError, ConnectionResetError):  # it hung up before it had read all
            return
        yield from reader
