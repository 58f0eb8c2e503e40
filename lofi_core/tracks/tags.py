"""What does a track's file say about itself, to a player's display and to whoever wants to make it again?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import mutagen.id3
from mutagen.flac import FLAC
from mutagen.id3 import ID3
from mutagen.oggopus import OggOpus
from mutagen.oggvorbis import OggVorbis
from mutagen.wave import WAVE

from lofi_core.tracks.track import RECIPE_TAG
from lofi_core.tracks.words import display_title, printable

if TYPE_CHECKING:
    from pathlib import Path

    from lofi_core.tracks.track import Recipe

_COMMENTED: dict[str, Any] = {"flac": FLAC, "ogg": OggVorbis, "opus": OggOpus}


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


def write_tags(path: Path, format_name: str, title: str | None, recipe: Recipe) -> None:
    """Replace all tags of a file by ours. The recipe's text is kept letter by letter, as JSON.

    Args:
        path: of the file.
        format_name: one of `FORMATS`. The `LIST INFO` of a WAV stays as it is: see `export_steps`.
        title: what `display_title` makes of it is shown.
        recipe: of the track.
    """
    shown, text = display_tags(title, recipe), msgspec.json.encode(recipe).decode()
    if format_name in _COMMENTED:
        _write_comments(_COMMENTED[format_name](path), shown, text)
    elif format_name == "mp3":
        _fill_id3(ID3(), shown, text).save(path)  # type: ignore[no-untyped-call]
    else:
        wav: Any = WAVE(path)  # type: ignore[no-untyped-call]
        wav.add_tags()
        _fill_id3(wav.tags, shown, text)
        wav.save()


def flac_title(path: Path) -> str | None:
    """The title in a FLAC's tags."""
    file: Any = FLAC(path)  # type: ignore[no-untyped-call]
    values = file.get("TITLE")
    return str(values[0]) if values else None


def _write_comments(file: Any, tags: dict[str, str], recipe: str) -> None:
    file.delete()
    for name, value in tags.items():
        file[name.upper()] = value
    file[RECIPE_TAG] = recipe
    file.save()


def _fill_id3(file: Any, tags: dict[str, str], recipe: str) -> Any:
    """The same as ID3. libsndfile would write UTF-8 and call it Latin-1, which others show as gibberish."""
    id3: Any = mutagen.id3  # untyped upstream
    file.add(id3.TIT2(encoding=id3.Encoding.UTF16, text=tags["title"]))
    file.add(id3.TPE1(encoding=id3.Encoding.UTF16, text=tags["artist"]))
    file.add(id3.COMM(encoding=id3.Encoding.UTF16, lang="XXX", desc="", text=tags["comment"]))
    file.add(id3.TDRC(encoding=id3.Encoding.LATIN1, text=tags["date"]))
    if "license" in tags:
        file.add(id3.TCOP(encoding=id3.Encoding.UTF16, text=tags["license"]))
    # No player shows it, so it may be in the encoding that old ones do not know.
    file.add(id3.TXXX(encoding=id3.Encoding.UTF8, desc=RECIPE_TAG, text=recipe))
    return file
