"""Do commands and a real daemon work together: start, interrupt, end?"""

import json
import os
import pty
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile

from lofi_core.rpc.client import Client
from tests.cli.conftest import LOFI, Run, Start
from tests.conftest import DaemonProcess, Gate, InstallBackend, events_until_end, wait_for


@pytest.fixture
def ended_daemon(run: Run, environ: Path) -> Iterator[None]:
    """Whatever daemon a test started is ended afterwards."""
    yield
    run("shutdown")


@pytest.fixture
def at_daemon(daemon: DaemonProcess, monkeypatch: pytest.MonkeyPatch) -> DaemonProcess:
    """A real daemon that commands find."""
    monkeypatch.setenv("LOFI_SOCKET", str(daemon.socket))
    monkeypatch.setenv("LOFI_DATA_DIR", str(daemon.data))
    return daemon


def _wait_for_line(process: "subprocess.Popen[str]", beginning: str) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(beginning):
            return
    pytest.fail(f"no line begins with {beginning!r}")


@pytest.mark.usefixtures("ended_daemon")
def test_generate_starts_the_daemon_and_leaves_a_track(lofi: Start, environ: Path) -> None:
    process = lofi("generate", "rain", "-b", "sine", "-d", "2", "-o", "a.flac")
    out, err = process.communicate()
    assert process.returncode == 0
    assert err.startswith("starting the daemon\n")
    assert out.splitlines()[0] == str(environ.resolve() / "a.flac")
    assert soundfile.info(environ / "a.flac").frames == 2 * soundfile.info(environ / "a.flac").samplerate
    with Client(environ / "s") as client:
        assert client.call("ping")["status"] == "ok"


@pytest.mark.usefixtures("ended_daemon")
def test_serve_detach_returns_when_the_daemon_answers(run: Run, lofi: Start, environ: Path) -> None:
    process = lofi("serve", "--detach", "--json")
    out, _ = process.communicate()
    started = json.loads(out)
    assert started["socket"] == str(environ / "s")
    with Client(environ / "s") as client:
        assert client.call("hello")["pid"] == started["pid"]
    assert (environ / "data" / "state" / "lofi.log").stat().st_mode & 0o077 == 0
    assert run("serve", "--detach").exit_status == 1


def test_a_daemon_that_cannot_start_shows_the_end_of_its_log(lofi: Start, environ: Path) -> None:
    (environ / "data").write_text("a file where a directory belongs")
    state = {"LOFI_DATA_DIR": "", "XDG_DATA_HOME": str(environ / "data"), "XDG_STATE_HOME": str(environ)}
    process = lofi("serve", "--detach", **state)
    _, err = process.communicate()
    assert process.returncode == 3
    assert "NO_DAEMON: the daemon was started and ended with status 1. Its log says:" in err
    assert f"hint: the log is {environ / 'lofi' / 'lofi.log'}" in err


def test_a_daemon_whose_log_cannot_be_written_is_not_started(lofi: Start, environ: Path) -> None:
    (environ / "file").write_text("where a directory belongs")
    process = lofi("generate", "rain", LOFI_DATA_DIR=str(environ / "file" / "data"))
    _, err = process.communicate()
    assert process.returncode == 3
    place = environ / "file" / "data" / "state" / "lofi.log"
    assert f"NO_DAEMON: the daemon's log {place} cannot be written: Not a directory" in err
    assert "hint: make that possible, or choose another --data-dir" in err


def test_a_mistake_in_the_configuration_is_told_before_a_daemon_is_started(
    lofi: Start, environ: Path
) -> None:
    (environ / "config" / "lofi").mkdir(parents=True)
    (environ / "config" / "lofi" / "config.toml").write_text("que_capacity = 1")
    process = lofi("generate", "rain")
    _, err = process.communicate()
    assert process.returncode == 1
    assert err.startswith("INVALID_PARAMS: unknown key que_capacity")


def test_shutdown_tells_of_the_jobs_that_go_on_later(run: Run, at_daemon: DaemonProcess, gate: Gate) -> None:
    client = at_daemon.client()
    begun = client.call(
        "generate", prompt="x", backend="stepped", duration_sec=5, options={"gate": str(gate.path)}
    )
    held = client.call("generate", prompt="x", backend="sine", duration_sec=1)
    client.call("job_pause", job_id=held["job_id"])
    client.call("cancel", job_id=begun["job_id"])
    gate.open(1)
    events_until_end(client, begun["job_id"])
    assert run("shutdown").out == "the daemon has ended; a job goes on when the next one starts\n"


def test_shutdown_ends_the_daemon(run: Run, at_daemon: DaemonProcess) -> None:
    assert run("shutdown") == (0, "the daemon has ended\n", "")
    assert at_daemon.process.wait(timeout=20) == 0
    assert run("status").exit_status == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_an_interrupted_generate_cancels_its_job_and_leaves_the_daemon(
    lofi: Start, at_daemon: DaemonProcess, gate: Gate, number: signal.Signals
) -> None:
    watcher = at_daemon.client()
    watcher.call("subscribe")
    process = lofi("generate", "x", "-b", "stepped", "-d", "5", "-O", f"gate={gate.path}")
    gate.open(1)
    _wait_for_line(process, "walk: ")
    process.send_signal(number)
    _, err = process.communicate()
    gate.open(1)  # the step it is in
    assert process.returncode == 130
    assert err.splitlines() == ["the job is cancelled", "", "interrupted"]
    assert wait_for(watcher, "generation_cancelled")
    assert watcher.call("ping")["status"] == "ok"


def test_interrupting_one_of_two_leaves_the_others_job(
    lofi: Start, at_daemon: DaemonProcess, gate: Gate
) -> None:
    client = at_daemon.client()
    options = {"gate": str(gate.path)}
    client.call("generate", prompt="x", backend="stepped", duration_sec=5, seed=1, options=options)
    wait_for(client, "generation_start")
    process = lofi("generate", "x", "-b", "stepped", "-d", "5", "--seed", "1", "-O", f"gate={gate.path}")
    _wait_for_line(process, "generating with stepped")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130
    assert "others still want the track: its job goes on" in err
    assert len(client.call("queue_status")["running"]) == 1


def test_cancel_from_another_terminal_needs_force(run: Run, at_daemon: DaemonProcess, gate: Gate) -> None:
    client = at_daemon.client()
    asked = client.call(
        "generate", prompt="x", backend="stepped", duration_sec=5, options={"gate": str(gate.path)}
    )
    refused = run("cancel", asked["job_id"])
    assert refused.exit_status == 1
    assert "--force" in refused.err
    assert run("cancel", asked["job_id"], "--force").exit_status == 0


def test_a_daemon_that_is_killed_mid_job_ends_generate_with_3(
    lofi: Start, at_daemon: DaemonProcess, gate: Gate
) -> None:
    process = lofi("generate", "x", "-b", "stepped", "-d", "5", "-O", f"gate={gate.path}")
    gate.open(1)
    _wait_for_line(process, "walk: ")
    at_daemon.process.kill()
    _, err = process.communicate()
    assert process.returncode == 3
    assert "before the track was done" in err


def test_no_daemon_makes_the_track_in_this_process(lofi: Start, environ: Path) -> None:
    process = lofi("generate", "rain", "-b", "sine", "-d", "2", "--no-daemon", "-o", "a.wav", "--json")
    out, err = process.communicate()
    assert (process.returncode, err) == (0, "")
    complete = json.loads(out)
    assert complete["duration_sec"] == 2.0
    assert complete["exported"] == {
        "path": str(environ.resolve() / "a.wav"),
        "size_bytes": (environ / "a.wav").stat().st_size,
    }
    assert not (environ / "s").exists()
    assert [file.name for file in environ.rglob("*.db")] == ["index.db"]  # nothing is promised to anybody


def test_no_daemon_refuses_what_the_daemon_would_refuse(lofi: Start) -> None:
    process = lofi("generate", "", "--no-daemon")
    _, err = process.communicate()
    assert process.returncode == 1
    assert err.startswith("INVALID_PROMPT: ")


def test_no_daemon_tells_what_the_job_failed_of(
    lofi: Start, install_backend: InstallBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = """
        from lofi_core import BackendSpec, InferenceFailed, Schedule, Stage, hookimpl

        @hookimpl
        def describe_backend():
            return BackendSpec("poor", "Poor", 8000, 1, 1, 60, model_version="1")

        @hookimpl
        def make_schedule(request):
            return Schedule([Stage("walk", steps=1)])

        @hookimpl
        def generate(request):
            raise InferenceFailed("the well is dry", "dig")
            yield
    """
    monkeypatch.setenv("PYTHONPATH", str(install_backend("poor", source)))
    _, err = lofi("generate", "x", "-b", "poor", "-d", "2", "--no-daemon").communicate()
    assert err.splitlines()[-2:] == ["MODEL_INFERENCE_FAILED: the well is dry", "hint: dig"]


def test_on_a_terminal_there_is_a_live_bar(at_daemon: DaemonProcess) -> None:
    shown = _progress_shown("xterm-256color")
    assert "━" in shown.decode()
    assert b"\x1b[?25h" in shown  # the cursor is back


@pytest.mark.parametrize("terminal", ["dumb", "unknown"])
def test_on_a_terminal_that_cannot_redraw_there_are_plain_lines(
    at_daemon: DaemonProcess, terminal: str
) -> None:
    shown = _progress_shown(terminal)
    assert shown.startswith(b"generating with sine\r\n")
    assert b"\x1b" not in shown


def _progress_shown(terminal: str) -> bytes:
    """What `generate` shows on a terminal of that kind."""
    master, slave = pty.openpty()
    command = [*LOFI, "generate", "x", "-b", "sine", "-d", "5", "--no-cache"]
    environ = {**os.environ, "TERM": terminal, "COLUMNS": "80"}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=slave, env=environ) as process:
        os.close(slave)
        shown = b""
        while data := _read(master):
            shown += data
    os.close(master)
    assert process.returncode == 0
    return shown


def _read(descriptor: int) -> bytes:
    """What a terminal shows; nothing at its end, which Linux reports as an error."""
    try:
        return os.read(descriptor, 65536)
    except OSError:
        return b""
