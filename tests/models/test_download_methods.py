"""Downloads asked of a real daemon, with a real server behind it."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest

from lofi_core.errors import (
    BackendNotInstalled,
    BackendNotReady,
    InvalidBackend,
    InvalidParams,
    ModelDownloadFailed,
    ModelNotFound,
    NotPermitted,
)
from lofi_core.events import EVENTS
from tests.conftest import DaemonProcess, InstallBackend, StartDaemon, events_until_end, wait_for
from tests.models.backend import WEIGHTS, put_model
from tests.models.server import Fault, ModelServer

if TYPE_CHECKING:
    from pathlib import Path

    from lofi_core.rpc.client import Client, Notification

MEBIBYTE = 1024 * 1024
# A backend's files have come this far, and no further, until the server is released or gone.
STUCK = Fault(stall_after=2 * MEBIBYTE)


PICKY = """def describe_backend(model_dir, variant):
        config = model_dir / "onnx" / "config.json"
        if config.exists() and config.read_text() != "{}":
            raise ValueError("what config is this")
"""


@pytest.fixture
def daemon(server: ModelServer, start_daemon: StartDaemon, install_backend: InstallBackend) -> DaemonProcess:
    """A daemon with a backend `hub` whose files the server has."""
    install_backend("hub", put_model(server))
    return start_daemon()


@pytest.fixture
def client(daemon: DaemonProcess) -> Client:
    return daemon.client()


def small_dir(daemon: DaemonProcess) -> Path:
    return daemon.data / "models" / "hub" / "small"


def until_end(client: Client, variant: str = "small") -> list[Notification]:
    """Events up to the one that ends a download."""
    seen: list[Notification] = []
    while not seen or seen[-1].name not in {"download_complete", "download_error"}:
        event = client.next_event(30)
        assert event is not None, [e.name for e in seen]
        if event.fields.get("variant", variant) == variant:
            seen.append(event)
    return seen


def wait_until_stuck(client: Client) -> None:
    """Until a part of the weights is on the disk. The server sends no more by then."""
    while wait_for(client, "download_progress").fields["component_bytes"] < MEBIBYTE:
        continue


def hub(client: Client) -> dict[str, Any]:
    found: list[dict[str, Any]] = client.call("get_backends")["backends"]
    return next(backend for backend in found if backend["type"] == "hub")


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


def test_a_backend_without_its_files_names_the_command_that_brings_them(client: Client) -> None:
    with pytest.raises(BackendNotInstalled) as caught:
        client.call("generate", prompt="x", backend="hub")
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("`lofi-core pull hub` downloads them; or put them into ")


def test_while_the_files_come_a_request_is_refused(client: Client, server: ModelServer) -> None:
    server.faults["/small/weights.bin"] = [STUCK]
    client.call("download_backend", backend="hub")
    wait_until_stuck(client)
    with pytest.raises(BackendNotInstalled, match="being downloaded"):
        client.call("generate", prompt="x", backend="hub")


def test_what_cannot_be_downloaded_is_refused_at_once(client: Client) -> None:
    with pytest.raises(InvalidParams, match="no variant 'smal'") as caught:
        client.call("download_backend", backend="hub", variant="smal")
    assert caught.value.hint == "did you mean 'small'?"
    with pytest.raises(ModelNotFound, match=r"no address to download weights\.bin, key from"):
        client.call("download_backend", backend="hub", variant="private")
    with pytest.raises(InvalidParams, match="procedural has no variants"):
        client.call("download_backend", backend="procedural", variant="small")


def test_a_backend_without_model_files_has_all_it_needs(client: Client) -> None:
    answer = client.call("download_backend", backend="procedural")
    assert answer == {"started": False, "already_installed": True, "variant": None, "licence": None}


def test_backends_tell_their_variants_and_what_is_here(client: Client, daemon: DaemonProcess) -> None:
    client.call("download_backend", backend="hub")
    until_end(client)
    found = hub(client)
    small = next(variant for variant in found["variants"] if variant["name"] == "small")
    assert small == {
        "name": "small",
        "title": None,
        "licence": "CC-BY-NC 4.0",
        "status": "installed",
        "size_bytes": len(WEIGHTS) + 2,
        "bytes_on_disk": len(WEIGHTS) + 2,
        "directory": str(small_dir(daemon)),
    }
    assert [variant["status"] for variant in found["variants"]] == [
        "not_installed",
        "installed",
        "not_installed",
    ]
    assert found["bytes_on_disk"] == len(WEIGHTS) + 2


def test_files_in_a_model_dir_of_ones_own_need_no_network(
    server: ModelServer, start_daemon: StartDaemon, install_backend: InstallBackend, home: Path
) -> None:
    install_backend("hub", put_model(server))
    (home / "mine" / "onnx").mkdir(parents=True)
    (home / "mine" / "weights.bin").write_bytes(WEIGHTS)
    (home / "mine" / "onnx" / "config.json").write_text("{}")
    client = start_daemon(LOFI_BACKENDS_HUB_MODEL_DIR=str(home / "mine")).client()
    assert (hub(client)["status"], hub(client)["variant"]) == ("ready", "small")
    answer = client.call("download_backend", backend="hub", variant="small", verify=True)
    assert (answer["started"], answer["already_installed"]) == (False, True)
    with pytest.raises(NotPermitted, match=r"config\.json, weights\.bin in .* by hand"):
        client.call("remove_model", backend="hub", variant="small")
    assert (home / "mine" / "weights.bin").exists()
    assert server.requests == []


def test_a_backend_that_cannot_use_its_files_is_mended_by_better_ones(
    server: ModelServer, start_daemon: StartDaemon, install_backend: InstallBackend
) -> None:
    picky = put_model(server).replace("def describe_backend(variant):", PICKY)
    install_backend("hub", picky)
    daemon = start_daemon()
    client = daemon.client()
    small_dir(daemon).joinpath("onnx").mkdir(parents=True)
    small_dir(daemon).joinpath("onnx", "config.json").write_text("?!")
    small_dir(daemon).joinpath("weights.bin").write_bytes(WEIGHTS)
    with pytest.raises(
        BackendNotReady, match="cannot use its files: ValueError: what config is this"
    ) as caught:
        client.call("generate", prompt="x", backend="hub")
    assert caught.value.hint == "`lofi-core pull hub` checks its files"
    small_dir(daemon).joinpath("onnx", "config.json").unlink()
    client.call("download_backend", backend="hub", variant="small")
    assert until_end(client)[-1].name == "download_complete"
    assert hub(client)["status"] == "ready"


# -- taking away -------------------------------------------------------------------------------------------


def test_what_a_download_brought_can_be_removed(client: Client, daemon: DaemonProcess) -> None:
    client.call("download_backend", backend="hub")
    until_end(client)
    (small_dir(daemon) / "built-0123").mkdir()
    (small_dir(daemon) / "built-0123" / "graph.onnx").write_bytes(b"built")
    gone = client.call("remove_model", backend="hub")
    assert (gone["variant"], gone["kept"], gone["freed_bytes"]) == ("small", [], len(WEIGHTS) + 2 + 5)
    assert not small_dir(daemon).exists()
    assert hub(client)["status"] == "not_installed"


def test_what_somebody_else_put_there_is_kept_unless_forced(client: Client, daemon: DaemonProcess) -> None:
    client.call("download_backend", backend="hub")
    until_end(client)
    (small_dir(daemon) / "notes.txt").write_text("mine")
    weights = small_dir(daemon) / "weights.bin"
    client.call("remove_model", backend="hub", variant="small")
    weights.write_bytes(WEIGHTS)
    with pytest.raises(NotPermitted, match=r"weights\.bin"):
        client.call("remove_model", backend="hub", variant="small")
    assert client.call("remove_model", backend="hub", force=True)["removed"] == [str(weights)]
    assert [path.name for path in small_dir(daemon).iterdir()] == ["notes.txt"]


def test_a_part_is_removed_too(client: Client, server: ModelServer, daemon: DaemonProcess) -> None:
    server.faults["/small/weights.bin"] = [STUCK]
    client.call("download_backend", backend="hub")
    wait_until_stuck(client)
    client.call("download_cancel", backend="hub")
    until_end(client)
    assert client.call("remove_model", backend="hub")["freed_bytes"] >= MEBIBYTE
    assert not small_dir(daemon).exists()


def test_of_several_variants_one_must_be_named(client: Client) -> None:
    for variant in ("small", "large"):
        client.call("download_backend", backend="hub", variant=variant)
        until_end(client, variant)
    with pytest.raises(InvalidParams, match="several of hub are here: small, large"):
        client.call("remove_model", backend="hub")
    client.call("remove_model", backend="hub", variant="small")
    assert hub(client)["variant"] == "large"
    client.call("remove_model", backend="hub")
    with pytest.raises(ModelNotFound, match="hub has no model files here"):
        client.call("remove_model", backend="hub")


def test_the_default_backend_and_its_variant_can_be_changed_while_it_runs(client: Client) -> None:
    for variant in ("small", "large"):
        client.call("download_backend", backend="hub", variant=variant)
        until_end(client, variant)
    answer = client.call("default_backend_set", backend="hub", variant="large")
    assert answer == {"default_backend": "hub", "variant": "large"}
    assert client.call("get_backends")["default_backend"] == "hub"
    assert hub(client)["model_version"] == "1-large"
    assert client.call("generate", prompt="x", duration_sec=1)["backend"] == "hub"
