"""Does `status --watch` show the daemon as it is, whatever becomes of it?"""

import copy
import io
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from rich.console import Console

from lofi_core.cli.watch.screen import screen
from lofi_core.cli.watch.seen import LATEST_SEC, SOONEST_SEC, Seen
from lofi_core.rpc.client import Client, NoDaemon, Notification
from tests.cli.conftest import Run, Start
from tests.cli.terminal import Terminal
from tests.conftest import DaemonProcess, Gate, StartDaemon, wait_for

EVIL = "rain \x1b[2J [red]night[/red]"


class Answers:
    """What a real daemon answered, for as many looks as a test takes."""

    def __init__(self, client: Client) -> None:
        self._answers = {method: client.call(method) for method in ("status", "queue_status")}

    def call(self, method: str) -> Any:
        return copy.deepcopy(self._answers[method])


@pytest.fixture(scope="module")
def answers() -> Iterator[Answers]:
    home = Path(tempfile.mkdtemp(prefix="lofi-"))
    daemon = DaemonProcess(home, {})
    yield Answers(daemon.client())
    daemon.stop()
    shutil.rmtree(home)


@pytest.fixture
def seen(answers: Answers) -> Seen:
    """A look at a daemon where nothing happens."""
    made = Seen()
    made.look(cast("Client", answers))
    return made


def shown(seen: Seen, height: int = 30) -> str:
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(screen(seen, height))
    return console.export_text()


def with_job(seen: Seen, prompt: str, **fields: Any) -> None:
    job = {"job_id": "j", "track_id": "t", "prompt": prompt, "percent": 40, "eta_sec": 12.0} | fields
    assert seen.status is not None
    seen.status["running"] = [job]


def progress(percent: int) -> Notification:
    fields = {"job_id": "j", "track_id": "t", "percent": percent, "stage": "diffuse", "eta_sec": 5.0}
    return Notification("generation_progress", fields)


def test_progress_is_shown_without_asking(seen: Seen) -> None:
    with_job(seen, "rain")
    seen.happened(progress(70))
    assert "70 %  diffuse  5 s left  rain" in shown(seen)
    assert not seen.is_due(seen.since + SOONEST_SEC)


def test_a_job_that_nobody_knows_makes_it_ask(seen: Seen) -> None:
    seen.happened(progress(1))
    assert seen.is_due(seen.since + SOONEST_SEC)


def test_it_asks_after_an_event_but_never_more_than_once_a_second(seen: Seen) -> None:
    assert not seen.is_due(seen.since + SOONEST_SEC)
    for _ in range(100):
        seen.happened(Notification("queue_changed", {"length": 3}))
    assert not seen.is_due(seen.since + SOONEST_SEC * 0.9)
    assert seen.is_due(seen.since + SOONEST_SEC)


def test_without_events_it_asks_seldom(seen: Seen) -> None:
    assert not seen.is_due(seen.since + LATEST_SEC * 0.9)
    assert seen.is_due(seen.since + LATEST_SEC)


def test_what_plays_moves_on_between_two_events(seen: Seen) -> None:
    seen.names = {"t": "night"}
    assert seen.status is not None
    seen.status["playback"]["state"] = "playing"
    place = {"track_id": "t", "position_sec": 7.0, "duration_sec": 9.0}
    seen.happened(Notification("playback_position", place))
    assert "0:07 / 0:09" in shown(seen)
    assert seen.position_sec(seen.since + 60.0) == 9.0


def test_a_prompt_is_words_and_neither_markup_nor_escapes(seen: Seen) -> None:
    with_job(seen, EVIL)
    assert "rain \\x1b[2J [red]night[/red]" in shown(seen)


def test_a_long_queue_leaves_room_for_the_rest(seen: Seen) -> None:
    pending = [
        {"job_id": str(n), "track_id": str(n), "prompt": f"piece {n}", "position": n, "priority": "normal"}
        for n in range(1, 100)
    ]
    seen.waiting = {"pending": pending, "paused": []}
    text = shown(seen, height=24)
    assert "and 90 more" in text
    assert "backends" in text
    assert len(text.splitlines()) <= 24


def test_without_a_daemon_it_says_why_and_for_how_long() -> None:
    seen = Seen()
    seen.lost(NoDaemon("no daemon listens at /s", "start one"))
    since = seen.since
    seen.lost(NoDaemon("no daemon listens at /s", "start one"))
    assert seen.since == since
    assert all(
        words in shown(seen) for words in ("no daemon listens at /s", "start one", "no daemon for 0 s")
    )


def test_a_screen_follows_a_job_and_q_leaves(at_daemon: DaemonProcess, gate: Gate) -> None:
    with Terminal("status", "--watch") as terminal:
        terminal.wait_for("nothing")
        client = at_daemon.client()
        options = {"gate": str(gate.path)}
        client.call("generate", prompt=EVIL, backend="stepped", duration_sec=4, options=options)
        terminal.wait_for("rain \\x1b[2J [red]night[/red]")
        gate.open(2)
        terminal.wait_for(" %  walk")
        gate.open(10)
        wait_for(client, "generation_complete")
        terminal.wait_for("1, ")  # track
        terminal.press("q")
        assert terminal.process.wait(10) == 0
        terminal.wait_for("\x1b[?1049l")  # the screen from before is back
        assert "\x1b[2J" not in terminal.shown.replace("\x1b[?1049h\x1b[H", "")


def test_it_outlives_the_daemon_and_finds_the_next_one(
    start_daemon: StartDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = start_daemon()
    monkeypatch.setenv("LOFI_SOCKET", str(first.socket))
    with Terminal("status", "--watch") as terminal:
        terminal.wait_for(f"pid {first.process.pid}")
        first.stop()
        terminal.wait_for("no daemon for ")
        second = start_daemon()
        terminal.wait_for(f"pid {second.process.pid}")


def test_without_a_terminal_there_is_a_line_for_each_change(
    lofi: Start, at_daemon: DaemonProcess, gate: Gate
) -> None:
    process = lofi("status", "--watch")
    assert process.stdout is not None
    assert "running nothing, queue 0" in process.stdout.readline()
    with Client(at_daemon.socket) as client:
        options = {"gate": str(gate.path)}
        client.call("generate", prompt=EVIL, backend="stepped", duration_sec=4, options=options)
        assert "running a job at 0 %" in process.stdout.readline()
    at_daemon.process.kill()
    rest = process.stdout.readline()
    assert "closed the connection" in rest or "broke" in rest
    while "no daemon listens at" not in rest:  # it may tell more than once how the connection ended
        rest += process.stdout.readline()
    assert "\x1b" not in rest


@pytest.mark.parametrize("other", ["--metrics", "--json"])
def test_a_screen_is_neither_numbers_nor_a_document(run: Run, other: str) -> None:
    exit_status, _, err = run("status", "--watch", other)
    assert exit_status == 2
    assert f"{other} none" in err
