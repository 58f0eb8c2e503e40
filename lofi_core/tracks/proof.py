"""Is a track that was made again from its recipe the same, and if not: what is another than it was?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO, Literal

import soundfile
from msgspec import UNSET, Struct, UnsetType

from lofi_core.tracks.compare import compare_samples, likeness
from lofi_core.tracks.failures import storage_failures

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lofi_core.tracks.track import Recipe

# Lossy copies of music come out at 0.9 and more, other music at about 0.
LEAST_LIKENESS = 0.5


class Difference(Struct, omit_defaults=True):
    """One thing that is not as it was. A side that does not know it lacks."""

    what: str
    was: Any = UNSET
    now: Any = UNSET


class Proof(Struct, omit_defaults=True):
    """How a file and what was made again from its recipe compare.

    Attributes:
        verdict: `unknown` where the file's format does not hold the samples, and its recipe no hash of them.
        by: sample for sample, or by the recipe's hash, where the file is lossy or was converted.
        format: of the file, as libsndfile has it.
        was_frames: of the file.
        now_frames: of the new one.
        first_frame: the first one that differs.
        first_sec: its time.
        differing: how many samples of those that both have.
        most_db: the largest difference, dBFS.
        likeness: of the sound of a lossy file, 1 for the same; absent where the two cannot be compared.
        is_touched: the file's own sound is not what its recipe tells of: one of the two was changed since.
        differences: what is not as it was, whatever the verdict.
    """

    verdict: Literal["identical", "different", "unknown"]
    by: Literal["samples", "sha256"]
    format: str
    was_frames: int
    now_frames: int
    first_frame: int | UnsetType = UNSET
    first_sec: float | UnsetType = UNSET
    differing: int | UnsetType = UNSET
    most_db: float | UnsetType = UNSET
    likeness: float | UnsetType = UNSET
    is_touched: bool = False
    differences: list[Difference] = []


def check_readable(file: BinaryIO, path: Path) -> None:
    """Decode the end of a file, before anything long is done for it.

    Raises:
        TrackWriteFailed: it cannot be decoded.
    """
    file.seek(0)
    with storage_failures(f"decoding {path}", path), soundfile.SoundFile(file) as sound:
        sound.seek(max(0, sound.frames - 1))
        sound.read(1)


def prove(file: BinaryIO, path: Path, recipe: Recipe, again: BinaryIO, recipe_again: Recipe) -> Proof:
    """Compare a file with what was made again.

    Args:
        file: as the user has it, of any format that `tracks export` writes.
        path: its name, for errors.
        recipe: in its tags.
        again: the new one, a FLAC of ours.
        recipe_again: in its tags.

    Raises:
        TrackWriteFailed: the file cannot be decoded.
    """
    file.seek(0)
    again.seek(0)
    with (
        storage_failures(f"decoding {path}", path),
        soundfile.SoundFile(file) as was,
        soundfile.SoundFile(again) as now,
    ):
        alike = (was.samplerate, was.channels) == (now.samplerate, now.channels)
        if alike and was.subtype == "PCM_24":
            proof = _by_samples(was, now, recipe)
        else:
            proof = _by_hash(was, now, recipe, recipe_again)
            if alike:
                proof.likeness = likeness(was, now)
                proof.is_touched = proof.likeness < LEAST_LIKENESS
                proof.verdict = "different" if proof.is_touched else proof.verdict
    proof.differences.extend(differences(recipe, recipe_again))
    return proof


def _by_samples(was: soundfile.SoundFile, now: soundfile.SoundFile, recipe: Recipe) -> Proof:
    found = compare_samples(was, now)
    proof = Proof(
        "identical" if found.identical else "different",
        *("samples", f"{was.format} {was.subtype}", found.was_frames, found.now_frames),
        is_touched=recipe.samples_sha256 not in {None, found.was_sha256},
    )
    if found.first_frame is not None:
        proof.first_frame, proof.first_sec = found.first_frame, round(found.first_frame / was.samplerate, 6)
        proof.differing = found.differing
    if found.most_db is not None:
        proof.most_db = found.most_db
    return proof


def _by_hash(
    was: soundfile.SoundFile, now: soundfile.SoundFile, recipe: Recipe, recipe_again: Recipe
) -> Proof:
    told = recipe.samples_sha256
    same: Literal["identical", "different"]
    same = "identical" if told == recipe_again.samples_sha256 else "different"
    kind = f"{was.format} {was.subtype}"
    return Proof("unknown" if told is None else same, "sha256", kind, was.frames, now.frames)


def differences(was: Recipe, now: Recipe) -> Iterator[Difference]:
    """What two recipes of the same request tell otherwise, but for times and what follows from the rest."""
    for what, a, b in (
        ("lofi-core", was.software_version, now.software_version),
        ("package", f"{was.package} {was.package_version}", f"{now.package} {now.package_version}"),
        ("model", was.model_version, now.model_version),
        ("sample rate", was.sample_rate, now.sample_rate),
        ("channels", was.channels, now.channels),
    ):
        if a != b:
            yield Difference(what, a, b)
    yield from _in_maps("option ", was.options, now.options)
    yield from _in_maps("", _flat(was.extra), _flat(now.extra))
    if was.gain_db != now.gain_db:
        yield Difference("gain (dB)", was.gain_db, now.gain_db)


def _in_maps(kind: str, was: dict[str, Any], now: dict[str, Any]) -> Iterator[Difference]:
    for name in {**was, **now}:
        a, b = was.get(name, UNSET), now.get(name, UNSET)
        if a != b:
            yield Difference(f"{kind}{name}", a, b)


def _flat(extra: dict[str, Any]) -> dict[str, Any]:
    """One level of maps dissolved; without the names of arrays, which only the library keeps."""
    flat: dict[str, Any] = {}
    for name, value in extra.items():
        if isinstance(value, dict):
            flat |= {f"{name}.{inner}": part for inner, part in value.items()}
        elif name != "kept":
            flat[name] = value
    return flat
