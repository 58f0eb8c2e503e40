"""Is this request sound, and which track is it?

Everything that can be refused is refused here, before any work is done.
"""

from __future__ import annotations

import hashlib
import math
import secrets
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from lofi_core.backend import BackendSpec, GenerateRequest, Schedule
from lofi_core.errors import InvalidBackend, InvalidDuration, InvalidParams, InvalidPrompt
from lofi_core.jobs.options import validated_options
from lofi_core.names import canonical_name
from lofi_core.tracks.words import check_title

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lofi_core.config import Config
    from lofi_core.plugins import PluginHost, PluginRecord

MAX_PROMPT_CHARACTERS = 2_000
MAX_SEED = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client asked for, as it came. `options` has the aliases merged in."""

    prompt: str
    duration_sec: float = 30.0
    backend: str | None = None
    seed: int | None = None
    title: str | None = None
    options: Mapping[str, Any] | None = None
    keep: bool = True


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request that can be done: validated, completed, planned and named.

    Attributes:
        options: complete, as JSON-like values.
        loose: its track does not go into the library, and has an id of its own.
    """

    track_id: str
    request: GenerateRequest
    schedule: Schedule
    record: PluginRecord
    spec: BackendSpec
    options: Mapping[str, Any]
    title: str | None
    loose: bool = False


def prepare(wish: Wish, plugins: PluginHost, config: Config) -> Prepared:
    """Check a wish and make it canonical.

    Raises:
        LofiError: the first thing that is wrong with it, with its value and what would be right.
    """
    prompt = _checked_prompt(wish.prompt)
    title = check_title(wish.title)
    record, spec = _usable(wish.backend, plugins, config)
    duration_ms = _checked_duration_ms(wish.duration_sec, spec)
    seed = secrets.randbits(32) if wish.seed is None else _checked_seed(wish.seed)
    configured = config.backends.get(canonical_name(record.name))
    defaults = configured.options if configured else {}
    options = validated_options(record.name, spec.options, wish.options or {}, defaults)
    request = GenerateRequest(prompt, duration_ms / 1000, seed, options)
    return Prepared(
        # Nobody may join the job of a track that will not be there.
        track_id=_track_id(spec, request, duration_ms) if wish.keep else secrets.token_hex(16),
        request=request,
        schedule=plugins.make_schedule(record.name, request),
        record=record,
        spec=spec,
        options=msgspec.to_builtins(options) if options is not None else {},
        title=title,
        loose=not wish.keep,
    )


def _usable(asked_for: str | None, plugins: PluginHost, config: Config) -> tuple[PluginRecord, BackendSpec]:
    if asked_for is not None:
        return plugins.usable(asked_for)
    try:
        return plugins.usable(config.default_backend)
    except InvalidBackend as error:  # who named none must be told where to look
        problem = f"{error.message} (from the configuration: default_backend)"
        raise InvalidBackend(problem, error.hint) from error


def _checked_prompt(prompt: str) -> str:
    canonical = unicodedata.normalize("NFC", prompt)
    if not canonical.strip():
        raise InvalidPrompt("the prompt is empty", "say what the music should be like, in a sentence")
    if len(canonical) > MAX_PROMPT_CHARACTERS:
        raise InvalidPrompt(
            f"the prompt has {len(canonical)} characters; at most {MAX_PROMPT_CHARACTERS} are allowed",
            "say it shorter",
        )
    return canonical


def _checked_duration_ms(duration_sec: float, spec: BackendSpec) -> int:
    low, high = spec.min_duration_sec, spec.max_duration_sec
    if not math.isfinite(duration_sec) or not low <= duration_sec <= high:
        raise InvalidDuration(
            f"duration_sec is {duration_sec:g}; {spec.name} makes {low:g} to {high:g} seconds",
            f"ask for {low:g} to {high:g}",
        )
    return round(duration_sec * 1000)


def _checked_seed(seed: int) -> int:
    if not 0 <= seed <= MAX_SEED:
        raise InvalidParams(f"seed is {seed}; must be 0 to {MAX_SEED}", "leave it out to have one drawn")
    return seed


def _track_id(spec: BackendSpec, request: GenerateRequest, duration_ms: int) -> str:
    """32 hex digits that are the same for the same music, in this process and any other."""
    changed = {}
    if request.options is not None:
        defaults = msgspec.to_builtins(type(request.options)())
        options = msgspec.to_builtins(request.options)
        changed = {name: value for name, value in options.items() if value != defaults[name]}
    identity = [spec.name, spec.model_version, request.prompt, request.seed, duration_ms, changed]
    canonical = msgspec.json.encode(identity, order="sorted")
    return hashlib.sha256(canonical).hexdigest()[:32]
