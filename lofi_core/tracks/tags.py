"""What does a track's file say about itself, to a player's display and to whoever wants to make it again?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import mutagen
import mutagen.id3
from mutagen.flac import FLAC

from lofi_core.backend import Loop
from lofi_core.errors import TrackWriteFailed
from lofi_core.tracks.failures import storage_failures
from lofi_core.tracks.track import Recipe
from lofi_core.tracks.words import display_title, printable

if TYPE_CHECKING:
    from pathlib import Path

RECIPE_TAG = "LOFI_RECIPE"


def display_tags(title: str | None, recipe: Recipe) -> dict[str, str]:
    """`title`, `artist`, `comment`, `date`, and `license` where it is known; one printable line each."""
    tags = {
        "title": display_title(title, recipe.prompt),
        "artist": f"lofi-core · {recipe.backend}",
        "comment": printable(recipe.prompt),
        "date": recipe.created_at[:10],
    }
    if recipe.licence:
        tags["license"] = printable(recipe.licence)
    return tags


def loop_of(recipe: Recipe) -> Loop | None:
    """Where a track repeats; None for one that does not, or says nonsense."""
    try:
        return msgspec.convert(recipe.extra.get("loop"), Loop)
    except (msgspec.ValidationError, TypeError, ValueError):
        return None  # of a file that somebody else wrote


def loop_tags(recipe: Recipe) -> dict[str, str]:
    """`LOOPSTART` and `LOOPLENGTH` in samples, as game engines and players of loops read them."""
    loop = loop_of(recipe)
    return {} if loop is None else {"LOOPSTART": str(loop.start), "LOOPLENGTH": str(loop.length)}


def write_flac_tags(path: Path, title: str | None, recipe: Recipe) -> None:
    """Replace all tags of a FLAC by ours. The recipe's text is kept letter by letter, as JSON."""
    file = _open(path)
    file.delete()
    for name, value in display_tags(title, recipe).items():
        file[name.upper()] = value
    file.update(loop_tags(recipe))
    file[RECIPE_TAG] = msgspec.json.encode(recipe).decode()
    file.save()


def write_id3_tags(path: Path, title: str | None, recipe: Recipe) -> None:
    """Tag an MP3. libsndfile would write UTF-8 and call it Latin-1, which others show as gibberish."""
    tags = display_tags(title, recipe)
    id3: Any = mutagen.id3  # untyped upstream
    file = id3.ID3()
    file.add(id3.TIT2(encoding=id3.Encoding.UTF16, text=tags["title"]))
    file.add(id3.TPE1(encoding=id3.Encoding.UTF16, text=tags["artist"]))
    file.add(id3.COMM(encoding=id3.Encoding.UTF16, lang="XXX", desc="", text=tags["comment"]))
    file.add(id3.TDRC(encoding=id3.Encoding.LATIN1, text=tags["date"]))
    for name, value in loop_tags(recipe).items():
        file.add(id3.TXXX(encoding=id3.Encoding.LATIN1, desc=name, text=value))
    if "license" in tags:
        file.add(id3.TCOP(encoding=id3.Encoding.UTF16, text=tags["license"]))
    file.save(path)


def add_loop_tags(path: Path, recipe: Recipe) -> None:
    """Add them to an Ogg file, Vorbis or Opus, beside the tags that it has."""
    if tags := loop_tags(recipe):
        file = mutagen.File(path)
        file.update(tags)
        file.save()


def flac_title(path: Path) -> str | None:
    """The title in a FLAC's tags."""
    values = _open(path).get("TITLE")
    return str(values[0]) if values else None


def read_recipe(path: Path) -> Recipe:
    """The recipe in a FLAC's tags.

    Raises:
        TrackWriteFailed: the file cannot be read, or no recipe of ours is in it.
    """
    with storage_failures(f"reading the tags of {path}", path):
        values = _open(path).get(RECIPE_TAG)
    if not values:
        raise TrackWriteFailed(
            f"{path} has no {RECIPE_TAG} tag", "only FLAC files made by lofi-core have one"
        )
    try:
        return msgspec.json.decode(values[0], type=Recipe)
    except msgspec.DecodeError as error:
        raise TrackWriteFailed(f"the {RECIPE_TAG} tag of {path} is damaged: {error}") from error


def _open(path: Path) -> Any:
    return FLAC(path)  # type: ignore[no-untyped-call]
