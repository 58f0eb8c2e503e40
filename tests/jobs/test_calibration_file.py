"""What jobs took is kept in a file, whatever happens to it, and whoever else writes it."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest

from lofi_core.jobs.calibration import (
    FILE_NAME,
    MOST_LENGTHS,
    MOST_PROMISES,
    MOST_WAYS,
    Calibration,
    EtaAccuracy,
)
from lofi_core.jobs.progress import LOAD
from tests.jobs.test_calibration import CPU, request, went

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio


@pytest.fixture
def calibration(tmp_path: Path) -> Calibration:
    return Calibration(tmp_path / "state" / FILE_NAME, CPU)


async def test_it_is_kept_and_bounded(calibration: Calibration, tmp_path: Path) -> None:
    for number in range(1, MOST_WAYS + 20):
        calibration.finished(request(10, 10, version=str(number)), went({"sample": 9.0}, (0.0, 8.1)))
    for octave in range(MOST_LENGTHS + 5):
        calibration.finished(request(2.0**octave, 10), went({"sample": 9.0, LOAD: 4.0}, (0.0, 9.9)))
    for _ in range(MOST_PROMISES):
        calibration.finished(request(10, 10, "b"), went({"sample": 9.0}, (0.0, 9.0)))
    await calibration.save()
    file = tmp_path / "state" / FILE_NAME
    size = file.stat().st_size
    assert size < 20_000
    again = Calibration(file, CPU)
    assert again.expected_sec(request(10, 10, version="2")) is None
    assert again.expected_sec(request(10, 10)) == calibration.expected_sec(request(10, 10))
    assert again.accuracy() == again.accuracy("b")
    assert again.accuracy("a") is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[1]",
        b'{"ways": {"x": {"load": [0, [1.0]]}}}',
        b'{"ways": {"x": {"courses": [{"duration_sec": 0, "stages": {}}]}}}',
        b'{"ways": {"x": {"load": [1, []]}}}',
        b'{"ways": {"x": {"load": [1, [-1.0]]}}}',
        b"[" * 100_000,
    ],
    ids=range(8),
)
def test_a_damaged_file_is_put_aside(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert Calibration(tmp_path / FILE_NAME, CPU).accuracy() is None
    assert (tmp_path / f"{FILE_NAME}.damaged").read_bytes() == content
    assert "measured anew" in caplog.text


async def test_a_disk_that_takes_nothing_is_told_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state").write_text("in the way")
    calibration = Calibration(tmp_path / "state" / FILE_NAME, CPU)
    for _ in range(3):
        calibration.finished(request(10, 10), went({"sample": 9.0}))
        await calibration.save()
    assert caplog.text.count("cannot be saved") == 1


async def test_what_could_not_be_saved_is_saved_with_what_comes_next(tmp_path: Path) -> None:
    place = tmp_path / "state"
    place.write_text("in the way")
    calibration = Calibration(place / FILE_NAME, CPU)
    calibration.finished(request(10, 10), went({"sample": 9.0}))
    await calibration.save()
    place.unlink()
    calibration.finished(request(10, 10, "b"), went({"sample": 9.0}))
    await calibration.save()
    again = Calibration(place / FILE_NAME, CPU)
    assert None not in map(again.expected_sec, (request(10, 10), request(10, 10, "b")))


async def test_two_processes_keep_what_both_have_seen(tmp_path: Path) -> None:
    one, other = (Calibration(tmp_path / FILE_NAME, CPU) for _ in range(2))
    seen = []
    for number, calibration in enumerate([one, other] * 3):
        seen.append(request(10, 10, version=str(number)))
        calibration.finished(seen[-1], went({"sample": 9.0}, (0.0, 9.0)))
        await calibration.save()
    for calibration in (other, Calibration(tmp_path / FILE_NAME, CPU)):
        assert None not in map(calibration.expected_sec, seen)
    assert other.accuracy() == EtaAccuracy(6, 0.0)


async def test_saving_never_holds_the_loop(calibration: Calibration) -> None:
    calibration.finished(request(10, 10), went({"sample": 9.0}))
    saving = asyncio.create_task(calibration.save())
    await asyncio.sleep(0)
    assert not saving.done()
    await saving


def test_a_draft_of_a_daemon_that_was_killed_is_removed(tmp_path: Path) -> None:
    draft = tmp_path / f".tmp-{2**22 + 1}-00000000-0123456789abcdef.json"
    draft.touch()
    Calibration(tmp_path / FILE_NAME, CPU)
    assert not draft.exists()
