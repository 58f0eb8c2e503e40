"""What is the radio to play? What somebody asked for, completed and checked before any work is done."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lofi_core.errors import InvalidPrompt
from lofi_core.jobs.request import Wish, prepare
from lofi_core.radio.flow import Feel
from lofi_core.radio.mood import key_in, tempo_in
from lofi_core.radio.wording import expand, problem_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lofi_core.backend import BackendSpec
    from lofi_core.config import Config
    from lofi_core.jobs.request import Prepared
    from lofi_core.plugins import PluginHost


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """What the radio plays.

    Attributes:
        prompts: words to choose from, one at least.
        preset: where they come from.
        backend: a backend's canonical name.
        options: for the backend.
        duration_sec: of a piece.
        slot: the part of the schedule that it is.
    """

    prompts: tuple[str, ...]
    preset: str | None
    backend: str
    options: Mapping[str, Any] = field(default_factory=dict)
    duration_sec: float
    slot: str | None = None

    @property
    def title(self) -> str:
        """For people."""
        return self.preset or self.prompts[0]


def prepared(
    station: Station,
    prompt: str,
    plugins: PluginHost,
    config: Config,
    seed: int | None = None,
    feel: Feel | None = None,
) -> Prepared:
    """A request for one piece.

    Args:
        station: whose piece.
        prompt: its words.
        plugins: who makes it.
        config: has the backends' default options.
        seed: None: drawn.
        feel: the tempo and key it should have, where the backend can be told and nobody else says it.

    Raises:
        LofiError: the first thing that is wrong with it.
    """
    _record, spec = plugins.usable(station.backend)
    options = {**station.options}
    if feel is not None:
        configured = config.backends.get(spec.name)
        said = {**(configured.options if configured else {}), **station.options}
        options |= {name: value for name, value in _free(spec, prompt, feel).items() if name not in said}
    wish = Wish(prompt, station.duration_sec, station.backend, seed=seed, options=options)
    return prepare(wish, plugins, config)


def check(station: Station, plugins: PluginHost, config: Config) -> None:
    """Raise what would be wrong with any of its pieces: nothing of it would heal by itself."""
    for prompt in station.prompts:
        if problem := problem_of(prompt):
            raise InvalidPrompt(f"the prompt {prompt!r:.80} {problem}", "alternatives read {warm|soft}")
        words = expand([prompt], random.Random(0))  # noqa: S311 - any of what it may come out as
        prepared(station, words, plugins, config, seed=0)


def usual_duration_sec(spec: BackendSpec, wanted_sec: float) -> float:
    """As long as wanted, or as the backend can."""
    return min(max(wanted_sec, spec.min_duration_sec), spec.max_duration_sec)


def feel_of(request: Prepared) -> Feel:
    """What is known of a piece before it is made: what its plan says, else its words."""
    music, prompt = request.schedule.music, request.request.prompt
    tempo_bpm, key = (music.tempo_bpm, music.key) if music else (None, None)
    return Feel(tempo_bpm or tempo_in(prompt), key or key_in(prompt))


def _free(spec: BackendSpec, prompt: str, feel: Feel) -> dict[str, float | str]:
    """Options that say tempo and key, where the words do not."""
    has = spec.options.__struct_fields__ if spec.options else ()
    free: dict[str, float | str] = {}
    if "tempo" in has and feel.tempo_bpm is not None and tempo_in(prompt) is None:
        free["tempo"] = feel.tempo_bpm
    if "key" in has and feel.key is not None and key_in(prompt) is None:
        free["key"] = feel.key
    return free
