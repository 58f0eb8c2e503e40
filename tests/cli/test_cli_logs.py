"""Does `logs` show the log, and only what was asked for?"""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run, Start

LOG = """\
2026-03-01 10:00:00.000+01:00 INFO    lofi: it serves
2026-03-01 10:00:01.000+01:00 ERROR   lofi.rpc: it failed
  | Traceback
2026-03-01 10:00:02.000+01:00 DEBUG   lofi: detail
Segmentation fault \x1b[2J
"""


@pytest.fixture
def log(environ: Path) -> Path:
    path = environ / "data" / "state" / "lofi.log"
    path.parent.mkdir(parents=True)
    path.write_text(LOG)
    return path


@pytest.mark.usefixtures("log")
def test_it_is_shown_as_it_is_but_for_what_steers_the_terminal(run: Run) -> None:
    assert run("logs").out == LOG.replace("\x1b", "\\x1b")


@pytest.mark.usefixtures("log")
def test_a_level_leaves_out_what_is_below_and_keeps_what_has_none(run: Run) -> None:
    lines = run("logs", "--level", "warning").out.splitlines()
    assert [line.split()[0] for line in lines] == ["2026-03-01", "|", "Segmentation"]


@pytest.mark.usefixtures("log")
def test_a_number_counts_entries_and_not_lines(run: Run) -> None:
    assert run("logs", "-n", "3").out.splitlines()[0].endswith("it failed")


def test_json_has_the_parts(run: Run, log: Path) -> None:
    document = json.loads(run("logs", "--json", "--level", "error").out)
    assert document["path"] == str(log)
    assert document["entries"][0] == {
        "time": "2026-03-01 10:00:01.000+01:00",
        "level": "error",
        "logger": "lofi.rpc",
        "text": "it failed\nTraceback",
    }


def test_where_there_is_no_log_it_says_where_it_would_be(run: Run, environ: Path) -> None:
    exit_status, out, err = run("logs")
    assert (exit_status, out) == (1, "")
    assert err.startswith(f"NO_LOG: there is no log at {environ / 'data' / 'state' / 'lofi.log'}\nhint: ")


@pytest.mark.usefixtures("log")
def test_a_configuration_with_a_mistake_hides_no_log(run: Run, environ: Path) -> None:
    (environ / "config" / "lofi").mkdir(parents=True)
    (environ / "config" / "lofi" / "config.toml").write_text("que_capacity = 1")
    assert run("logs", "-n", "1").exit_status == 0


def test_following_shows_what_comes(lofi: Start, log: Path) -> None:
    process = lofi("logs", "-f", "-n", "1", "--json", PYTHONUNBUFFERED="1")
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["level"] is None
    with log.open("a") as file:
        file.write("2026-03-01 10:00:03.000+01:00 INFO    lofi: news\n")
    assert json.loads(process.stdout.readline())["text"] == "news"
