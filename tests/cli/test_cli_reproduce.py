"""Does `reproduce` tell what is the same, what is not and why, and does it trust no file?"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import mutagen
import numpy as np
import pytest
import soundfile

from lofi_core import __version__
from lofi_core.tracks.digest import SampleDigest
from lofi_core.tracks.recipes import read_recipe
from lofi_core.tracks.tags import write_tags
from lofi_core.tracks.track import RECIPE_TAG
from tests.conftest import STEPPED, DaemonProcess, events_until_end, install_backend_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lofi_core.rpc.client import Client
    from tests.cli.conftest import Run, Start

FORMATS = ("flac", "wav", "ogg", "opus", "mp3")


@pytest.fixture(scope="module")
def studio() -> Iterator[tuple[DaemonProcess, Path]]:
    """A daemon, and a folder with a track in every format, and one of a backend that has an option."""
    home = Path(tempfile.mkdtemp(prefix="lofi-"))
    (home / "out").mkdir()
    install_backend_in(home, "stepped", STEPPED)
    daemon = DaemonProcess(home, {})
    client = daemon.client()
    for backend, names in (("sine", [f"rain.{suffix}" for suffix in FORMATS]), ("stepped", ["option.flac"])):
        job = client.call("generate", prompt="rain 雨", backend=backend, duration_sec=5, seed=3)
        track_id = events_until_end(client, job["job_id"])[-1].fields["track_id"]
        for name in names:
            client.call("tracks_export", track_id=track_id, path=str(home / "out" / name))
    yield daemon, home / "out"
    daemon.stop()
    shutil.rmtree(home)


@pytest.fixture
def daemon(studio: tuple[DaemonProcess, Path], monkeypatch: pytest.MonkeyPatch) -> DaemonProcess:
    monkeypatch.setenv("LOFI_SOCKET", str(studio[0].socket))
    return studio[0]


@pytest.fixture
def client(daemon: DaemonProcess) -> Client:
    return daemon.client()


@pytest.fixture
def files(studio: tuple[DaemonProcess, Path], daemon: DaemonProcess, environ: Path) -> Path:
    """Copies of the exports, to be spoilt."""
    return Path(shutil.copytree(studio[1], environ / "files"))


def with_recipe(path: Path, **changes: Any) -> Path:
    """Change the recipe of a file."""
    text = json.dumps({**msgspec.to_builtins(read_recipe(path)), **changes})
    file: Any = mutagen.File(path)
    if path.suffix == ".mp3":
        file[f"TXXX:{RECIPE_TAG}"].text = [text]
    else:
        file[RECIPE_TAG] = text
    file.save()
    return path


def proof_of(run: Run, path: Path) -> tuple[int, dict[str, Any]]:
    exit_status, out, err = run("reproduce", str(path), "--json")
    assert err == ""
    return exit_status, json.loads(out)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_file_of_any_format_is_proved(run: Run, files: Path, suffix: str) -> None:
    exit_status, proof = proof_of(run, files / f"rain.{suffix}")
    assert (exit_status, proof["verdict"]) == (0, "identical")
    assert proof["by"] == ("samples" if suffix in {"flac", "wav"} else "sha256")
    assert proof["was_frames"] == proof["now_frames"] == 240_000
    assert "differences" not in proof
    assert "is_touched" not in proof
    assert proof.get("likeness", 1) > 0.9


def test_it_is_told_in_a_line_and_how_far_it_is_beside(run: Run, files: Path) -> None:
    exit_status, out, err = run("reproduce", str(files / "rain.flac"))
    assert (exit_status, out) == (0, "identical: 240000 frames, sample for sample\n")
    assert err.startswith("generating with sine\n")


def test_the_library_is_left_as_it_is(run: Run, client: Client) -> None:
    tracks = client.call("tracks_list")["tracks"]
    before = Path(tracks[0]["path"]).stat()
    assert run("reproduce", tracks[0]["path"]).exit_status == 0
    assert client.call("tracks_list")["tracks"] == tracks
    after = Path(tracks[0]["path"]).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_sample_that_was_changed_is_found(run: Run, files: Path) -> None:
    content = bytearray((files / "rain.wav").read_bytes())
    at = content.index(b"data") + 8 + 120_000 * 3  # frame 120,000
    content[at + 1] ^= 0x40  # bit 14 of 24
    (files / "rain.wav").write_bytes(content)
    exit_status, proof = proof_of(run, files / "rain.wav")
    assert (exit_status, proof["verdict"], proof["is_touched"]) == (1, "different", True)
    assert (proof["first_frame"], proof["first_sec"]) == (120_000, 2.5)
    assert proof["most_db"] == round(20 * np.log10(2**14 / 2**23), 1)
    told = run("reproduce", str(files / "rain.wav")).out
    assert told.startswith("different: from frame 120000 on, at 0:02; 1 samples, by -54.2 dBFS at most")
    assert "one of the two was changed" in told


def test_what_only_rounding_changed_is_told_as_that(run: Run, files: Path) -> None:
    samples, rate = soundfile.read(files / "rain.flac", dtype="int32")
    samples ^= 1 << 8  # the last of 24 bits
    digest = SampleDigest()
    digest.add(samples[:, None])
    recipe = msgspec.structs.replace(read_recipe(files / "rain.flac"), samples_sha256=digest.text())
    soundfile.write(files / "rounded.flac", samples, rate, subtype="PCM_24")
    write_tags(files / "rounded.flac", "flac", None, recipe)
    exit_status, out, _ = run("reproduce", str(files / "rounded.flac"))
    assert exit_status == 1
    differ, why = out.splitlines()
    assert differ.endswith("240000 samples, by -138.5 dBFS at most, as rounding does: nobody hears it")
    assert why == "all that the recipe tells is as it was: a library rounds otherwise here"
    converted = with_recipe(files / "rain.mp3", samples_sha256=digest.text())
    assert "than the recipe tells; likeness of the sound 0.9" in run("reproduce", str(converted)).out


def test_another_seed_in_the_recipe_is_another_track(run: Run, files: Path) -> None:
    for suffix in ("flac", "mp3"):
        exit_status, proof = proof_of(run, with_recipe(files / f"rain.{suffix}", seed=4))
        assert (exit_status, proof["verdict"]) == (1, "different")
    assert proof["is_touched"]  # the MP3 sounds like something else
    assert proof["likeness"] < 0.5


def test_what_is_not_as_it_was_is_listed(run: Run, files: Path) -> None:
    recipe = read_recipe(files / "option.flac")
    options = {"wobble": 0.5}
    extra = {**recipe.extra, "provider": "CUDAExecutionProvider"}
    extra["system"] = {**extra["system"], "numpy": "1.26.0"}
    spoilt = with_recipe(
        files / "option.flac", software_version="0.0.9", model_version="0", options=options, extra=extra
    )
    exit_status, proof = proof_of(run, spoilt)
    assert (exit_status, proof["verdict"]) == (0, "identical")
    assert proof["differences"] == [
        {"what": "lofi-core", "was": "0.0.9", "now": __version__},
        {"what": "model", "was": "0", "now": recipe.model_version},
        {"what": "option wobble", "was": 0.5},
        {"what": "option gate", "now": ""},
        {"what": "system.numpy", "was": "1.26.0", "now": np.__version__},
        {"what": "provider", "was": "CUDAExecutionProvider"},
    ]
    rows = [line.split() for line in run("reproduce", str(spoilt)).out.splitlines()]
    assert ["option", "wobble", "0.5", "not", "there"] in rows
    assert ["lofi-core", "0.0.9", __version__] in rows


def test_without_a_hash_an_mp3_proves_nothing(run: Run, files: Path) -> None:
    exit_status, proof = proof_of(run, with_recipe(files / "rain.mp3", samples_sha256=None))
    assert (exit_status, proof["verdict"]) == (1, "unknown")
    assert proof["likeness"] > 0.9


def test_a_file_that_was_cut_off_says_how_long_it_is(run: Run, files: Path) -> None:
    samples, rate = soundfile.read(files / "rain.flac", dtype="int32")
    recipe = read_recipe(files / "rain.flac")
    soundfile.write(files / "short.flac", samples[:100_000], rate, subtype="PCM_24")
    write_tags(files / "short.flac", "flac", None, recipe)
    assert proof_of(run, files / "short.flac")[1]["first_frame"] == 100_000
    assert "100000 frames are 240000 now" in run("reproduce", str(files / "short.flac")).out


def test_a_flac_that_was_cut_off_is_refused_before_anything_is_made(
    run: Run, files: Path, client: Client
) -> None:
    cut = files / "cut.flac"
    cut.write_bytes((files / "rain.flac").read_bytes()[:-9_999])
    client.call("subscribe")
    outcome = run("reproduce", str(cut))
    client.call("ping")
    assert client.next_event(0.0) is None
    assert "decoding" in outcome.err
    assert outcome.err.endswith("hint: is it whole, and is it audio?\n")


def test_the_new_track_is_kept_where_one_says(run: Run, files: Path) -> None:
    status, out, _ = run("reproduce", str(files / "rain.flac"), "-o", "again.wav")
    assert (status, out.splitlines()[-1].partition(" (")[0]) == (0, str(Path("again.wav").resolve()))
    again = soundfile.read("again.wav", dtype="int32")[0]
    assert np.array_equal(again, soundfile.read(files / "rain.flac", dtype="int32")[0])
    assert read_recipe(Path("again.wav")).prompt == "rain 雨"
    assert "is there already" in run("reproduce", str(files / "rain.flac"), "-o", "again.wav").err
    assert run("reproduce", str(files / "rain.flac"), "-o", "again.wav", "--force").exit_status == 0


def test_without_a_daemon_it_is_made_in_this_process(
    lofi: Start, files: Path, environ: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOFI_SOCKET", str(environ / "nobody"))
    process = lofi("reproduce", str(files / "rain.opus"), "-o", "again.flac", "--json")
    out, err = process.communicate()
    assert (process.returncode, err) == (0, "")
    proof = json.loads(out)
    assert proof["verdict"] == "identical"
    assert proof["exported"]["size_bytes"] == (environ / "again.flac").stat().st_size
    assert not list((environ / "data" / "tracks").iterdir())
    assert not (environ / "nobody").exists()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"seed": -1}, "INVALID_PARAMS"),
        ({"seed": 2**40}, "INVALID_PARAMS"),
        ({"duration_sec": 1e300}, "INVALID_DURATION"),
        ({"prompt": "la " * 5_000}, "INVALID_PROMPT"),
        ({"options": {"gate": 5}}, "INVALID_OPTION"),
        ({"options": {"gate": {"deep": [[[]]]}}}, "INVALID_OPTION"),
        ({"backend": "../../etc/passwd"}, "INVALID_BACKEND"),
        ({"backend": "musicgen", "options": {}}, "BACKEND_NOT_INSTALLED"),
        ({"samples_sha256": "x" * 64}, "INVALID_RECIPE"),
    ],
)
def test_a_recipe_is_checked_like_any_request(
    run: Run, files: Path, changes: dict[str, Any], code: str
) -> None:
    exit_status, out, err = run("reproduce", str(with_recipe(files / "option.flac", **changes)))
    assert (exit_status, out) == (1, "")
    assert err.startswith(f"{code}: ")


def test_nobody_is_told_to_install_what_a_file_names(run: Run, files: Path) -> None:
    spoilt = with_recipe(files / "rain.flac", backend="warbler", package="evil\x1b[2J", package_version="6")
    err = run("reproduce", str(spoilt)).err
    assert err.startswith("INVALID_BACKEND: ")
    assert "came with evil\\x1b[2J 6" in err
    assert "pip" not in err


def test_what_is_no_track_of_ours_is_refused_in_words(run: Run, daemon: DaemonProcess) -> None:
    soundfile.write("foreign.flac", np.zeros(100), 8_000)
    Path("notes.txt").write_text("rain")
    for name, said in {
        "foreign.flac": "NO_RECIPE: foreign.flac has no LOFI_RECIPE tag",
        "notes.txt": "NO_RECIPE: notes.txt cannot be read as FLAC, WAV, Ogg, Opus or MP3: it is none of them",
        "missing.flac": "TRACK_WRITE_FAILED: reading missing.flac failed: No such file or directory",
    }.items():
        exit_status, out, err = run("reproduce", name)
        assert (exit_status, out) == (1, "")
        assert err.startswith(said)
