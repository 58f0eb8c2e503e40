"""Are the numbers of a daemon right, and in Prometheus' own words?"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from lofi_core.errors import LofiError
from lofi_core.rpc.client import Client
from tests.conftest import DaemonProcess, Gate, events_until_end, wait_for

KINDS = {
    "lofi_build_info": "gauge",
    "lofi_uptime_seconds": "gauge",
    "lofi_resident_memory_bytes": "gauge",
    "lofi_clients": "gauge",
    "lofi_rpc_requests": "counter",
    "lofi_jobs": "counter",
    "lofi_audio_seconds": "counter",
    "lofi_generation_seconds": "counter",
    "lofi_jobs_running": "gauge",
    "lofi_queue_length": "gauge",
    "lofi_queue_capacity": "gauge",
    "lofi_tracks": "gauge",
    "lofi_tracks_bytes": "gauge",
    "lofi_model_resident_bytes": "gauge",
    "lofi_playback_underruns": "counter",
    "lofi_event_loop_lag_max_seconds": "gauge",
}


def numbers(client: Client) -> dict[str, float]:
    """Every sample by its name and the values of its labels."""
    families = list(text_string_to_metric_families(client.call("metrics")["text"]))
    assert {family.name: family.type for family in families} == KINDS
    assert all(family.documentation.endswith(".") for family in families)
    samples = [sample for family in families for sample in family.samples]
    return {" ".join((sample.name, *sample.labels.values())): sample.value for sample in samples}


def test_jobs_and_what_they_made_are_counted(daemon: DaemonProcess, gate: Gate) -> None:
    client = daemon.client()
    for seed in (1, 2):
        job = client.call("generate", prompt="x", backend="sine", duration_sec=2, seed=seed)
        events_until_end(client, job["job_id"])
    client.call("generate", prompt="x", backend="sine", duration_sec=2, seed=2)  # from the library
    held = client.call(
        "generate", prompt="x", backend="stepped", duration_sec=5, options={"gate": str(gate.path)}
    )
    wait_for(client, "generation_start")
    during = numbers(client)
    assert "lofi_event_loop_lag_max_seconds" not in during  # it is watched from now on
    assert (during["lofi_jobs_running"], during["lofi_queue_length"]) == (1, 0)
    paused = client.call("generate", prompt="x", backend="sine", duration_sec=2, seed=3)["job_id"]
    client.call("job_pause", job_id=paused)
    assert numbers(client)["lofi_queue_length"] == 1  # it takes room
    client.call("cancel", job_id=paused)
    client.call("cancel", job_id=held["job_id"])
    gate.open(1)
    events_until_end(client, held["job_id"])
    after = numbers(client)
    assert after["lofi_jobs_total complete"] == 2
    assert after["lofi_jobs_total cancelled"] == 2
    assert after["lofi_jobs_total error"] == 0
    assert after["lofi_audio_seconds_total sine"] == 4
    assert 0 < after["lofi_generation_seconds_total sine"] < 60
    assert after["lofi_tracks"] == 2
    assert after["lofi_tracks_bytes"] == client.call("status")["tracks"]["bytes"]
    assert after["lofi_rpc_requests_total generate"] == 5
    assert after["lofi_rpc_requests_total metrics"] == 3
    assert after["lofi_rpc_requests_total radio_start"] == 0
    assert after["lofi_clients"] == 1
    assert after["lofi_resident_memory_bytes"] > 1e7
    assert 0 <= after["lofi_event_loop_lag_max_seconds"] < 60


@pytest.fixture(scope="module")
def served() -> Iterator[DaemonProcess]:
    """A daemon where nothing is made."""
    home = Path(tempfile.mkdtemp(prefix="lofi-"))
    daemon = DaemonProcess(home, {})
    yield daemon
    daemon.stop()
    shutil.rmtree(home)


def test_a_refused_request_counts_and_a_method_nobody_has_does_not(served: DaemonProcess) -> None:
    client = served.client()
    for method in ("seek", "no_such_method"):
        with pytest.raises(LofiError):
            client.call(method)
    counted = numbers(client)
    assert counted["lofi_rpc_requests_total seek"] == 1
    assert not [name for name in counted if "no_such_method" in name]


def test_the_page_has_every_metric() -> None:
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    names = {f"{name}_total" if kind == "counter" else name for name, kind in KINDS.items()}
    assert set(re.findall(r"`(lofi_\w+)", page.partition("## Numbers")[2])) == names


def test_the_command_prints_the_text_as_it_is(served: DaemonProcess) -> None:
    command = [sys.executable, "-m", "lofi_core", "status", "--metrics"]
    done = subprocess.run(command, env=served.environ, capture_output=True, text=True, check=True, timeout=30)
    assert {family.name for family in text_string_to_metric_families(done.stdout)} == set(KINDS)
    assert done.stdout.endswith("\n")
    assert not done.stdout.endswith("\n\n")
