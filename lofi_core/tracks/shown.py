"""What does a client see of a row of the index?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_core.tracks.layout import relative_path
from lofi_core.tracks.track import Track

if TYPE_CHECKING:
    from pathlib import Path

    from lofi_core.tracks.index import Entry


def track_of(entry: Entry, data_dir: Path) -> Track:
    """The track, whose file lies in that data directory."""
    recipe = entry.recipe
    return Track(
        track_id=entry.track_id,
        path=f"{data_dir}/{relative_path(entry.track_id)}",
        prompt=recipe.prompt,
        title=entry.title,
        duration_sec=entry.frames / recipe.sample_rate,
        sample_rate=recipe.sample_rate,
        channels=recipe.channels,
        format="flac",
        size_bytes=entry.size_bytes,
        seed=recipe.seed,
        backend=recipe.backend,
        model_version=recipe.model_version,
        options=recipe.options,
        loudness_lufs=recipe.loudness_lufs,
        true_peak_dbtp=recipe.true_peak_dbtp,
        generation_time_sec=recipe.generation_time_sec,
        created_at=recipe.created_at,
        favourite=entry.favourite,
        recipe=recipe,
    )
