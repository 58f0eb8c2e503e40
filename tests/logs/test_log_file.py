"""Is the log bounded, private, and whole, whoever writes it or takes it away?"""

import logging
import os
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from lofi_core.logs.file import LogFile
from lofi_core.logs.lines import Formatter
from lofi_core.logs.read import files, follow, last

LINE_BYTES = 100


def log_file(path: Path, max_bytes: int = 1_000, backups: int = 2) -> LogFile:
    handler = LogFile(path, max_bytes, backups)
    handler.setFormatter(Formatter())
    return handler


def write(handler: LogFile, text: str, level: int = logging.INFO) -> None:
    handler.handle(logging.LogRecord("lofi", level, "", 0, text, (), None))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "lofi.log"


def test_it_stays_within_its_bounds_and_keeps_the_end(path: Path) -> None:
    handler = log_file(path)
    for number in range(200):
        write(handler, f"line {number}")
    kept = list(files(path))
    assert [each.name for each in kept] == ["lofi.log", "lofi.log.1", "lofi.log.2"]
    assert all(each.stat().st_size <= 1_000 for each in kept)
    assert [entry.text for entry in last(path, 15, "debug")] == [f"line {n}" for n in range(185, 200)]


def test_a_record_larger_than_a_file_is_kept_whole(path: Path) -> None:
    handler = log_file(path)
    write(handler, "before")
    write(handler, "x" * 3_000)
    write(handler, "after")
    assert [len(entry.text) for entry in last(path, 9, "debug")] == [6, 3_000, 5]


def test_only_its_owner_may_read_it(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("")
    path.chmod(0o644)
    handler = log_file(path, max_bytes=100)
    for _ in range(3):
        write(handler, "text")
    assert {each.stat().st_mode & 0o777 for each in files(path)} == {0o600}


def test_it_is_no_link_and_no_pipe(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir()
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        log_file(path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(OSError):  # noqa: PT011 - whatever the system says of a pipe nobody reads
        log_file(path)
    assert not (tmp_path / "elsewhere").exists()


def test_one_that_was_removed_is_begun_anew(path: Path) -> None:
    handler = log_file(path)
    write(handler, "before")
    path.unlink()
    write(handler, "after")
    assert [entry.text for entry in last(path, 9, "debug")] == ["after"]


def test_daemons_that_share_it_lose_nothing(path: Path) -> None:
    """Each begins the next file in its time; nobody writes into one that has been put aside."""
    handlers = [log_file(path, max_bytes=2_000, backups=60) for _ in range(4)]

    def fill(number: int) -> None:
        for count in range(100):
            write(handlers[number], f"{number}-{count}")

    threads = [threading.Thread(target=fill, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    written = {entry.text for entry in last(path, 1_000, "debug")}
    assert written == {f"{number}-{count}" for number in range(4) for count in range(100)}


def test_a_full_disk_costs_lines_and_raises_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handler = log_file(path)
    real = os.write

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    write(handler, "lost")
    monkeypatch.setattr(os, "write", real)
    write(handler, "kept")
    assert [entry.text for entry in last(path, 9, "debug")] == ["kept"]


def test_whoever_follows_sees_the_next_file_too(path: Path) -> None:
    handler = log_file(path, max_bytes=300)
    write(handler, "old")
    with closing(follow(path, 5, "info")) as seen:
        assert next(seen).text == "old"
        for number in range(6):
            write(handler, f"new {number}")
            write(handler, "too much", logging.DEBUG)
            assert next(seen).text == f"new {number}"


def test_whoever_follows_sees_what_comes_after_the_file_was_emptied(path: Path) -> None:
    handler = log_file(path)
    write(handler, "old")
    with closing(follow(path, 5, "info")) as seen:
        assert next(seen).text == "old"
        os.truncate(path, 0)
        write(handler, "n")
        assert next(seen).text == "n"


def test_whoever_follows_may_come_before_the_log(path: Path) -> None:
    with closing(follow(path, 5, "info")) as seen:
        first = threading.Timer(0.0, lambda: write(log_file(path), "first"))
        first.start()
        assert next(seen).text == "first"
        first.join()


def test_what_native_code_prints_moves_along_to_the_next_file(path: Path) -> None:
    """A daemon in the background has its standard error in the log: a crash must be found where one looks."""
    script = """
import logging, os, sys
from pathlib import Path
from lofi_core.logs import file
file.LogFile.__init__.__defaults__ = (300, 2)
file.begin_logging("info", Path(sys.argv[1]))
for number in range(6):
    logging.getLogger("lofi").info("record %d of a good length, so that a file is soon full", number)
os.write(2, b"printed at the end\\n")
"""
    path.parent.mkdir()
    with path.open("ab") as standard_error:
        command = [sys.executable, "-c", script, str(path)]
        subprocess.run(command, stdout=standard_error, stderr=standard_error, check=True, timeout=30)
    assert path.with_name("lofi.log.1").exists()
    assert path.read_text().splitlines()[-1] == "printed at the end"
    texts = [entry.text for entry in last(path, 99, "debug")]
    assert [text[:8] for text in texts[-2:]] == ["record 5", "printed "]
    assert len(set(texts)) == len(texts)  # not once for the log and once for standard error
