"""The nouns that a backend and the core share. In-process only: none of these crosses the wire."""

from __future__ import annotations

import math
import operator
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from msgspec import Struct
    from numpy.typing import NDArray

Loudness = Literal["measured", "by_construction"]

MAX_TEXT_CHARACTERS = 500  # what a spec or a stage says of itself goes into events and lists
MAX_STEPS = 10**9
SLOWEST_BPM, FASTEST_BPM = 10, 1_000
MOST_BEATS_PER_BAR = 64


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model.

    Attributes:
        path: relative to the variant's directory, with `/`.
        size_bytes: None where it is not known before the download.
        sha256: hex digest; None where the first download records what it got (trust on first use).
        url: at a pinned revision; None for a file that only people can put there.
    """

    path: str
    size_bytes: int | None = None
    sha256: str | None = None
    url: str | None = None

    def __post_init__(self) -> None:
        _take_text(self, "path")
        if not is_confined(self.path):
            raise ValueError(f"path is {self.path!r}; must stay inside the model's directory")
        if self.size_bytes is not None:
            _take_integers(self, "size_bytes")
        if self.sha256 is not None:
            _take_text(self, "sha256")
            if not re.fullmatch(r"[0-9a-fA-F]{64}", self.sha256):
                raise ValueError(f"sha256 of {self.path} is {self.sha256!r}; must be 64 hex digits")
            object.__setattr__(self, "sha256", self.sha256.lower())
        if self.url is not None:
            _take_text(self, "url")
            if not self.url.startswith(("https://", "http://")):
                raise ValueError(f"url of {self.path} is {self.url!r}; must be https:// or http://")


def is_confined(path: str) -> bool:
    """Whether a path with `/` stays inside the directory it starts in, and is no other spelling of one."""
    parts = path.split("/")
    return all(part not in {"", ".", ".."} for part in parts) and not set(path) & {"\\", "\0"}


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """Files one variant of a model consists of.

    They lie together: in the backend's model directory itself, or in the directory of the variant's name
    there.

    Attributes:
        variant: what people call it, as in `lofi-core pull NAME:VARIANT`.
        files: a plain name stands for `ModelFile(name)`.
        licence: of these weights, where it is not the backend's.
        title: for people.
    """

    variant: str
    files: Sequence[ModelFile | str]
    licence: str | None = None
    title: str | None = None

    def __post_init__(self) -> None:
        _take_text(self, "variant")
        if not is_confined(self.variant) or "/" in self.variant:
            raise ValueError(f"variant is {self.variant!r}; must be a plain name")
        files = tuple(file if isinstance(file, ModelFile) else ModelFile(file) for file in self.files)
        if len({file.path for file in files}) != len(files):
            raise ValueError(f"variant {self.variant!r} names a file twice")
        object.__setattr__(self, "files", files)

    @property
    def paths(self) -> tuple[str, ...]:
        """Where its files lie, relative to its directory."""
        return tuple(file.path if isinstance(file, ModelFile) else file for file in self.files)


@dataclass(frozen=True, slots=True)
class BackendSpec:
    """What a backend is, told without importing anything heavy.

    Attributes:
        name: the entry-point name.
        title: for people.
        sample_rate: Hz.
        channels: 1 or 2.
        min_duration_sec: shortest track it makes.
        max_duration_sec: longest track it makes.
        model_version: part of every track's identity; change it when the same request sounds different.
        options: a `msgspec.Struct` with defaults for all its fields. Its constraints are what users may set.
        streaming: it yields finished samples long before the end.
        loudness: `by_construction` when its samples already sit at -14 LUFS with true peaks under -1 dBTP;
            the store then leaves them as they are.
        licence: of the weights, where there are weights.
        models: the variants of model files that it can use, the preferred one first; nothing for a backend
            that computes everything.
        own_process: the daemon loads and runs it in a process of its own: what it takes is given back whole,
            and a crash ends that process only.
    """

    name: str
    title: str
    sample_rate: int
    channels: int
    min_duration_sec: float
    max_duration_sec: float
    model_version: str
    options: type[Struct] | None = None
    streaming: bool = False
    loudness: Loudness = "measured"
    licence: str | None = None
    models: Sequence[ModelFiles] = ()
    own_process: bool = False

    def __post_init__(self) -> None:
        _take_text(self, "name", "title", "model_version")
        _take_integers(self, "sample_rate", "channels")
        _take_numbers(self, "min_duration_sec", "max_duration_sec")
        if self.licence is not None:
            _take_text(self, "licence")
        for name in ("streaming", "own_process"):
            if not isinstance(getattr(self, name), bool):
                raise TypeError(f"{name} is {getattr(self, name)!r}; must be True or False")
        if not 8_000 <= self.sample_rate <= 192_000:
            raise ValueError(f"sample_rate is {self.sample_rate} Hz; must be 8000 to 192000")
        if self.channels not in {1, 2}:
            raise ValueError(f"channels is {self.channels}; must be 1 or 2")
        if not 0 < self.min_duration_sec <= self.max_duration_sec < math.inf:
            raise ValueError(
                f"durations {self.min_duration_sec:g} to {self.max_duration_sec:g} s are no range"
            )
        if self.loudness not in {"measured", "by_construction"}:
            raise ValueError(f"loudness is {self.loudness!r}; must be 'measured' or 'by_construction'")


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """One validated request.

    Attributes:
        prompt: NFC, 1 to 2,000 characters.
        duration_sec: in whole milliseconds, within the backend's range.
        seed: 0 … 2**32 - 1. All randomness comes from it: same request, same samples.
        options: an instance of `BackendSpec.options`, complete; None when the backend has none.
    """

    prompt: str
    duration_sec: float
    seed: int
    options: Any = None


@dataclass(frozen=True, slots=True)
class Stage:
    """One phase of a generation: how many steps it has, and what share of the time it takes."""

    name: str
    steps: int
    weight: float = 1.0

    def __post_init__(self) -> None:
        _take_text(self, "name")
        _take_integers(self, "steps")
        _take_numbers(self, "weight")
        if not 1 <= self.steps <= MAX_STEPS:
            raise ValueError(f"stage {self.name!r} has {self.steps} steps; must be 1 to {MAX_STEPS}")
        if not 0 <= self.weight < math.inf:
            raise ValueError(f"stage {self.name!r} has weight {self.weight}; must be 0 or more")


@dataclass(frozen=True, slots=True)
class Music:
    """What is known of the music before it is made, so that players can cross over on a bar.

    Say only what will be so to the millisecond: the tempo of the samples, not one that the prompt asks for.

    Attributes:
        tempo_bpm: beats per minute, the same throughout; None where nobody knows.
        key: a note and a mode, such as `d minor`; None where nobody knows.
        beats_per_bar: of the tempo's beats.
        first_bar_sec: where in the track the first whole bar begins, behind silence or an upbeat.
    """

    tempo_bpm: float | None = None
    key: str | None = None
    beats_per_bar: int = 4
    first_bar_sec: float = 0.0

    def __post_init__(self) -> None:
        _take_integers(self, "beats_per_bar")
        _take_numbers(self, "first_bar_sec")
        if self.tempo_bpm is not None:
            _take_numbers(self, "tempo_bpm")
            if not SLOWEST_BPM <= self.tempo_bpm <= FASTEST_BPM:
                wanted = f"must be {SLOWEST_BPM} to {FASTEST_BPM}"
                raise ValueError(f"tempo_bpm is {self.tempo_bpm:g}; {wanted}")
        if self.key is not None:
            _take_text(self, "key")
        if not 1 <= self.beats_per_bar <= MOST_BEATS_PER_BAR:
            raise ValueError(f"beats_per_bar is {self.beats_per_bar}; must be 1 to {MOST_BEATS_PER_BAR}")
        if not 0 <= self.first_bar_sec < math.inf:
            raise ValueError(f"first_bar_sec is {self.first_bar_sec:g}; must be 0 or more")

    @property
    def bar_sec(self) -> float | None:
        """How long a bar is; None without a tempo."""
        return None if self.tempo_bpm is None else 60.0 / self.tempo_bpm * self.beats_per_bar


@dataclass(frozen=True, slots=True)
class Loop:
    """Where a track goes on without a seam when it jumps back: from `start + length` to `start` (samples)."""

    start: int
    length: int

    def __post_init__(self) -> None:
        _take_integers(self, "start", "length")
        if self.start < 0 or self.length < 1:
            raise ValueError(f"a loop of {self.length} samples from {self.start} is none")


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a backend made of a prompt, for whoever wonders why the music is as it is.

    Attributes:
        understood: words of the prompt, and what each asks for.
        unknown: words that told the backend nothing.
        choices: what follows from words and options, by name: texts, numbers, or yes and no.
    """

    understood: Mapping[str, str]
    unknown: Sequence[str] = ()
    choices: Mapping[str, str | float | bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        texts = [*self.understood, *self.understood.values(), *self.unknown, *self.choices]
        values = [value for value in self.choices.values() if not isinstance(value, int | float)]
        for text in (*texts, *values):
            if not isinstance(text, str):
                raise TypeError(f"the explanation has {text!r}; must be text")
        object.__setattr__(self, "understood", dict(self.understood))
        object.__setattr__(self, "unknown", list(self.unknown))
        object.__setattr__(self, "choices", dict(self.choices))


@dataclass(frozen=True, slots=True)
class Schedule:
    """What a generation will go through, known before it starts.

    Attributes:
        stages: in order. Their weights decide percent and ETA.
        state: whatever `generate` wants back (timesteps, sigmas, a plan). The core does not look.
        weights: which form of the model this generation needs, for a backend that loads one model in several
            (`int8`, `fp32`): `load_model` is told, and what it returns is kept apart by it.
        music: tempo, key and bars, where they are known by now. They go into the track's recipe.
        explanation: what was understood of the prompt. It goes there too, and `generate --explain` prints it.
        loop: where the track repeats, for one that is made to. It goes there, and into the tags.
    """

    stages: Sequence[Stage]
    state: Any = field(default=None, repr=False)
    weights: str = ""
    music: Music | None = None
    explanation: Explanation | None = field(default=None, repr=False)
    loop: Loop | None = None

    def __post_init__(self) -> None:
        names = [stage.name for stage in self.stages]
        if not names:
            raise ValueError("a schedule needs at least one stage")
        if not isinstance(self.music, Music | None):
            raise TypeError(f"music is {self.music!r}; must be a Music")
        if not isinstance(self.explanation, Explanation | None):
            raise TypeError(f"explanation is {self.explanation!r}; must be an Explanation")
        if not isinstance(self.loop, Loop | None):
            raise TypeError(f"loop is {self.loop!r}; must be a Loop")
        if len(set(names)) != len(names):
            raise ValueError(f"stage names must differ: {', '.join(names)}")


@dataclass(frozen=True, slots=True)
class Step:
    """Yielded at every step boundary; here a job can be paused, resumed or cancelled.

    Attributes:
        stage: name of a stage of the schedule.
        index: of the step just finished, from 0.
        audio: finished samples, float32 [C, N] in [-1, 1]; float64 is converted. All of them together are
            the track.
    """

    stage: str
    index: int
    audio: NDArray[np.floating[Any]] | None = None


def _take_text(noun: object, *fields: str) -> None:
    """Must fit on the wire: one backend that is ill described would spoil the list of all."""
    for name in fields:
        value = getattr(noun, name)
        if not isinstance(value, str) or any("\ud800" <= letter <= "\udfff" for letter in value):
            raise TypeError(f"{name} is {value!r}; must be text")
        if len(value) > MAX_TEXT_CHARACTERS:
            raise ValueError(f"{name} has {len(value)} characters; at most {MAX_TEXT_CHARACTERS} are shown")


def _take_integers(noun: object, *fields: str) -> None:
    """What counts as an integer, numpy's included, becomes one: these go over the wire and into the index."""
    for name in fields:
        value = getattr(noun, name)
        try:
            object.__setattr__(noun, name, operator.index(value))
        except TypeError:
            raise TypeError(f"{name} is {value!r}; must be a whole number") from None


def _take_numbers(noun: object, *fields: str) -> None:
    for name in fields:
        value = getattr(noun, name)
        try:
            object.__setattr__(noun, name, float(value))
        except (TypeError, ValueError):
            raise TypeError(f"{name} is {value!r}; must be a number") from None
