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

from lofi_core.backend import Loop
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
    shown = display_tags(title, recipe)
    others = {**loop_tags(recipe), RECIPE_TAG: msgspec.json.encode(recipe).decode()}
    if format_name in _COMMENTED:
        _write_comments(_COMMENTED[format_name](path), shown, others)
    elif format_name == "mp3":
        _fill_id3(ID3(), shown, others).save(path)  # type: ignore[no-untyped-call]
    else:
        wav: Any = WAVE(path)  # type: ignore[no-untyped-call]
        wav.add_tags()
        _fill_id3(wav.tags, shown, others)
        wav.save()


def flac_title(path: Path) -> str | None:
    """The title in a FLAC's tags."""
    file: Any = FLAC(path)  # type: ignore[no-untyped-call]
    values = file.get("TITLE")
    return str(values[0]) if values else None


def title_in_tags(path: Path, recipe: Recipe) -> str | None:
    """The title that a FLAC was made with; None when it shows the beginning of its prompt."""
    title = flac_title(path)
    return None if title == display_tags(None, recipe)["title"] else title


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


def _write_comments(file: Any, tags: dict[str, str], others: dict[str, str]) -> None:
    file.delete()
    for name, value in {**tags, **others}.items():
        file[name.upper()] = value
    file.save()


def _fill_id3(file: Any, tags: dict[str, str], others: dict[str, str]) -> Any:
    """The same as ID3. libsndfile would write UTF-8 and call it Latin-1, which others show as gibberish."""
    id3: Any = mutagen.id3  # untyped upstream
    file.add(id3.TIT2(encoding=id3.Encoding.UTF16, text=tags["title"]))
    file.add(id3.TPE1(encoding=id3.Encoding.UTF16, text=tags["artist"]))
    file.add(id3.COMM(encoding=id3.Encoding.UTF16, lang="XXX", desc="", text=tags["comment"]))
    file.add(id3.TDRC(encoding=id3.Encoding.LATIN1, text=tags["date"]))
    if "license" in tags:
        file.add(id3.TCOP(encoding=id3.Encoding.UTF16, text=tags["license"]))
    # No player shows these, so they may be in the encoding that old ones do not know.
    for name, value in others.items():
        file.add(id3.TXXX(encoding=id3.Encoding.UTF8, desc=name, text=value))
    return file
