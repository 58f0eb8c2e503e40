"""MusicGen as listeners meet it: a real daemon, the small models laid into its models directory."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import soundfile

from lofi_core.device import physical_cores
from tests.conftest import StartDaemon, events_until_end, long, wait_for
from tests.musicgen.conftest import DATA, put_layout

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lofi_core.rpc.client import Client, Notification

LONG_SEC = 16.0  # 800 steps: long enough that something can come in the middle


@pytest.fixture
def place(home: Path) -> Path:
    """Where the daemon looks for the model."""
    return home / "data" / "models" / "musicgen"


@pytest.fixture
def client(start_daemon: StartDaemon, place: Path) -> Client:
    """A client of a daemon that has the small mono model."""
    put_layout("mono", place)
    return start_daemon().client()


def ask(client: Client, seconds: float = 2.0, *, prompt: str = "lofi jazz, rain", **more: Any) -> str:
    job = client.call(
        "generate",
        **{
            "prompt": prompt,
            "backend": "musicgen",
            "duration_sec": seconds,
            "seed": 7,
            "cache": False,
            **more,
        },
    )
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
    """Until the job has taken so many steps and is under way still."""
    while True:
        event = client.next_event(30)
        assert event is not None
        assert event.name not in {"generation_complete", "generation_error"}, event
        told = event.fields
        if (told.get("job_id"), told.get("stage")) == (job_id, "sample") and told["current_step"] >= step:
            return


@pytest.mark.parametrize(
    ("layout", "channels", "precision"),
    [("mono", 1, "quality"), ("stereo", 2, "quality"), ("split", 1, "exported"), ("merged", 1, "exported")],
)
def test_a_track_comes_out_and_its_recipe_says_how(
    start_daemon: StartDaemon, place: Path, layout: str, channels: int, precision: str
) -> None:
    put_layout(layout, place)
    client = start_daemon().client()
    track = finished(client, ask(client))
    info = soundfile.info(track["path"])
    assert (info.channels, info.samplerate, info.frames) == (channels, 32_000, 64_000)
    recipe = track["recipe"]
    assert (recipe["licence"], recipe["seed"]) == ("CC-BY-NC-4.0", 7)
    assert recipe["extra"].pop("system")["onnxruntime"]
    assert recipe["extra"] == {
        "device": "cpu",
        "provider": "CPUExecutionProvider",
        "precision": precision,
        "threads": physical_cores(),
    }


def test_a_high_priority_job_comes_in_between_and_nothing_is_heard_of_it(client: Client) -> None:
    calm = samples(finished(client, ask(client, LONG_SEC)))
    slow = ask(client, LONG_SEC)
    until_step(client, slow, 50)
    urgent = client.call("generate", prompt="now", backend="procedural", duration_sec=5, priority="high")
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
    disturbed = samples(client.call("tracks_get", track_id=last.fields["track_id"]))
    assert (disturbed == calm).all()


def test_a_paused_and_resumed_job_has_the_samples_of_an_undisturbed_one(client: Client) -> None:
    calm = samples(finished(client, ask(client, LONG_SEC)))
    job_id = ask(client, LONG_SEC)
    until_step(client, job_id, 100)
    assert client.call("job_pause", job_id=job_id) == {"state": "paused"}
    # Another job uses the same networks meanwhile.
    finished(client, ask(client, 1.0, seed=8))
    client.call("job_resume", job_id=job_id)
    assert (samples(finished(client, job_id)) == calm).all()


def test_a_cancel_takes_effect_in_the_middle_and_the_next_job_is_unharmed(client: Client) -> None:
    undisturbed = samples(finished(client, ask(client)))
    job_id = ask(client, 600.0)
    until_step(client, job_id, 10)
    waiting = ask(client)
    client.call("cancel", job_id=job_id)
    assert events_until_end(client, job_id)[-1].name == "generation_cancelled"  # of 30,000 steps
    assert (samples(finished(client, waiting)) == undisturbed).all()


def test_audio_comes_long_before_the_end_and_grows(client: Client) -> None:
    ask(client, LONG_SEC)
    available: list[float] = []
    while True:
        event = client.next_event(60)
        assert event is not None
        if event.name == "generation_complete":
            break
        if event.name == "generation_audio":
            available.append(event.fields["available_sec"])
            heard = soundfile.info(event.fields["path"])
            assert heard.frames >= round(event.fields["available_sec"] * 32_000)
    assert available[0] <= 0.5
    assert available == sorted(available)
    assert len(available) > 20
    assert available[-1] == LONG_SEC


def test_another_precision_takes_the_place_of_the_one_before(client: Client) -> None:
    held: list[list[str]] = []
    for precision in ("quality", "fast", "exact"):
        track = finished(client, ask(client, options={"precision": precision}))
        assert track["recipe"]["extra"]["precision"] == precision
        held.append([model["weights"] for model in client.call("status")["models"]])
    assert held == [["quality"], ["fast"], ["exact"]]


def test_unload_gives_the_model_back_and_the_next_job_loads_it_again(client: Client) -> None:
    first = samples(finished(client, ask(client)))
    client.call("unload_backend", backend="musicgen")
    assert client.call("status")["models"] == []
    assert (samples(finished(client, ask(client))) == first).all()


def test_a_prompt_of_2000_characters_is_taken_and_the_recipe_says_what_was_cut(client: Client) -> None:
    prompt = ("rain jazz " * 200)[:2000].strip()
    extra = finished(client, ask(client, prompt=prompt))["recipe"]["extra"]
    assert extra["prompt_tokens_cut"] > 0
    assert "prompt_tokens_cut" not in finished(client, ask(client))["recipe"]["extra"]


def cut_weights(place: Path) -> None:
    file = place / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1000])


def other_tokenizer(place: Path) -> None:
    file = place / "tokenizer.json"
    described = json.loads(file.read_text())
    described["model"]["vocab"] += [[f"word{i}", -9.0] for i in range(100)]
    file.write_text(json.dumps(described))


def other_sizes(place: Path) -> None:
    file = place / "config.json"
    described = json.loads(file.read_text())
    described["decoder"]["ffn_dim"] = 256
    file.write_text(json.dumps(described))


def fewer_codebooks(place: Path) -> None:
    file = place / "config.json"
    described = json.loads(file.read_text())
    described["decoder"]["num_codebooks"] = 2
    file.write_text(json.dumps(described))


def other_weights(place: Path) -> None:
    shutil.copy(DATA / "stereo" / "model.safetensors", place / "model.safetensors")


def other_codec(place: Path) -> None:
    shutil.copy(place / "text_encoder.onnx", place / "encodec_decode.onnx")


def no_onnx(place: Path) -> None:
    (place / "decoder_model_merged.onnx").write_text("<html>404</html>")


@pytest.mark.parametrize(
    ("layout", "spoil", "told"),
    [
        ("mono", cut_weights, "model.safetensors is truncated"),
        long("mono", other_tokenizer, "tokenizer.json is of another model"),
        ("mono", other_sizes, "ffn_dim"),
        long("mono", fewer_codebooks, "config.json has decoder.num_codebooks 2"),
        long("mono", other_weights, "config.json has decoder.num_codebooks 4"),
        ("merged", other_codec, "encodec_decode.onnx"),
        ("merged", no_onnx, "decoder_model_merged.onnx"),
    ],
)
def test_a_bad_file_fails_its_job_with_a_remedy_and_the_daemon_goes_on(
    start_daemon: StartDaemon, place: Path, layout: str, spoil: Callable[[Path], None], told: str
) -> None:
    spoil(put_layout(layout, place))
    client = start_daemon().client()
    failed: Notification = events_until_end(client, ask(client))[-1]
    assert failed.name == "generation_error"
    assert failed.fields["code"] == "MODEL_LOAD_FAILED"
    assert told in failed.fields["message"]
    assert failed.fields["hint"]
    put_layout(layout, place)
    assert finished(client, ask(client))["channels"] == 1


def test_a_model_that_is_loaded_for_people_tells_its_stages(client: Client) -> None:
    client.call("subscribe", events=["backend_status"])
    client.call("load_backend", backend="musicgen")
    stages: list[str] = []
    while (event := wait_for(client, "backend_status").fields)["status"] != "loaded":
        stages += [event["stage"]] if "stage" in event else []
    assert {"hash", "build", "calibrate", "load"} <= set(stages)
