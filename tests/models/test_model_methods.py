"""Models asked of a real daemon: what is there, what is missing, and taking it away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lofi_core.errors import (
    BackendNotInstalled,
    BackendNotReady,
    InvalidParams,
    ModelNotFound,
    NotPermitted,
)
from tests.conftest import events_until_end
from tests.models.backend import WEIGHTS, put_model
from tests.models.hub import hub, small_dir, until_end, wait_until_stuck
from tests.models.server import Fault, ModelServer

if TYPE_CHECKING:
    from pathlib import Path

    from lofi_core.rpc.client import Client
    from tests.conftest import DaemonProcess, InstallBackend, StartDaemon

MEBIBYTE = 1024 * 1024
# A backend's files have come this far, and no further, until the server is released or gone.
STUCK = Fault(stall_after=2 * MEBIBYTE)


PICKY = """def describe_backend(model_dir, variant):
        config = model_dir / "onnx" / "config.json"
        if config.exists() and config.read_text() != "{}":
            raise ValueError("what config is this")
"""


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
        "fetchable": True,
    }
    assert [variant["fetchable"] for variant in found["variants"]] == [False, True, True]
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
    (small_dir(daemon) / ".lofi-logits.json").write_bytes(b"{}")
    (small_dir(daemon) / "weights.lofi-int8-0123.onnx").write_bytes(b"built")
    gone = client.call("remove_model", backend="hub")
    assert (gone["variant"], gone["kept"], gone["freed_bytes"]) == ("small", [], len(WEIGHTS) + 2 + 5 + 2 + 5)
    assert not small_dir(daemon).exists()
    assert hub(client)["status"] == "not_installed"


def test_a_model_in_memory_goes_with_its_files(client: Client) -> None:
    client.call("download_backend", backend="hub")
    until_end(client)
    job = client.call("generate", prompt="x", backend="hub", cache=False)
    assert events_until_end(client, job["job_id"])[-1].name == "generation_complete"
    assert client.call("status")["models_loaded"] == ["hub"]
    client.call("remove_model", backend="hub")
    assert client.call("status")["models_loaded"] == []
    assert hub(client)["status"] == "not_installed"
    with pytest.raises(BackendNotInstalled):
        client.call("generate", prompt="x", backend="hub", cache=False)


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


def test_another_variant_takes_the_place_of_the_one_in_memory(client: Client) -> None:
    for variant in ("small", "large"):
        client.call("download_backend", backend="hub", variant=variant)
        until_end(client, variant)
    job = client.call("generate", prompt="x", backend="hub", duration_sec=1)
    events_until_end(client, job["job_id"])
    assert hub(client)["status"] == "loaded"
    assert client.call("default_backend_set", backend="hub", variant="large")["variant"] == "large"
    assert hub(client)["loaded"] == []
    assert hub(client)["model_version"] == "1-large"


def test_the_default_backend_and_its_variant_can_be_changed_while_it_runs(client: Client) -> None:
    for variant in ("small", "large"):
        client.call("download_backend", backend="hub", variant=variant)
        until_end(client, variant)
    answer = client.call("default_backend_set", backend="hub", variant="large")
    assert answer == {"default_backend": "hub", "variant": "large"}
    assert client.call("get_backends")["default_backend"] == "hub"
    assert hub(client)["model_version"] == "1-large"
    assert client.call("generate", prompt="x", duration_sec=1)["backend"] == "hub"
