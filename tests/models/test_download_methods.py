"""Downloads asked of a real daemon, with a real server behind it."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from lofi_core.errors import (
    InvalidBackend,
    ModelDownloadFailed,
)
from lofi_core.events import EVENTS
from tests.conftest import DaemonProcess, StartDaemon, events_until_end
from tests.models.backend import WEIGHTS
from tests.models.hub import hub, small_dir, until_end, wait_until_stuck
from tests.models.server import Fault, ModelServer

if TYPE_CHECKING:
    from lofi_core.rpc.client import Client

MEBIBYTE = 1024 * 1024
# A backend's files have come this far, and no further, until the server is released or gone.
STUCK = Fault(stall_after=2 * MEBIBYTE)


PICKY = """def describe_backend(model_dir, variant):
        config = model_dir / "onnx" / "config.json"
        if config.exists() and config.read_text() != "{}":
            raise ValueError("what config is this")
"""


def test_a_download_makes_a_backend_ready(client: Client, daemon: DaemonProcess) -> None:
    assert hub(client)["status"] == "not_installed"
    answer = client.call("download_backend", backend="hub")
    assert answer == {
        "started": True,
        "already_installed": False,
        "variant": "small",
        "licence": "CC-BY-NC 4.0",
    }
    events = until_end(client)
    assert events[-1].fields == {"backend": "hub", "variant": "small", "directory": str(small_dir(daemon))}
    found = hub(client)
    assert (found["status"], found["variant"], found["model_version"]) == ("ready", "small", "1-small")
    assert (small_dir(daemon) / "weights.bin").read_bytes() == WEIGHTS
    job = client.call("generate", prompt="x", backend="hub", duration_sec=1)
    assert events_until_end(client, job["job_id"])[-1].name == "generation_complete"


def test_progress_is_told_by_file_and_overall(client: Client) -> None:
    client.call("subscribe", events=["backend_status"])
    client.call("download_backend", backend="hub")
    events = until_end(client)
    progress = [event.fields for event in events if event.name == "download_progress"]
    fields = set(EVENTS["download_progress"].__struct_fields__)
    assert all(set(event) == fields for event in progress)
    assert {event["component"] for event in progress} == {"weights.bin", "onnx/config.json"}
    last = {event["component"]: event for event in progress}
    assert [last[path]["component_percent"] for path in sorted(last)] == [100, 100]
    assert max(event["overall_percent"] for event in progress) == 99
    assert progress[-1]["bytes_downloaded"] == progress[-1]["bytes_total"] == len(WEIGHTS) + 2
    statuses = [event.fields["status"] for event in events if event.name == "backend_status"]
    assert statuses == ["downloading", "ready"]


def test_what_is_there_is_not_fetched_again(client: Client, server: ModelServer) -> None:
    client.call("download_backend", backend="hub")
    until_end(client)
    server.requests.clear()
    again = client.call("download_backend", backend="hub", variant="small")
    assert (again["started"], again["already_installed"]) == (False, True)
    checked = client.call("download_backend", backend="hub", verify=True)
    assert (checked["started"], checked["already_installed"]) == (True, True)
    assert until_end(client)[-1].name == "download_complete"
    assert server.requests == []


def test_damage_is_found_on_request_and_mended(
    client: Client, server: ModelServer, daemon: DaemonProcess
) -> None:
    client.call("download_backend", backend="hub")
    until_end(client)
    server.requests.clear()
    (small_dir(daemon) / "weights.bin").write_bytes(b"x" + WEIGHTS[1:])
    client.call("download_backend", backend="hub", verify=True)
    assert until_end(client)[-1].name == "download_complete"
    assert (small_dir(daemon) / "weights.bin").read_bytes() == WEIGHTS
    assert {request.path for request in server.requests} == {"/small/weights.bin"}


def test_a_job_that_meets_a_damaged_file_names_it_and_the_command(
    client: Client, daemon: DaemonProcess
) -> None:
    client.call("download_backend", backend="hub")
    until_end(client)
    weights = small_dir(daemon) / "weights.bin"
    weights.write_bytes(b"x" + WEIGHTS[1:])
    job = client.call("generate", prompt="x", backend="hub", duration_sec=1)
    error = events_until_end(client, job["job_id"])[-1].fields
    assert error["code"] == "MODEL_LOAD_FAILED"
    assert error["message"].startswith(f"{weights} has the sha256 ")
    assert error["hint"] == "`lofi-core pull hub:small` fetches again what is wrong"


def test_a_file_that_was_cut_short_is_not_even_loaded(client: Client, daemon: DaemonProcess) -> None:
    client.call("download_backend", backend="hub")
    until_end(client)
    weights = small_dir(daemon) / "weights.bin"
    weights.write_bytes(WEIGHTS[:5])  # the loader would take it
    job = client.call("generate", prompt="x", backend="hub", duration_sec=1)
    error = events_until_end(client, job["job_id"])[-1].fields
    assert error["code"] == "MODEL_LOAD_FAILED"
    assert error["message"] == f"{weights} has 5 bytes; must have 3,000,000"


def test_files_of_ones_own_are_used_though_they_are_not_the_manifests(
    client: Client, server: ModelServer, daemon: DaemonProcess
) -> None:
    own = daemon.data / "models" / "hub"
    own.joinpath("onnx").mkdir(parents=True)
    own.joinpath("onnx", "config.json").write_text("{ }")
    own.joinpath("weights.bin").write_bytes(b"wwww")
    job = client.call("generate", prompt="x", backend="hub", duration_sec=1)
    assert events_until_end(client, job["job_id"])[-1].name == "generation_complete"
    client.call("download_backend", backend="hub", variant="small")
    assert until_end(client)[-1].fields["directory"] == str(small_dir(daemon))
    assert own.joinpath("weights.bin").read_bytes() == b"wwww"


def test_two_who_ask_share_one_download(daemon: DaemonProcess, server: ModelServer) -> None:
    server.faults["/small/weights.bin"] = [STUCK]
    one, other = daemon.client(), daemon.client()
    one.call("download_backend", backend="hub")
    wait_until_stuck(one)
    assert hub(one)["status"] == "downloading"
    assert other.call("download_backend", backend="hub", variant="small")["started"]
    assert one.call("download_cancel", backend="hub") == {"cancelled": False}
    server.released.set()
    assert until_end(other)[-1].name == "download_complete"
    assert [request.path for request in server.gets()].count("/small/config.json") == 1


def test_a_cancel_keeps_what_came_and_the_next_download_goes_on(
    client: Client, server: ModelServer, daemon: DaemonProcess
) -> None:
    server.faults["/small/weights.bin"] = [STUCK]
    client.call("download_backend", backend="hub")
    wait_until_stuck(client)
    assert client.call("download_cancel", backend="hub", variant="small") == {"cancelled": True}
    error = until_end(client)[-1].fields
    assert error["code"] == "MODEL_DOWNLOAD_FAILED"
    assert error["message"] == "hub:small: it was cancelled"
    assert hub(client)["status"] == "not_installed"
    kept = (small_dir(daemon) / "weights.bin.part").stat().st_size
    assert kept >= MEBIBYTE
    client.call("download_backend", backend="hub")
    assert until_end(client)[-1].name == "download_complete"
    assert server.ranges("small/weights.bin") == [None, f"bytes={kept}-"]


def test_cancelling_what_does_not_run_says_so(client: Client) -> None:
    assert client.call("download_cancel", backend="hub") == {"cancelled": False}
    with pytest.raises(InvalidBackend):
        client.call("download_cancel", backend="nobody")


def test_a_third_client_needs_force_to_end_what_others_want(
    daemon: DaemonProcess, server: ModelServer
) -> None:
    server.faults["/small/weights.bin"] = [STUCK]
    one, other = daemon.client(), daemon.client()
    one.call("download_backend", backend="hub")
    wait_until_stuck(one)
    assert other.call("download_cancel", backend="hub") == {"cancelled": False}
    assert other.call("download_cancel", backend="hub", force=True) == {"cancelled": True}
    assert until_end(one)[-1].name == "download_error"


def test_a_download_goes_on_without_the_one_who_asked(daemon: DaemonProcess, server: ModelServer) -> None:
    server.faults["/small/weights.bin"] = [STUCK]
    one, other = daemon.client(), daemon.client()
    one.call("download_backend", backend="hub")
    wait_until_stuck(one)
    other.call("subscribe", events=["download_"])
    one.close()
    server.released.set()
    assert until_end(other)[-1].name == "download_complete"


def test_after_a_kill_in_the_middle_the_next_daemon_goes_on(
    daemon: DaemonProcess, server: ModelServer, start_daemon: StartDaemon
) -> None:
    server.faults["/small/weights.bin"] = [STUCK]
    client = daemon.client()
    client.call("download_backend", backend="hub")
    wait_until_stuck(client)
    daemon.process.send_signal(signal.SIGKILL)
    daemon.process.wait(20)
    kept = (small_dir(daemon) / "weights.bin.part").stat().st_size
    assert not (small_dir(daemon) / "weights.bin").exists()
    client = start_daemon().client()
    client.call("download_backend", backend="hub")
    assert until_end(client)[-1].name == "download_complete"
    assert server.ranges("small/weights.bin") == [None, f"bytes={kept}-"]
    assert (small_dir(daemon) / "weights.bin").read_bytes() == WEIGHTS


def test_a_shutdown_ends_a_download_and_keeps_what_came(
    client: Client, daemon: DaemonProcess, server: ModelServer
) -> None:
    server.faults["/small/weights.bin"] = [STUCK]
    client.call("download_backend", backend="hub")
    wait_until_stuck(client)
    client.call("shutdown")
    assert until_end(client)[-1].fields["message"] == "hub:small: the daemon is shutting down"
    assert daemon.process.wait(20) == 0
    assert (small_dir(daemon) / "weights.bin.part").stat().st_size >= MEBIBYTE


def test_a_failure_is_told_to_the_one_who_asked(client: Client, server: ModelServer) -> None:
    server.always["/small/config.json"] = Fault(status=404)
    client.call("download_backend", backend="hub")
    error = until_end(client)[-1]
    assert (error.name, error.fields["code"]) == ("download_error", ModelDownloadFailed.code)
    assert "onnx/config.json" in error.fields["message"]
    assert "404" in error.fields["message"]
