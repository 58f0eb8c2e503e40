"""How do a file's samples come? The same at any place and in any blocks, or an error with the path."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
import soxr

from lofi_core.player.decoders import FileDecoder, GrowingDecoder, TrackUnreadable
from lofi_core.player.source import AHEAD_SEC, Source
from lofi_core.tracks.spool import Spool
from tests.player.conftest import RATE, Samples, sine

if TYPE_CHECKING:
    from pathlib import Path


def written(path: Path, samples: Samples, rate: int = RATE, **options: str) -> str:
    soundfile.write(path, samples, rate, **options)
    return str(path)


Keep = Callable[[FileDecoder | GrowingDecoder], Source]


@pytest.fixture
def keep() -> Iterator[Keep]:
    """Make sources that are closed after the test."""
    made: list[Source] = []

    def make(decoder: FileDecoder | GrowingDecoder) -> Source:
        made.append(Source(decoder, RATE))
        return made[-1]

    yield make
    for source in made:
        source.close()


def everything(source: Source, block: int = 4_801) -> Samples:
    blocks = []
    while len(got := source.read(block)):
        blocks.append(got)
    return np.concatenate(blocks) if blocks else np.zeros((0, 2), np.float32)


def test_a_file_at_the_devices_rate_comes_as_it_is(tmp_path: Path, keep: Keep) -> None:
    track = sine(1.0)
    source = keep(FileDecoder(written(tmp_path / "a.wav", track, subtype="FLOAT")))
    assert source.total_frames == len(track)
    assert np.array_equal(everything(source), track)
    assert source.complete


@pytest.mark.parametrize("rate", [32_000, 44_100, 96_000])
def test_other_rates_are_resampled_as_a_whole_would_be(tmp_path: Path, keep: Keep, rate: int) -> None:
    track = sine(1.3, rate=rate)
    source = keep(FileDecoder(written(tmp_path / "a.wav", track, rate, subtype="FLOAT")))
    total = source.total_frames
    heard = everything(source)
    assert len(heard) == total
    assert np.abs(heard - soxr.resample(track, rate, RATE, "HQ")).max() < 1e-6


@pytest.mark.parametrize("rate", [32_000, 44_100, 48_000])
@pytest.mark.parametrize("frame", [0, 1, 160, 31_415, 62_399])
def test_a_seek_brings_what_would_have_come_there(tmp_path: Path, keep: Keep, rate: int, frame: int) -> None:
    noise = np.random.Generator(np.random.Philox(1)).uniform(-0.5, 0.5, (round(1.3 * rate), 2))
    path = written(tmp_path / "a.wav", noise.astype(np.float32), rate, subtype="FLOAT")
    whole = everything(keep(FileDecoder(path)))
    source = keep(FileDecoder(path))
    source.read(1_000)
    source.seek(frame)
    heard = everything(source)
    assert len(heard) == len(whole) - frame
    assert np.abs(heard - whole[frame:]).max() < 1e-5


def test_past_the_end_there_is_nothing(tmp_path: Path, keep: Keep) -> None:
    source = keep(FileDecoder(written(tmp_path / "a.wav", sine(0.1))))
    source.seek(10**9)
    assert not len(source.read(100))
    assert source.complete
    source.seek(0)
    assert len(source.read(100)) == 100


def test_mono_is_on_both_sides(tmp_path: Path, keep: Keep) -> None:
    one = sine(0.2)[:, :1]
    source = keep(FileDecoder(written(tmp_path / "a.flac", one)))
    heard = everything(source)
    assert np.array_equal(heard[:, 0], heard[:, 1])
    assert np.abs(heard[:, :1] - one).max() < 1e-4


def test_what_is_no_number_is_silence(tmp_path: Path, keep: Keep) -> None:
    track = sine(0.2)
    track[100:200] = np.nan
    track[300] = np.inf
    heard = everything(keep(FileDecoder(written(tmp_path / "a.wav", track, subtype="FLOAT"))))
    assert np.isfinite(heard).all()
    assert not heard[100:200].any()


def test_what_is_decoded_ahead_has_a_limit(tmp_path: Path, keep: Keep) -> None:
    source = keep(FileDecoder(written(tmp_path / "a.wav", sine(5.0))))
    while source.prefetch():
        pass
    assert source._ready_frames < (AHEAD_SEC + 0.5) * RATE


def test_errors_name_the_file(tmp_path: Path) -> None:
    with pytest.raises(TrackUnreadable, match=f"there is no file {tmp_path}/gone.wav"):
        FileDecoder(str(tmp_path / "gone.wav"))
    (tmp_path / "text.wav").write_text("hello, I am no music")
    with pytest.raises(TrackUnreadable, match=f"{tmp_path}/text.wav cannot be played"):
        FileDecoder(str(tmp_path / "text.wav"))
    with pytest.raises(TrackUnreadable, match=str(tmp_path)):
        FileDecoder(str(tmp_path))
    with pytest.raises(TrackUnreadable, match=r"text\.wav cannot be played: it is no WAV"):
        GrowingDecoder(str(tmp_path / "text.wav"))
    with pytest.raises(TrackUnreadable, match="only float32"):
        GrowingDecoder(written(tmp_path / "short.wav", sine(0.1), subtype="PCM_16"))


def test_a_file_that_breaks_off_is_an_error_at_that_place(tmp_path: Path, keep: Keep) -> None:
    path = tmp_path / "cut.wav"
    written(path, sine(3.0), subtype="FLOAT")
    decoder = FileDecoder(str(path))
    with path.open("r+b") as file:
        file.truncate(RATE * 8)
    source = keep(decoder)
    with pytest.raises(TrackUnreadable, match=r"cut\.wav breaks off after 1\.0 of 3\.0 s"):
        everything(source)


@pytest.mark.parametrize("rate", [32_000, 44_100, 48_000])
@pytest.mark.parametrize("cut", [1, 20_003, 31_900])
def test_two_files_are_resampled_like_one_when_joined(
    tmp_path: Path, keep: Keep, rate: int, cut: int
) -> None:
    track = sine(1.0, rate=rate)
    paths = [
        written(tmp_path / f"{name}.wav", part, rate, subtype="FLOAT")
        for name, part in (("a", track[:cut]), ("b", track[cut:]))
    ]
    first, second = (keep(FileDecoder(path)) for path in paths)
    first.join(second)
    heard = np.concatenate([everything(first), everything(second)])
    whole = track if rate == RATE else soxr.resample(track, rate, RATE, "HQ")
    assert abs(len(heard) - len(whole)) <= 1
    assert np.abs(heard[: len(whole)] - whole[: len(heard)]).max() < 1e-6


def test_joined_to_a_broken_file_a_track_is_whole(tmp_path: Path, keep: Keep) -> None:
    whole, cut = tmp_path / "a.wav", tmp_path / "b.wav"
    track = sine(0.5, rate=44_100)
    written(whole, track, 44_100, subtype="FLOAT")
    written(cut, sine(3.0, rate=44_100), 44_100, subtype="FLOAT")
    first, second = keep(FileDecoder(str(whole))), keep(FileDecoder(str(cut)))
    with cut.open("r+b") as file:
        file.truncate(100)
    first.join(second)
    heard, wanted = everything(first), soxr.resample(track, 44_100, RATE, "HQ")
    assert len(heard) == len(wanted)
    assert np.abs(heard - wanted)[:-400].max() < 1e-6
    with pytest.raises(TrackUnreadable, match="breaks off"):
        second.read(1)


def test_joined_to_a_file_that_grows_both_are_whole(tmp_path: Path, keep: Keep) -> None:
    track = sine(0.5, rate=44_100)
    spool = Spool(tmp_path / "spool.wav", 44_100, 2)
    spool.append(track[:10].T)
    growing = GrowingDecoder(str(spool.path))
    growing.grow(spool.available_sec, final=False)
    first = keep(FileDecoder(written(tmp_path / "a.wav", track, 44_100, subtype="FLOAT")))
    second = keep(growing)
    first.join(second)
    heard, wanted = everything(first), soxr.resample(track, 44_100, RATE, "HQ")
    assert len(heard) == len(wanted)
    assert np.abs(heard - wanted)[:-400].max() < 1e-6
    spool.append(track[10:].T)
    spool.close()
    growing.grow(spool.available_sec, final=True)
    assert np.abs(everything(second) - wanted).max() < 1e-6


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_a_spool_is_read_while_it_grows(tmp_path: Path, keep: Keep, rate: int) -> None:
    track = sine(2.0, rate=rate)
    spool = Spool(tmp_path / "spool.wav", rate, 2)
    spool.append(track[:rate].T)
    decoder = GrowingDecoder(str(spool.path))
    decoder.grow(spool.available_sec, final=False)
    source = keep(decoder)
    assert (source.total_frames, source.complete) == (None, False)
    first = everything(source)
    spool.append(track[rate:].T)
    decoder.grow(spool.available_sec, final=True)
    spool.close()
    heard = np.concatenate([first, everything(source)])
    assert source.total_frames == len(heard) == 2 * RATE
    wanted = track if rate == RATE else soxr.resample(track, rate, RATE, "HQ")
    assert np.abs(heard - wanted).max() < 1e-6


def test_a_place_that_is_not_written_yet_comes_when_it_is(tmp_path: Path, keep: Keep) -> None:
    track = sine(2.0)
    spool = Spool(tmp_path / "spool.wav", RATE, 2)
    spool.append(track[:RATE].T)
    decoder = GrowingDecoder(str(spool.path))
    decoder.grow(1.0, final=False)
    source = keep(decoder)
    source.seek(70_000)
    assert source.ready(100) == 0
    spool.append(track[RATE:].T)
    spool.close()
    decoder.grow(2.0, final=False)
    assert np.array_equal(source.read(100), track[70_000:70_100])


def test_a_spool_that_is_shorter_than_announced_is_an_error(tmp_path: Path, keep: Keep) -> None:
    spool = Spool(tmp_path / "spool.wav", RATE, 2)
    spool.append(sine(1.0).T)
    spool.close()
    decoder = GrowingDecoder(str(spool.path))
    decoder.grow(5.0, final=True)
    with pytest.raises(TrackUnreadable, match=r"spool\.wav ends before 5\.0 s"):
        everything(keep(decoder))
