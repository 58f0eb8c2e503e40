"""Whose spools stay and whose go, with real processes."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lofi_core.tracks.spool_directory import SpoolDirectory

if TYPE_CHECKING:
    from collections.abc import Iterator

HOLD_A_SPOOL = """
import sys, pathlib
from lofi_core.tracks.spool_directory import SpoolDirectory
spools = SpoolDirectory(pathlib.Path(sys.argv[1]))
spools.spool_path("job").write_bytes(b"samples")
print(spools.path, flush=True)
sys.stdin.read()
"""


@contextmanager
def another_process(cache_dir: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A living process with a spool, and where its spools are."""
    command = [sys.executable, "-c", HOLD_A_SPOOL, str(cache_dir)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, Path(process.stdout.readline().strip())
        finally:
            process.kill()


def test_spools_of_a_killed_process_are_removed_at_the_next_start(tmp_path: Path) -> None:
    with another_process(tmp_path) as (process, theirs):
        process.kill()
        process.wait()
        assert (theirs / "job.wav").exists()
        SpoolDirectory(tmp_path).close()
        assert not theirs.exists()


def test_spools_of_a_living_process_stay(tmp_path: Path) -> None:
    with another_process(tmp_path) as (_, theirs):
        SpoolDirectory(tmp_path).close()
        assert (theirs / "job.wav").read_bytes() == b"samples"


def test_two_in_one_process_leave_each_other_alone(tmp_path: Path) -> None:
    first, second = SpoolDirectory(tmp_path), SpoolDirectory(tmp_path)
    second.close()
    assert first.path.exists()
    first.close()
    assert not first.path.exists()


def test_a_process_that_died_before_it_took_its_lock_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "spool" / "123-abc").mkdir(parents=True)
    SpoolDirectory(tmp_path).close()
    assert [path.name for path in (tmp_path / "spool").iterdir()] == ["lock"]


def test_a_symlink_among_them_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "link").symlink_to(tmp_path / "precious")
    SpoolDirectory(tmp_path).close()
    assert (tmp_path / "precious" / "file").exists()


def test_only_the_owner_may_look_in(tmp_path: Path) -> None:
    spools = SpoolDirectory(tmp_path)
    assert spools.path.stat().st_mode & 0o777 == 0o700
    spools.close()


def test_a_name_in_use_gets_a_number(tmp_path: Path) -> None:
    spools = SpoolDirectory(tmp_path)
    spools.spool_path("job").touch()
    assert spools.spool_path("job").name == "job-2.wav"
    spools.close()


@pytest.mark.parametrize("name", ["../job", "a/b", ""])
def test_a_name_that_is_a_path_is_refused(tmp_path: Path, name: str) -> None:
    spools = SpoolDirectory(tmp_path)
    with pytest.raises(ValueError, match="plain file name"):
        spools.spool_path(name)
    spools.close()
