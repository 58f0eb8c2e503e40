"""What the daemon and a backend's process say to each other.

Each request is answered once; before the answer may come any number of news. `Terminate` goes over a socket
of its own, so that it arrives while a request is being worked on.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct


class Load(Struct, tag=True, array_like=True):
    """Import the plugin and load its model: the first request, number 0.

    Attributes:
        name: the backend's.
        module: what its entry point names.
        model_dir: of the variant in place.
        variant: its name.
        weights: the schedule's.
        device: as the next four, the runtime's.
        log_level: what is logged at all.
    """

    name: str
    module: str
    model_dir: str
    variant: str | None
    weights: str
    device: str
    providers: tuple[str, ...]
    threads: int
    precision: str
    residency: Literal["staged", "resident"] | None
    log_level: int


class Begin(Struct, tag=True, array_like=True):
    """Create the generator of one generation, which has this number from now on.

    Attributes:
        options: msgpack of the options' struct; None for a backend without options.
    """

    number: int
    prompt: str
    duration_sec: float
    seed: int
    options: bytes | None


class Next(Struct, tag=True, array_like=True):
    """Take one step."""

    number: int


class Close(Struct, tag=True, array_like=True):
    """Close the generator; when it was cancelled, its clean-up runs no session any more."""

    number: int
    cancelled: bool = False


class Terminate(Struct, tag=True, array_like=True):
    """End what runs for this number, now and from now on."""

    number: int


class Done(Struct, tag=True, array_like=True):
    """Loaded, begun or closed; or the generator has ended.

    Attributes:
        held_bytes: memory the process holds once the model is loaded.
    """

    held_bytes: int = 0


class Stepped(Struct, tag=True, array_like=True):
    """A step.

    Attributes:
        shape: C and N of its audio, if it has any; the samples follow the message, float32 [C, N], row after
            row.
    """

    stage: str
    index: int
    shape: tuple[int, int] | None = None


class Failed(Struct, tag=True, array_like=True):
    """The error that the request came to."""

    code: str
    message: str
    hint: str | None


class Report(Struct, tag=True, array_like=True):
    """News: how far a load is."""

    fraction: float
    what: str


class Facts(Struct, tag=True, array_like=True):
    """News: what was noted for the recipe, and the providers in use; all of it, whenever it changed."""

    notes: dict[str, str | int | float]
    used: list[str]


class Kept(Struct, tag=True, array_like=True):
    """News: an array to keep with the track; its numbers follow the message, in C order.

    Attributes:
        dtype: as numpy's `dtype.str`.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]


class Log(Struct, tag=True, array_like=True):
    """News: a log record, traceback included."""

    logger: str
    level: int
    text: str


Request: TypeAlias = Load | Begin | Next | Close
Reply: TypeAlias = Done | Stepped | Failed
News: TypeAlias = Report | Facts | Kept | Log
