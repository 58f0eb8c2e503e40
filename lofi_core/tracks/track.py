"""What is a track, on the wire, in its file's tags and before it exists?

Structs only: importing this imports nothing heavy.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec import field as member

if TYPE_CHECKING:
    from datetime import datetime

    from lofi_core.backend import Loudness


RECIPE_TAG = "LOFI_RECIPE"


class Recipe(Struct, frozen=True, kw_only=True):
    """All it takes to make a track again. It lies as JSON in the tag `LOFI_RECIPE` of the file.

    Attributes:
        duration_sec: as requested.
        options: complete, defaults included.
        licence: of the weights, where there are weights.
        software: what made the file, and its version.
        package: the distribution the backend came in, and its version.
        loudness_lufs: of the file, after the gain. None is silence, or under 400 ms.
        true_peak_dbtp: of the file, after the gain. None is silence.
        gain_db: what the samples were raised by after they were generated.
        generation_time_sec: from the first step to the last.
        job_id: of the execution that made it.
        created_at: ISO 8601, UTC, milliseconds.
        samples_sha256: of the file's 24-bit samples, see `SampleDigest`: what they were, even when the recipe
            lies in an MP3. None in tracks of versions that did not take it.
        extra: what the engine adds: provider in use, device, precision, names of the arrays kept with it.
    """

    prompt: str
    seed: int
    backend: str
    model_version: str
    duration_sec: float
    options: dict[str, Any]
    licence: str | None
    software: str
    software_version: str
    package: str
    package_version: str
    sample_rate: int
    channels: int
    loudness_lufs: float | None
    true_peak_dbtp: float | None
    gain_db: float
    generation_time_sec: float
    job_id: str
    created_at: str
    samples_sha256: str | None = None
    extra: dict[str, Any] = member(default_factory=dict)


class Track(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A track as every client sees it. `title` lacks when there is none.

    Attributes:
        track_id: 32 hex digits, the hash of the canonical request.
        path: absolute.
        duration_sec: what is on disk.
        format: of the file, always `flac`.
        loudness_lufs: of the file; None is silence, or under 400 ms.
        true_peak_dbtp: of the file; None is silence.
        created_at: ISO 8601, UTC.
    """

    track_id: str
    path: str
    prompt: str
    title: str | None = None
    duration_sec: float
    sample_rate: int
    channels: int
    format: str
    size_bytes: int
    seed: int
    backend: str
    model_version: str
    options: dict[str, Any]
    loudness_lufs: float | None
    true_peak_dbtp: float | None
    generation_time_sec: float
    created_at: str
    favourite: bool
    recipe: Recipe


class Exported(Struct, frozen=True):
    """What `tracks_export` wrote."""

    path: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackDraft:
    """What the engine knows of a track whose samples are all in the spool.

    Attributes:
        track_id: 32 hex digits.
        job_id: of the execution that made it.
        title: None keeps the title of the track this one replaces.
        requested_duration_sec: what was asked for; the spool knows what was made.
        options: complete, as JSON would have them.
        licence: of the weights.
        loudness: the backend's policy.
        package: the distribution the backend came in.
        extra: goes into the recipe as it is; JSON values only.
        kept: arrays that lie beside the file, by name.
        loose: it does not go into the library.
    """

    track_id: str
    job_id: str
    prompt: str
    title: str | None = None
    requested_duration_sec: float
    seed: int
    backend: str
    model_version: str
    options: dict[str, Any]
    licence: str | None = None
    loudness: Loudness = "measured"
    package: str
    package_version: str
    generation_time_sec: float
    extra: dict[str, Any] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)
    loose: bool = False


def time_text(moment: datetime) -> str:
    """ISO 8601, UTC, milliseconds: texts of later moments sort behind."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
