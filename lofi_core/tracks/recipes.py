"""Which recipe does a file carry? The file may be anybody's: nothing in it is believed unchecked."""

from __future__ import annotations

import os
import re
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from lofi_core.errors import TrackWriteFailed
from lofi_core.tracks.failures import storage_failures
from lofi_core.tracks.find_tag import NotAudioError, find_tag
from lofi_core.tracks.track import RECIPE_TAG, Recipe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Ten minutes of 192 kHz stereo with 24 bits are 0.7 GB.
MAX_FILE_BYTES = 2_000_000_000
# A prompt has 2,000 characters at most, and options are few.
MAX_RECIPE_CHARACTERS = 256_000
_DIGEST = re.compile("[0-9a-f]{64}")


class NoRecipe(TrackWriteFailed):
    """No audio, or none that lofi-core made."""

    code = "NO_RECIPE"


class InvalidRecipe(TrackWriteFailed):
    """There is something in the recipe's place that cannot be one."""

    code = "INVALID_RECIPE"


def read_recipe(path: Path) -> Recipe:
    """The recipe in the tags of a FLAC, WAV, Ogg Vorbis, Opus or MP3 file.

    Raises:
        NoRecipe: no such audio, or no recipe of ours is in it.
        InvalidRecipe: the recipe was damaged or changed.
        TrackWriteFailed: the file cannot be read.
    """
    with opened(path) as file:
        return recipe_of(file, path.name)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A file for reading, which is really a file: a pipe would have us wait.

    Raises:
        NoRecipe: it is no plain file, or a huge one.
        TrackWriteFailed: it cannot be opened.
    """
    with storage_failures(f"reading {path}", path):
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            about = os.fstat(number)
            if not stat.S_ISREG(about.st_mode):
                raise NoRecipe(f"{path} is not a file", "give the name of an audio file")
            if about.st_size > MAX_FILE_BYTES:
                most = f"at most {MAX_FILE_BYTES / 1e9:g} GB are read"
                raise NoRecipe(f"{path} has {about.st_size / 1e9:.1f} GB", most)
        except BaseException:
            os.close(number)
            raise
    with open(number, "rb") as file:  # noqa: PTH123 - a descriptor has no Path
        yield file


def recipe_of(file: BinaryIO, name: str) -> Recipe:
    """The recipe in an open file; `name` is for messages. Errors as of `read_recipe`."""
    try:
        text = find_tag(file, RECIPE_TAG)
    except NotAudioError as error:
        hint = "is it whole? lofi-core reads what `tracks export` writes"
        raise NoRecipe(f"{name} cannot be read as FLAC, WAV, Ogg, Opus or MP3: {error}", hint) from error
    if text is None:
        hint = "files that lofi-core made or exported have one, while nobody takes their tags away"
        raise NoRecipe(f"{name} has no {RECIPE_TAG} tag", hint)
    hint = "somebody changed the tag, or a newer lofi-core made the file"
    if len(text) > MAX_RECIPE_CHARACTERS:
        problem = f"the {RECIPE_TAG} tag of {name} has {len(text):,} characters"
        raise InvalidRecipe(f"{problem}; at most {MAX_RECIPE_CHARACTERS:,} are read", hint)
    try:
        recipe = msgspec.json.decode(text, type=Recipe)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidRecipe(f"the {RECIPE_TAG} tag of {name} is damaged: {error}", hint) from error
    digest = recipe.samples_sha256
    if digest is not None and not _DIGEST.fullmatch(digest):
        raise InvalidRecipe(f"samples_sha256 of {name} is {digest!r:.80}; must be 64 hex digits", hint)
    return recipe
