"""What do the daemon and the player process say to each other? Msgpack over a socket pair (`wire`).

Every command is answered by one `Reply` with its id; events come unasked, and never before the reply to the
command that caused them.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import Struct

MAX_CROSSFADE_SEC = 12.0
MAX_GAIN_DB = 96.0  # up or down
# After running dry a growing file must be this much ahead again, or it would stutter.
REBUFFER_SEC = 0.5

Reason = Literal["finished", "skipped", "stopped", "error"]
State = Literal["stopped", "playing", "paused", "buffering"]


class Item(Struct, frozen=True):
    """One entry of the queue.

    Attributes:
        id: what events call it by; no two in the queue are the same.
        path: the file. Absolute.
        gain_db: what to make it louder by, towards -14 LUFS; a finished track of the library has it applied.
        growing: a float32 WAV that is still being written; `available_sec` of it can be read.
        available_sec: seconds, of a growing file.
        final: a growing file that does not grow any more.
        cross_at_sec: where in the track the next one comes in, when a crossfade is set, and where that leaves
            no more than 12 seconds, or half of either track. None, or nonsense: that long before its end.
        first_bar_sec: this place of the track falls on `cross_at_sec` of the one before.
    """

    id: str
    path: str
    gain_db: float = 0.0
    growing: bool = False
    available_sec: float = 0.0
    final: bool = False
    cross_at_sec: float | None = None
    first_bar_sec: float = 0.0


class Command(Struct, frozen=True, tag=True, kw_only=True):
    """Base of what the daemon asks for. `id` is set by the sender and comes back in the reply."""

    id: int = 0


class Setup(Command, frozen=True, kw_only=True):
    """The first command of a process: what to play on and how. The reply's result is the device's name.

    Attributes:
        device: `default`, `null`, or a device's name or id.
        volume: 0 to 1.
        crossfade_sec: 0 to 12.
        tap: a file for every sample that the device took, float32 stereo without a header; for tests.
    """

    device: str = "default"
    volume: float = 1.0
    crossfade_sec: float = 0.0
    tap: str | None = None


class Load(Command, frozen=True, kw_only=True):
    """Replace the queue, and play its first item from `position_sec` (unless `paused`)."""

    items: list[Item]
    position_sec: float = 0.0
    paused: bool = False


class Queue(Command, frozen=True, kw_only=True):
    """Put items at the end of the queue, or before the waiting item `before`."""

    items: list[Item]
    before: str | None = None


class Remove(Command, frozen=True, kw_only=True):
    """Take a waiting item out of the queue. The result says whether it was there."""

    item_id: str


class Grow(Command, frozen=True, kw_only=True):
    """A growing file can be read up to `available_sec`; `final` says that it will not grow any more.

    By then one may know `cross_at_sec`, see `Item`.
    """

    item_id: str
    available_sec: float
    final: bool = False
    cross_at_sec: float | None = None


class Play(Command, frozen=True, kw_only=True):
    """Go on after a pause. Harmless while playing."""


class Pause(Command, frozen=True, kw_only=True):
    """Hold the sound where it is."""


class Stop(Command, frozen=True, kw_only=True):
    """End what plays and empty the queue; with `fade_sec`, when all has faded out over so many seconds.

    Until then the queue goes on. `Play`, `Skip` and `Load` bring the sound back.
    """

    fade_sec: float | None = None


class Skip(Command, frozen=True, kw_only=True):
    """Go to the next item. The result is its id, or null when there is none."""


class Seek(Command, frozen=True, kw_only=True):
    """Go to a place in what plays. Past its end it ends; in a growing file it waits there."""

    position_sec: float


class Volume(Command, frozen=True, kw_only=True):
    """Set the volume, 0 to 1, on a perceptual scale."""

    volume: float


class Crossfade(Command, frozen=True, kw_only=True):
    """Set how long tracks overlap, 0 to 12 seconds."""

    crossfade_sec: float


class UseDevice(Command, frozen=True, kw_only=True):
    """Play on another device. The result is the name of the one in use."""

    device: str


class ListDevices(Command, frozen=True, kw_only=True):
    """The result is a list of `Device`."""


class GetStatus(Command, frozen=True, kw_only=True):
    """The result is a `Status`."""


AnyCommand = (
    Setup
    | Load
    | Queue
    | Remove
    | Grow
    | Play
    | Pause
    | Stop
    | Skip
    | Seek
    | Volume
    | Crossfade
    | UseDevice
    | ListDevices
    | GetStatus
)


class Device(Struct, frozen=True):
    """Something to play on. `id` is the system's own, as text; names may repeat, ids do not."""

    id: str
    name: str


class Stats(Struct, frozen=True):
    """How the stream to the device went, since the process began.

    Attributes:
        underruns: how often the device got silence because nothing was rendered.
        callbacks: how often it asked.
        gaps_ms: upper edge in milliseconds → how many pauses between two callbacks were that long.
        rss_bytes: memory of the process.
    """

    underruns: int
    callbacks: int
    gaps_ms: dict[str, int]
    rss_bytes: int


class Status(Struct, frozen=True):
    """What the player does now. `queue` are the ids of what waits; `at_frame` is where the output is."""

    state: State
    item_id: str | None
    position_sec: float
    duration_sec: float | None
    queue: list[str]
    volume: float
    crossfade_sec: float
    device: str | None
    sample_rate: int
    at_frame: int
    stats: Stats


class PlayerEvent(Struct, frozen=True, tag=True, kw_only=True):
    """Base of what the player says unasked."""


class ItemEvent(PlayerEvent, frozen=True, kw_only=True):
    """Base of the events about one item, `position_sec` into it."""

    item_id: str
    position_sec: float


class Started(ItemEvent, frozen=True, kw_only=True):
    """The item plays now. `duration_sec` is null while its file grows."""

    duration_sec: float | None


class Position(ItemEvent, frozen=True, kw_only=True):
    """Where what is heard is, once for every second of sound."""

    duration_sec: float | None


class Paused(ItemEvent, frozen=True, kw_only=True):
    """The sound is held."""


class Resumed(ItemEvent, frozen=True, kw_only=True):
    """The sound goes on."""


class Buffering(ItemEvent, frozen=True, kw_only=True):
    """`waiting`: a growing file has no more samples for now; not `waiting`: it has, and goes on."""

    waiting: bool


class Ended(ItemEvent, frozen=True, kw_only=True):
    """The item is over: the last event about it. With a crossfade it is still heard for a while."""

    reason: Reason


class DeviceChanged(PlayerEvent, frozen=True, kw_only=True):
    """The sound comes from `device` now (null: from none); `wanted` is what was asked for."""

    device: str | None
    wanted: str
    message: str


class Failed(PlayerEvent, frozen=True, kw_only=True):
    """Something went wrong: `error` as `LofiError.text` has it. An item's `Ended` follows."""

    error: str
    item_id: str | None = None


class StatsTold(PlayerEvent, frozen=True, kw_only=True):
    """How the stream went so far: every ten seconds, and after an underrun."""

    stats: Stats


class Reply(Struct, frozen=True, tag=True, kw_only=True):
    """The answer to the command with that id: a result, or an error as `LofiError.text` has it.

    `at_frame` is the first frame that the command had its effect on: of what is rendered, which is heard a
    little later; for `Play`, `Pause` and `Volume` of what the device takes, which is heard now.
    """

    id: int
    result: msgspec.Raw = msgspec.Raw(b"\xc0")
    error: str | None = None
    at_frame: int = 0


AnyEvent = Started | Position | Paused | Resumed | Buffering | Ended | DeviceChanged | Failed | StatsTold
AnyAnswer = AnyEvent | Reply
