"""Copies for the world outside: every format, every refusal, never half a file."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mutagen
import numpy as np
import pytest
import soundfile

from lofi_core.errors import InvalidParams, NotPermitted, TrackWriteFailed, UnknownTrack
from lofi_core.tracks.recipes import read_recipe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lofi_core.tracks.track import Exported, Track
    from tests.tracks.conftest import Noise, Studio

AWKWARD = 'rainy "night"\njazzy\x00rhodes 雨の夜 🎹'
ONE_LINE = 'rainy "night" jazzy rhodes 雨の夜 🎹'


def long_track(studio: Studio, noise: Noise, rate: int = 48_000, **fields: Any) -> Track:
    return studio.store.commit(studio.encode(noise(5, rate), rate, prompt=AWKWARD, **fields))


def export(studio: Studio, track: Track, path: Path | str, *args: Any, **kwargs: Any) -> Exported:
    exported: Exported = studio.complete(studio.store.export(track.track_id, str(path), *args, **kwargs))
    return exported


@pytest.mark.parametrize(
    ("suffix", "kind"),
    [
        ("flac", "FLAC PCM_24"),
        ("wav", "WAV PCM_24"),
        ("ogg", "OGG VORBIS"),
        ("opus", "OGG OPUS"),
        ("mp3", "MP3 MPEG_LAYER_III"),
        ("FLAC", "FLAC PCM_24"),
    ],
)
def test_the_suffix_decides_the_format(studio: Studio, pink_noise: Noise, suffix: str, kind: str) -> None:
    track = long_track(studio, pink_noise)
    target = studio.root / f"out.{suffix}"
    exported = export(studio, track, target)
    info = soundfile.info(target)
    assert f"{info.format} {info.subtype}" == kind
    assert (info.samplerate, info.channels, info.frames) == (48_000, 2, 240_000)
    assert (exported.path, exported.size_bytes) == (str(target), target.stat().st_size)
    assert not studio.leftovers()


@pytest.mark.parametrize("suffix", ["flac", "wav"])
def test_lossless_formats_hold_the_same_samples(studio: Studio, pink_noise: Noise, suffix: str) -> None:
    track = long_track(studio, pink_noise)
    export(studio, track, studio.root / f"out.{suffix}")
    kept, copied = (
        soundfile.read(path, dtype="int32")[0] for path in (track.path, studio.root / f"out.{suffix}")
    )
    assert np.array_equal(kept, copied)


@pytest.mark.parametrize("suffix", ["ogg", "opus", "mp3"])
def test_lossy_formats_sound_alike(studio: Studio, pink_noise: Noise, suffix: str) -> None:
    track = long_track(studio, pink_noise)
    export(studio, track, studio.root / f"out.{suffix}")
    kept, copied = (soundfile.read(path)[0] for path in (track.path, studio.root / f"out.{suffix}"))
    assert np.corrcoef(kept[:, 0], copied[:, 0])[0, 1] > 0.92


def test_a_format_given_wins_over_the_suffix(studio: Studio) -> None:
    export(studio, studio.add(), studio.root / "out.flac", "wav")
    assert soundfile.info(studio.root / "out.flac").format == "WAV"


@pytest.mark.parametrize("suffix", ["flac", "ogg", "opus"])
def test_vorbis_comments_tell_title_artist_comment_and_date(
    studio: Studio, pink_noise: Noise, suffix: str
) -> None:
    track = long_track(studio, pink_noise, title="Rain")
    export(studio, track, studio.root / f"out.{suffix}")
    tags: Any = mutagen.File(studio.root / f"out.{suffix}")
    told = {name: tags[name][0] for name in ("title", "artist", "comment", "date")}
    assert told == {
        "title": "Rain",
        "artist": "lofi-core · sine",
        "comment": ONE_LINE,
        "date": track.created_at[:10],
    }


def test_mp3_tags_are_unicode_to_every_reader(studio: Studio, pink_noise: Noise) -> None:
    track = long_track(studio, pink_noise, licence="MIT")
    export(studio, track, studio.root / "out.mp3")
    tags: Any = mutagen.File(studio.root / "out.mp3")
    assert tags["TIT2"].text == tags["COMM::XXX"].text == [ONE_LINE]
    assert tags["TPE1"].text == ["lofi-core · sine"]
    assert str(tags["TDRC"]) == track.created_at[:10]
    assert tags["TCOP"].text == ["MIT"]
    assert (studio.root / "out.mp3").read_bytes()[-128:-125] != b"TAG"  # ID3v1 knows Latin-1 only


def test_wav_has_an_info_chunk(studio: Studio, pink_noise: Noise) -> None:
    track = long_track(studio, pink_noise)
    export(studio, track, studio.root / "out.wav")
    with soundfile.SoundFile(studio.root / "out.wav") as file:
        assert (file.title, file.comment) == (ONE_LINE, ONE_LINE)
        assert (file.artist, file.date) == ("lofi-core · sine", track.created_at[:10])


def test_a_flac_is_the_stored_file_byte_for_byte(studio: Studio) -> None:
    track = studio.add(title="Rain")
    export(studio, track, studio.root / "out.flac")
    assert (studio.root / "out.flac").read_bytes() == Path(track.path).read_bytes()


def test_a_flac_of_a_renamed_track_has_the_new_title_and_the_recipe(studio: Studio) -> None:
    track = studio.store.update(studio.add(title="Rain").track_id, title="Snow")
    export(studio, track, studio.root / "out.flac")
    tags: Any = mutagen.File(studio.root / "out.flac")
    assert tags["title"] == ["Snow"]
    assert read_recipe(studio.root / "out.flac") == track.recipe


@pytest.mark.parametrize(
    ("name", "format_name", "value"),
    [("x.aiff", None, "x.aiff"), ("x", None, "no suffix"), ("x.wav", "aac", "'aac'"), ("x.wav", "", "''")],
)
def test_an_unknown_format_is_refused_with_the_list(
    studio: Studio, name: str, format_name: str | None, value: str
) -> None:
    with pytest.raises(InvalidParams, match="flac, wav, ogg, opus, mp3") as caught:
        export(studio, studio.add(), studio.root / name, format_name)
    assert value in str(caught.value)


@pytest.mark.parametrize(("suffix", "rate"), [("opus", 44_100), ("mp3", 96_000)])
def test_a_format_that_cannot_hold_the_rate_says_so(
    studio: Studio, pink_noise: Noise, suffix: str, rate: int
) -> None:
    track = long_track(studio, pink_noise, rate)
    with pytest.raises(InvalidParams, match=f"{suffix} cannot hold {rate} Hz"):
        export(studio, track, studio.root / f"out.{suffix}")


@pytest.mark.parametrize("path", ["out.flac", "./out.flac", "", "~/out.flac"])
def test_a_path_that_is_not_absolute_is_refused(studio: Studio, path: str) -> None:
    with pytest.raises(InvalidParams, match="must be absolute"):
        export(studio, studio.add(), path, "flac")


@pytest.mark.parametrize("path", ["/", "/tmp/..", "/tmp/x.flac/", "/tmp/a\0b.flac"])
def test_a_path_that_names_no_file_is_refused(studio: Studio, path: str) -> None:
    with pytest.raises(InvalidParams, match="file name"):
        export(studio, studio.add(), path, "flac")


def test_a_missing_folder_is_told(studio: Studio) -> None:
    with pytest.raises(TrackWriteFailed, match=r"no folder .*missing"):
        export(studio, studio.add(), studio.root / "missing" / "out.flac")


def test_a_file_in_place_of_the_folder_is_told(studio: Studio) -> None:
    (studio.root / "file").touch()
    with pytest.raises(TrackWriteFailed, match="not a folder"):
        export(studio, studio.add(), studio.root / "file" / "out.flac")


@pytest.mark.parametrize(
    "inside", ["data/out.flac", "data/tracks/ab.flac", "link/out.flac", "x/../data/o.flac"]
)
def test_nothing_is_written_into_the_data_directory(studio: Studio, inside: str) -> None:
    (studio.root / "link").symlink_to(studio.data_dir / "tracks")
    (studio.root / "x").mkdir()
    with pytest.raises(NotPermitted, match="inside the data directory"):
        export(studio, studio.add(), studio.root / inside)


def test_a_symlink_into_the_data_directory_is_replaced_not_followed(studio: Studio) -> None:
    track, victim = studio.add("a"), studio.add("b")
    (studio.root / "out.flac").symlink_to(victim.path)
    before = Path(victim.path).read_bytes()
    export(studio, track, studio.root / "out.flac", overwrite=True)
    assert Path(victim.path).read_bytes() == before
    assert not (studio.root / "out.flac").is_symlink()


def test_a_file_that_is_there_is_kept_unless_overwriting_is_asked_for(studio: Studio) -> None:
    target = studio.root / "out.flac"
    target.write_bytes(b"mine")
    with pytest.raises(TrackWriteFailed, match=str(target)) as caught:
        export(studio, studio.add(), target)
    assert "overwrite" in str(caught.value.hint)
    assert target.read_bytes() == b"mine"
    export(studio, studio.add(), target, overwrite=True)
    assert soundfile.info(target).format == "FLAC"


def test_a_file_that_appears_meanwhile_is_kept(studio: Studio, pink_noise: Noise) -> None:
    target = studio.root / "out.ogg"
    steps = studio.store.export(long_track(studio, pink_noise).track_id, str(target))
    next(steps)
    target.write_bytes(b"mine")
    with pytest.raises(TrackWriteFailed, match="there already"):
        studio.complete(steps)
    assert target.read_bytes() == b"mine"
    assert not studio.leftovers()


def test_a_folder_or_device_is_never_replaced(studio: Studio) -> None:
    (studio.root / "folder.flac").mkdir()
    os.mkfifo(studio.root / "fifo.flac")
    for name in ("folder.flac", "fifo.flac"):
        with pytest.raises(InvalidParams, match="is not a file"):
            export(studio, studio.add(), studio.root / name, overwrite=True)


@pytest.mark.parametrize("suffix", ["flac", "wav", "ogg", "opus", "mp3"])
def test_a_disk_that_fills_up_leaves_the_folder_as_it_was(
    studio: Studio, pink_noise: Noise, suffix: str, full_disk: Callable[[int], Any]
) -> None:
    track = long_track(studio, pink_noise)
    target = studio.root / f"out.{suffix}"
    target.write_bytes(b"mine")
    with full_disk(20_000), pytest.raises(TrackWriteFailed, match=str(target)) as caught:
        export(studio, track, target, overwrite=True)
    assert caught.value.hint
    assert target.read_bytes() == b"mine"
    assert not studio.leftovers()


def test_giving_up_half_way_leaves_the_folder_as_it_was(studio: Studio, pink_noise: Noise) -> None:
    steps = studio.store.export(long_track(studio, pink_noise).track_id, str(studio.root / "out.wav"))
    next(steps)
    assert studio.leftovers()
    steps.close()
    assert not studio.leftovers()
    assert not (studio.root / "out.wav").exists()


@pytest.fixture
def forbidden_folder() -> Iterator[Path]:
    """A folder this process may not write to, even when the tests run as root."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o555)
    if os.geteuid() == 0:
        os.seteuid(65_534)
    yield folder
    if os.getuid() == 0:
        os.seteuid(0)
    shutil.rmtree(folder)


def test_a_folder_that_is_read_only_is_told(forbidden_folder: Path) -> None:
    from lofi_core.tracks.destination import check_destination

    with pytest.raises(TrackWriteFailed, match=f"cannot write into {forbidden_folder}") as caught:
        check_destination(str(forbidden_folder / "out.flac"), Path("/proc"), overwrite=False)
    assert "writable" in str(caught.value.hint)


def test_an_unknown_track_is_not_exported(studio: Studio) -> None:
    with pytest.raises(UnknownTrack, match="0" * 32):
        studio.store.export("0" * 32, str(studio.root / "out.flac"))


def test_what_a_killed_export_left_goes_with_the_next_one(studio: Studio) -> None:
    left = studio.root / ".tmp-999999999-0123abcd-0123456789abcdef.wav"
    stays = studio.root / ".tmp-notes.wav"
    for file in (left, stays):
        file.touch()
    export(studio, studio.add(), studio.root / "out.wav")
    assert (left.exists(), stays.exists()) == (False, True)
