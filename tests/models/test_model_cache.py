"""Models come when they are needed, go when they are not, and a paused job's stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lofi_core.errors import BackendNotReady, ModelLoadFailed
from tests.conftest import DaemonProcess, Gate, InstallBackend, StartDaemon, events_until_end, wait_for
from tests.onnx_backend import ENDLESS, save_loop, source

if TYPE_CHECKING:
    from pathlib import Path

    from lofi_core.rpc.client import Client

MB = 1_000_000


@pytest.fixture(params=[False, True], ids=["in the daemon", "in its own process"])
def start(
    request: pytest.FixtureRequest, start_daemon: StartDaemon, install_backend: InstallBackend, home: Path
) -> StartDaemon:
    """A daemon with the backends `real` and `other`, both with an ONNX file in place."""
    for name in ("real", "other"):
        install_backend(name, source(name, own_process=request.param))
        (home / "data" / "models" / name).mkdir(parents=True)
        save_loop(home / "data" / "models" / name / "loop.onnx")
    return start_daemon


def ask(client: Client, backend: str = "real", priority: str = "normal", **options: Any) -> str:
    job: dict[str, Any] = client.call(
        "generate",
        prompt="x",
        backend=backend,
        duration_sec=3,
        priority=priority,
        cache=False,
        options=options,
    )
    return str(job["job_id"])


def loaded(client: Client) -> list[tuple[str, str]]:
    return [(model["backend"], model["weights"]) for model in client.call("status")["models"]]


def wait_status(client: Client, backend: str, status: str) -> dict[str, Any]:
    while True:
        event = wait_for(client, "backend_status").fields
        if (event["backend"], event["status"]) == (backend, status) and "percent" not in event:
            return event


def test_cancel_ends_an_endless_run_and_the_next_job_is_not_hit(start: StartDaemon, gate: Gate) -> None:
    daemon = start()
    client = daemon.client()
    endless = ask(client, gate=str(gate.path), turns=ENDLESS)
    following = ask(client, turns=5)
    gate.open(2)  # the second step begins the endless run
    while wait_for(client, "generation_progress").fields["current_step"] < 1:
        continue
    client.call("cancel", job_id=endless)
    assert events_until_end(client, endless)[-1].name == "generation_cancelled"
    assert events_until_end(client, following)[-1].name == "generation_complete"
    assert not [line for line in daemon.log if "Traceback" in line]


def test_a_pause_lets_the_run_end_by_itself(start: StartDaemon, gate: Gate) -> None:
    client = start().client()
    job_id = ask(client, gate=str(gate.path), turns=300_000)
    wait_for(client, "generation_start")
    gate.open(2)
    assert client.call("job_pause", job_id=job_id) == {"state": "paused"}
    client.call("job_resume", job_id=job_id)
    gate.open(3)
    assert events_until_end(client, job_id)[-1].name == "generation_complete"


def test_the_loaders_progress_is_the_first_stage_and_the_recipe_names_the_provider(
    start: StartDaemon,
) -> None:
    client = start().client()
    events = events_until_end(client, ask(client))
    progress = [event.fields for event in events if event.name == "generation_progress"]
    assert [fields["stage"] for fields in progress][:2] == ["load", "build"]
    percents = [fields["percent"] for fields in progress]
    assert percents == sorted(percents)
    track = client.call("tracks_get", track_id=events[-1].fields["track_id"])
    assert track["recipe"]["extra"]["provider"] == "CPUExecutionProvider"


@pytest.mark.parametrize("said", ["staged", "resident", None])
def test_the_loader_is_told_the_residency_configured_for_its_backend(
    start: StartDaemon, said: str | None
) -> None:
    client = start(**({"LOFI_BACKENDS_REAL_RESIDENCY": said} if said else {})).client()
    for backend, told in (("real", said or "nobody said"), ("other", "nobody said")):
        events = events_until_end(client, ask(client, backend))
        track = client.call("tracks_get", track_id=events[-1].fields["track_id"])
        assert track["recipe"]["extra"]["residency"] == told


def test_a_cancel_during_a_long_load_takes_effect_at_the_next_report(start: StartDaemon) -> None:
    client = start().client()
    job_id = ask(client, form="slow load")
    while wait_for(client, "generation_progress").fields["stage"] != "build":
        continue
    client.call("cancel", job_id=job_id)
    assert events_until_end(client, job_id)[-1].name == "generation_cancelled"
    assert loaded(client) == []


def test_another_form_of_the_model_replaces_the_old_one(start: StartDaemon) -> None:
    client = start().client()
    for form in ("a", "b"):
        events_until_end(client, ask(client, form=form))
    assert loaded(client) == [("real", "b 0")]


def test_an_idle_model_goes_and_its_memory_with_it(start: StartDaemon) -> None:
    client = start(LOFI_MODELS_KEEP_ALIVE_SEC="0").client()
    client.call("subscribe", events=["backend_status"])
    events_until_end(client, ask(client))
    wait_status(client, "real", "ready")
    before = client.call("status")["rss_bytes"]
    events_until_end(client, ask(client, hold_mb=200))
    wait_status(client, "real", "ready")
    assert client.call("status")["rss_bytes"] < before * 1.1
    assert loaded(client) == []


def test_what_is_in_memory_is_measured(start: StartDaemon) -> None:
    client = start().client()
    events_until_end(client, ask(client, hold_mb=200))
    (model,) = client.call("status")["models"]
    assert 190 * MB < model["resident_bytes"] < 330 * MB
    shown = {backend["type"]: backend for backend in client.call("get_backends")["backends"]}
    assert shown["real"]["loaded"] == [model]


def test_the_budget_lets_the_idle_one_go_before_the_newcomer(start: StartDaemon) -> None:
    client = start(LOFI_MODELS_MEMORY_GB="0.1").client()
    events_until_end(client, ask(client, hold_mb=150))
    events_until_end(client, ask(client, "other"))
    assert loaded(client) == [("other", "a 0")]


def test_a_paused_job_keeps_its_model_and_the_newcomer_waits_and_says_so(
    start: StartDaemon, gate: Gate
) -> None:
    client = start(LOFI_MODELS_MEMORY_GB="0.1").client()
    paused = ask(client, gate=str(gate.path), hold_mb=150)
    while wait_for(client, "generation_progress").fields["stage"] == "load":
        continue
    gate.open(1)
    client.call("job_pause", job_id=paused)
    newcomer = ask(client, "other", "high")
    while "note" not in (event := wait_for(client, "generation_queued")).fields:
        continue
    assert "does not fit beside that of real" in event.fields["note"]
    assert client.call("job_get", job_id=newcomer)["note"] == event.fields["note"]
    assert client.call("queue_status")["pending"][0]["note"] == event.fields["note"]
    with pytest.raises(BackendNotReady, match="does not fit"):
        client.call("load_backend", backend="other")
    gate.open(9)
    client.call("job_resume", job_id=paused)
    assert events_until_end(client, paused)[-1].name == "generation_complete"
    assert events_until_end(client, newcomer)[-1].name == "generation_complete"


def test_load_backend_loads_and_unload_backend_drops(start: StartDaemon) -> None:
    client = start().client()
    client.call("subscribe", events=["backend_status"])
    assert client.call("load_backend", backend="real") == {"status": "loading"}
    assert wait_for(client, "backend_status").fields["status"] == "loading"
    assert wait_for(client, "backend_status").fields["stage"] == "build"
    wait_status(client, "real", "loaded")
    assert client.call("load_backend", backend="real") == {"status": "loaded"}
    assert client.call("unload_backend", backend="real") == {"status": "ready"}
    assert loaded(client) == []


def test_unload_is_refused_while_a_job_needs_the_model(start: StartDaemon, gate: Gate) -> None:
    client = start().client()
    job_id = ask(client, gate=str(gate.path))
    gate.open(1)
    while wait_for(client, "generation_progress").fields["stage"] != "walk":
        continue
    with pytest.raises(BackendNotReady, match="still needs"):
        client.call("unload_backend", backend="real")
    gate.open(9)
    assert events_until_end(client, job_id)[-1].name == "generation_complete"


def test_a_load_that_fails_says_why(start: StartDaemon, home: Path) -> None:
    (home / "data" / "models" / "other" / "loop.onnx").parent.mkdir(parents=True, exist_ok=True)
    daemon: DaemonProcess = start()
    (home / "data" / "models" / "other" / "loop.onnx").write_bytes(b"no graph")
    client = daemon.client()
    client.call("subscribe", events=["backend_status"])
    client.call("load_backend", backend="other")
    while "code" not in (event := wait_for(client, "backend_status")).fields:
        continue
    assert event.fields["code"] == ModelLoadFailed.code
    assert client.call("status")["models_loaded"] == []


def test_a_failed_job_keeps_nothing_of_its_model_in_memory(start: StartDaemon) -> None:
    client = start(LOFI_MODELS_KEEP_ALIVE_SEC="0").client()
    client.call("subscribe", events=["backend_status"])
    events_until_end(client, ask(client))
    wait_status(client, "real", "ready")
    before = client.call("status")["rss_bytes"]
    events = events_until_end(client, ask(client, form="fails", hold_mb=200))
    assert events[-1].name == "generation_error"
    wait_status(client, "real", "ready")
    assert client.call("status")["rss_bytes"] < before + 100 * MB


def test_a_job_that_waited_for_memory_says_so_no_more_when_it_runs(start: StartDaemon, gate: Gate) -> None:
    client = start(LOFI_MODELS_MEMORY_GB="0.1").client()
    paused = ask(client, gate=str(gate.path), hold_mb=150)
    while wait_for(client, "generation_progress").fields["stage"] == "load":
        continue
    gate.open(1)
    client.call("job_pause", job_id=paused)
    newcomer = ask(client, "other")
    assert "does not fit" in client.call("job_get", job_id=newcomer)["note"]
    client.call("cancel", job_id=paused)
    assert events_until_end(client, newcomer)[-1].name == "generation_complete"
    assert "note" not in client.call("job_get", job_id=newcomer)


def test_a_loaders_percent_never_falls(start: StartDaemon) -> None:
    client = start().client()
    client.call("subscribe", events=["backend_status"])
    ask(client, form="unsure")
    percents = []
    while (event := wait_for(client, "backend_status").fields)["status"] != "loaded":
        percents.append(event.get("percent", 0))
    assert percents == sorted(percents)
    assert percents[-1] == 75


def test_a_backend_that_reports_while_it_generates_is_not_said_to_load(start: StartDaemon) -> None:
    client = start().client()
    client.call("subscribe", events=["backend_status"])
    ask(client, form="talks")
    wait_status(client, "real", "loaded")
    names = []
    while (event := client.next_event(30)) is not None and event.name != "generation_complete":
        names.append(event.name)
    assert event is not None
    assert "backend_status" not in names


def test_files_that_were_removed_while_loaded_are_missed_when_the_model_goes(start: StartDaemon) -> None:
    client = start().client()
    client.call("subscribe", events=["backend_status"])
    client.call("load_backend", backend="real")
    wait_status(client, "real", "loaded")
    client.call("remove_model", backend="real", force=True)
    assert client.call("unload_backend", backend="real") == {"status": "not_installed"}


def test_shutdown_ends_a_load_that_was_asked_for(start: StartDaemon, install_backend: InstallBackend) -> None:
    install_backend("endless", source("endless").replace('startswith("slow load")', 'startswith("a")'))
    daemon = start()
    models = daemon.data / "models" / "endless"
    models.mkdir(parents=True)
    save_loop(models / "loop.onnx")
    client = daemon.client()
    client.call("subscribe", events=["backend_status"])
    client.call("load_backend", backend="endless")
    while wait_for(client, "backend_status").fields.get("percent") != 50:
        continue
    with pytest.raises(BackendNotReady, match="is being loaded"):
        client.call("unload_backend", backend="endless")
    assert daemon.stop() == 0
    assert not [line for line in daemon.log if "Traceback" in line]


def test_a_load_asked_for_while_a_job_runs_waits_for_it_and_comes(start: StartDaemon, gate: Gate) -> None:
    client = start().client()
    client.call("subscribe", events=["backend_status"])
    job_id = ask(client, gate=str(gate.path))
    gate.open(1)
    while wait_for(client, "generation_progress").fields["stage"] != "walk":
        continue
    assert client.call("load_backend", backend="other") == {"status": "loading"}
    assert client.call("job_get", job_id=job_id)["state"] == "running"
    assert loaded(client) == [("real", "a 0")]
    gate.open(9)
    wait_status(client, "other", "loaded")
    assert loaded(client) == [("real", "a 0"), ("other", "a 0")]
