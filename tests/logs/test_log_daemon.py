"""What does a daemon write into its log, and what never?"""

import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from lofi_core.logs.file import LOG_NAME
from lofi_core.logs.read import last
from tests.conftest import DaemonProcess, InstallBackend, StartDaemon, events_until_end

CANARY = "quokkas humming beside a canary"
# Fails in each way a backend can, each time quoting what it was asked for.
INDISCREET = """
    import msgspec
    from lofi_core import BackendSpec, InferenceFailed, Schedule, Stage, hookimpl

    class Options(msgspec.Struct, forbid_unknown_fields=True):
        way: str = "raise"

    @hookimpl
    def describe_backend():
        return BackendSpec("indiscreet", "Tells", 8000, 1, 1, 60, model_version="1", options=Options)

    @hookimpl
    def make_schedule(request):
        if request.options.way == "refuse":
            raise ValueError(request.prompt)
        return Schedule([Stage("walk", steps=1)])

    @hookimpl
    def generate(request):
        try:
            if request.options.way == "ours":
                raise InferenceFailed(request.prompt)
            raise KeyError(request.prompt)
        except KeyError as error:
            raise RuntimeError(f"no {request.prompt}") from error
        yield
"""


@pytest.fixture
def start(start_daemon: StartDaemon, install_backend: InstallBackend) -> StartDaemon:
    install_backend("indiscreet", INDISCREET)
    return start_daemon


def log_of(daemon: DaemonProcess) -> Path:
    return daemon.data / "state" / LOG_NAME


def run_jobs(daemon: DaemonProcess) -> None:
    """All that a client can do with a prompt."""
    client = daemon.client()
    client.call(
        "hello", client={"name": "evil\n2026-01-01 00:00:00.000+00:00 ERROR lofi: \x1b[2J", "version": "1"}
    )
    client.call("subscribe")
    ask = partial(client.call, "generate", prompt=CANARY, seed=1)
    for way in ("raise", "ours"):
        events_until_end(client, ask(backend="indiscreet", duration_sec=1, options={"way": way})["job_id"])
    with pytest.raises(Exception, match="ValueError"):
        ask(backend="indiscreet", duration_sec=1, options={"way": "refuse"})
    asked = ask(backend="sine", duration_sec=1)
    events_until_end(client, asked["job_id"])
    client.call("tracks_update", track_id=asked["track_id"], title=CANARY)
    # Notifications that fail are logged, for nobody is answered.
    for params in ({"prompt": CANARY, "duration_sec": -1}, {"prompt": [CANARY]}, {CANARY: 1}):
        client._socket.sendall(_notification("generate", params))
    client.call("radio_start", prompts=[CANARY], backend="sine", duration_sec=2)
    client.call("radio_stop")
    client.call("ping")


def _notification(method: str, params: object) -> bytes:
    import msgpack

    data: bytes = msgpack.packb([2, method, [params]])
    return data


def test_at_info_nothing_of_a_prompt_is_logged_anywhere(start: StartDaemon) -> None:
    daemon = start()
    run_jobs(daemon)
    assert daemon.stop() == 0
    logged, told = log_of(daemon).read_text(), "".join(daemon.log)
    assert logged.splitlines() == told.splitlines()
    assert "KeyError" in logged  # the failures are there
    assert logged.count("notification failed") == 3
    assert logged.count(" failed: MODEL_INFERENCE_FAILED") == 2
    assert not [word for word in ("quokka", "canary", "\x1b") if word in logged]
    assert not [entry for entry in last(log_of(daemon), 10_000, "debug") if entry.text.startswith("\x1b")]


def test_at_debug_the_prompt_is_there_and_the_plugins_words(start: StartDaemon) -> None:
    daemon = start(LOFI_DAEMON_LOG_LEVEL="debug")
    run_jobs(daemon)
    daemon.stop()
    told = [entry for entry in last(log_of(daemon), 10_000, "debug") if CANARY in entry.text]
    assert {entry.level for entry in told} == {"debug"}
    assert any(f"RuntimeError: no {CANARY}" in entry.text for entry in told)


def test_a_log_that_cannot_be_written_stops_no_daemon(start: StartDaemon, home: Path) -> None:
    (home / "data" / "state").mkdir(parents=True)
    (home / "data" / "state" / LOG_NAME).mkdir()
    daemon = start()
    assert daemon.client().call("ping")["status"] == "ok"
    assert any("WARNING lofi: the log file" in line for line in daemon.log)


def test_the_command_reads_it_without_a_daemon(start: StartDaemon) -> None:
    daemon = start()
    pid = daemon.process.pid
    daemon.stop()
    shown = run(daemon, "logs", "-n", "1")
    assert shown.stdout.endswith("INFO    lofi: shutting down: SIGTERM\n")
    document = json.loads(run(daemon, "logs", "--json").stdout)
    assert document["entries"][0]["text"].endswith(f", pid {pid}")
    assert run(daemon, "logs", "--level", "error").stdout == ""


def run(daemon: DaemonProcess, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "lofi_core", *arguments]
    return subprocess.run(
        command, env=daemon.environ, capture_output=True, text=True, check=False, timeout=30
    )
