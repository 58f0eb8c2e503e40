"""Does the library have the track that is asked for?

A track is found by its name, which is the hash of what was asked for, and anybody can give a file another
name, or another recipe. So what its recipe tells is held against the request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lofi_core.jobs.request import Prepared
    from lofi_core.tracks.library import Library
    from lofi_core.tracks.track import Recipe, Track


async def find_made(library: Library, prepared: Prepared, *, used: bool = False) -> Track | None:
    """The track of a request, if it is there. A file that only has its name is set aside.

    Args:
        library: where it may be.
        prepared: the request.
        used: as in `TrackStore.find`.

    Raises:
        TrackWriteFailed: the index cannot be read, or the file cannot be set aside.
    """
    track = await library.find(prepared.track_id, used=used)
    if track is None:
        return None
    others = ", ".join(_others(prepared, track.recipe))
    if not others:
        return track
    await library.set_aside(track, f"its recipe tells of another {others}")
    return None


def _others(prepared: Prepared, recipe: Recipe) -> Iterator[str]:
    """What the recipe has otherwise. An option that one of the two does not know is no difference."""
    request, spec = prepared.request, prepared.spec
    for what, wanted, made in (
        ("backend", spec.name, recipe.backend),
        ("model version", spec.model_version, recipe.model_version),
        ("prompt", request.prompt, recipe.prompt),
        ("seed", request.seed, recipe.seed),
        ("duration", request.duration_sec, recipe.duration_sec),
    ):
        if wanted != made:
            yield what
    as_written = msgspec.json.decode(msgspec.json.encode(prepared.options))
    for name in as_written.keys() & recipe.options.keys():
        if as_written[name] != recipe.options[name]:
            yield f"value of {name}"
