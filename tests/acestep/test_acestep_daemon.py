"""ACE-Step as listeners meet it: a real daemon, small random networks laid into its models directory."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile

from lofi_core.device import physical_cores
from lofi_core.errors import BackendNotInstalled, LofiError
from tests.acestep.graphs import write_model
from tests.conftest import StartDaemon, events_until_end, long
from tests.musicgen.conftest import put_layout

if TYPE_CHECKING:
    from lofi_core.rpc.client import Client

DATA = Path(__file__).parents[1] / "data" / "acestep"
SECONDS, FRAMES = 5.0, 53
MADE_SEC = 236_287 / 48_000  # 53 latent frames of 4,096 samples at 44.1 kHz, resampled


@pytest.fixture
def place(home: Path) -> Path:
    """Where the daemon looks for the model; it lies there."""
    directory = home / "data" / "models" / "ace_step"
    directory.parent.mkdir(parents=True)
    return write_model(directory)


@pytest.fixture
def exported(place: Path) -> Path:
    """Where it lies, but what our exporter made of a checkpoint."""
    shutil.rmtree(place)
    return Path(shutil.copytree(DATA / "networks", place))


@pytest.fixture
def client(start_daemon: StartDaemon, place: Path) -> Client:
    assert place.exists()
    return start_daemon().client()


def ask(client: Client, seconds: float = SECONDS, **more: Any) -> str:
    options = {"inference_steps": 8, **more.pop("options", {})}
    fields = {"prompt": "w5 w7 lofi", "backend": "ace_step", "seed": 7, "cache": False, **more}
    job = client.call("generate", duration_sec=seconds, options=options, **fields)
    return str(job["job_id"])


def finished(client: Client, job_id: str) -> dict[str, Any]:
    """The track of a job that must succeed."""
    end = events_until_end(client, job_id, 60)[-1]
    assert end.name == "generation_complete", end
    track: dict[str, Any] = client.call("tracks_get", track_id=end.fields["track_id"])
    return track


def samples(track: dict[str, Any]) -> Any:
    return soundfile.read(track["path"], dtype="int32")[0]


def until_step(client: Client, job_id: str, step: int) -> None:
    """Until the denoiser has made so many rows and is under way still."""
    while True:
        event = client.next_event(30)
        assert event is not None
        assert event.name not in {"generation_complete", "generation_error"}, event
        told = event.fields
        if (told.get("job_id"), told.get("stage")) == (job_id, "denoise") and told["current_step"] >= step:
            return


def test_a_track_comes_out_and_its_recipe_says_how(client: Client) -> None:
    track = finished(client, ask(client))
    info = soundfile.info(track["path"])
    assert (info.channels, info.samplerate, info.frames) == (2, 48_000, 236_287)
    left, right = samples(track).T
    assert (left != right).any()
    recipe = track["recipe"]
    assert recipe["licence"] == "Apache-2.0"
    assert recipe["options"]["inference_steps"] == 8
    assert recipe["extra"].pop("system")["onnxruntime"]
    assert recipe["extra"] == {
        "scheduler": "euler",
        "cfg_type": "apg",
        "guidance_scale": 15.0,
        "negative": "erg",
        "erg": "text, lyrics, denoiser",
        "precision": "fp32",
        "residency": "staged",
        "decode": "whole",
        "device": "cpu",
        "provider": "CPUExecutionProvider",
        "threads": physical_cores(),
        "kept": ["latents"],
    }
    with np.load(Path(track["path"]).with_suffix(".npz")) as kept:
        assert kept["latents"].shape == (1, 8, 16, FRAMES)


def test_a_track_is_told_as_long_as_it_is_not_as_it_was_asked_for(client: Client) -> None:
    end = events_until_end(client, ask(client), 60)[-1]
    track = client.call("tracks_get", track_id=end.fields["track_id"])
    assert track["duration_sec"] == pytest.approx(MADE_SEC)
    assert track["recipe"]["duration_sec"] == SECONDS


def test_files_of_our_exporter_make_a_track_too(exported: Path, start_daemon: StartDaemon) -> None:
    assert exported.exists()
    track = finished(client := start_daemon().client(), ask(client, prompt="lofi hip hop, piano"))
    left, right = samples(track).T
    assert (left != right).any()
    assert track["recipe"]["extra"]["negative"] == "erg"
    assert track["model_version"] == "1 v1-3.5b fp32 cpu"


def test_the_same_seed_makes_the_same_track_and_another_another(client: Client) -> None:
    first, again, other = (samples(finished(client, ask(client, seed=seed))) for seed in (7, 7, 8))
    assert (first == again).all()
    assert (first != other).any()


def test_progress_goes_through_every_stage_and_never_falls(client: Client) -> None:
    events = events_until_end(client, ask(client), 60)
    progress = [event.fields for event in events if event.name == "generation_progress"]
    percents = [fields["percent"] for fields in progress]
    assert percents == sorted(percents)
    stages = dict.fromkeys(fields["stage"] for fields in progress)
    assert [stage for stage in stages if stage != "load" and not stage.startswith("try ")] == [
        *("encode", "denoise", "decode", "vocode", "write")
    ]


@pytest.mark.parametrize(
    ("fields", "code", "told"),
    [
        ({"inference_steps": 0}, "INVALID_INFERENCE_STEPS", "is 0; must be a whole number from 1 to 200"),
        ({"inference_steps": 201}, "INVALID_INFERENCE_STEPS", "is 201; must be a whole number from 1 to 200"),
        ({"scheduler": "ddim"}, "INVALID_SCHEDULER", "must be 'euler' or 'heun' or 'pingpong'"),
        ({"guidance_scale": 31}, "INVALID_GUIDANCE_SCALE", "must be a number from 1 to 30"),
        ({"options": {"inference_steps": 201}}, "INVALID_INFERENCE_STEPS", "is 201"),
        ({"options": {"lyrics": "rain on the roof"}}, "INVALID_OPTION", "this version sings none"),
        ({"duration_sec": 4}, "INVALID_DURATION", "5 to 240"),
        ({"duration_sec": 241}, "INVALID_DURATION", "5 to 240"),
    ],
)
def test_what_is_out_of_range_is_refused_at_once(
    client: Client, fields: dict[str, Any], code: str, told: str
) -> None:
    with pytest.raises(LofiError) as caught:
        client.call("generate", **{"prompt": "x", "backend": "ace_step", "duration_sec": 30, **fields})
    assert caught.value.code == code
    assert told in f"{caught.value.message}\n{caught.value.hint}"


def test_the_top_level_aliases_reach_the_model(client: Client) -> None:
    job = client.call(
        "generate",
        prompt="w5",
        backend="acestep",
        duration_sec=SECONDS,
        inference_steps=2,
        scheduler="heun",
        guidance_scale=4,
        cache=False,
    )
    track = finished(client, job["job_id"])
    assert track["recipe"]["options"]["inference_steps"] == 2
    extra = track["recipe"]["extra"]
    assert (extra["scheduler"], extra["guidance_scale"]) == ("heun", 4.0)


@pytest.mark.parametrize(("backend", "seconds"), [long("procedural", 5), ("musicgen", 2)])
def test_a_high_priority_job_comes_in_between_and_nothing_is_heard_of_it(
    client: Client, home: Path, backend: str, seconds: float
) -> None:
    put_layout("mono", home / "data" / "models" / "musicgen")
    long: dict[str, Any] = {"options": {"inference_steps": 100}}
    calm = samples(finished(client, ask(client, **long)))
    slow = ask(client, **long)
    until_step(client, slow, 10)
    urgent = client.call("generate", prompt="now", backend=backend, duration_sec=seconds, priority="high")
    order: list[str] = []
    while "slow complete" not in order:
        event = client.next_event(60)
        assert event is not None
        if event.name.startswith("generation_") and "progress" not in event.name:
            who = "urgent" if event.fields["job_id"] == urgent["job_id"] else "slow"
            order.append(f"{who} {event.name.removeprefix('generation_')}")
            last = event
    told = [line for line in order if line.split()[1] not in {"audio", "queued"}]
    assert told == ["slow paused", "urgent start", "urgent complete", "slow resumed", "slow complete"]
    assert (samples(client.call("tracks_get", track_id=last.fields["track_id"])) == calm).all()


def test_a_paused_and_resumed_job_has_the_samples_of_an_undisturbed_one(client: Client) -> None:
    long: dict[str, Any] = {"options": {"inference_steps": 100, "scheduler": "pingpong"}}
    calm = samples(finished(client, ask(client, **long)))
    job_id = ask(client, **long)
    until_step(client, job_id, 10)
    assert client.call("job_pause", job_id=job_id) == {"state": "paused"}
    finished(client, ask(client, seed=8))  # the same networks, meanwhile
    client.call("job_resume", job_id=job_id)
    assert (samples(finished(client, job_id)) == calm).all()


def test_a_cancel_takes_effect_in_the_middle_and_the_next_job_is_unharmed(client: Client) -> None:
    undisturbed = samples(finished(client, ask(client)))
    job_id = ask(client, 240.0, options={"inference_steps": 200})
    until_step(client, job_id, 2)
    waiting = ask(client)
    client.call("cancel", job_id=job_id)
    assert events_until_end(client, job_id)[-1].name == "generation_cancelled"
    assert (samples(finished(client, waiting)) == undisturbed).all()


@pytest.mark.parametrize("residency", ["staged", "resident"])
def test_the_residency_configured_is_the_one_in_force(
    start_daemon: StartDaemon, place: Path, residency: str
) -> None:
    assert place.exists()
    client = start_daemon(LOFI_BACKENDS_ACE_STEP_RESIDENCY=residency).client()
    assert finished(client, ask(client))["recipe"]["extra"]["residency"] == residency


def test_a_missing_file_is_told_with_the_command_that_brings_it(client: Client, place: Path) -> None:
    (place / "vocoder.onnx").unlink()
    with pytest.raises(BackendNotInstalled) as caught:
        ask(client)
    assert "lofi-core pull ace_step" in caught.value.text()


def test_a_spoilt_file_fails_its_job_with_a_remedy_and_the_daemon_goes_on(
    client: Client, place: Path
) -> None:
    whole = (place / "vocoder.onnx").read_bytes()
    (place / "vocoder.onnx").write_bytes(b"<html>404</html>")
    failed = events_until_end(client, ask(client))[-1]
    assert (failed.name, failed.fields["code"]) == ("generation_error", "MODEL_LOAD_FAILED")
    assert "vocoder.onnx" in failed.fields["message"]
    assert failed.fields["hint"]
    (place / "vocoder.onnx").write_bytes(whole)
    assert finished(client, ask(client))["channels"] == 2


def test_the_backend_is_listed_with_its_options(client: Client) -> None:
    told = next(each for each in client.call("get_backends")["backends"] if each["type"] == "ace_step")
    assert (told["status"], told["licence"]) == ("ready", "Apache-2.0")
    steps = told["options"]["properties"]["inference_steps"]
    assert (steps["minimum"], steps["maximum"], steps["default"]) == (1, 200, 60)
