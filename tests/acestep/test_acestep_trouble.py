"""Whichever network is at work: a cancel ends its run at the next node, and what goes wrong in it is told."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lofi_acestep.loader import load
from lofi_acestep.networks.session import Session
from lofi_acestep.options import ACEStepOptions
from lofi_acestep.pipeline import Model, generate_track
from lofi_acestep.plan import make_plan
from lofi_core import GenerateRequest, InferenceFailed, Runtime
from lofi_core.runtime import CancelToken, RunEnded
from tests.acestep import graphs
from tests.acestep.endless import TRIALS, make_endless
from tests.conftest import StartDaemon, events_until_end, long_unless

NAMES = {
    "text_encoder.onnx": "text encoder",
    "transformer_encoder.onnx": "context encoder",
    "transformer_decoder.onnx": "denoiser",
    "dcae_decoder.onnx": "DCAE decoder",
    "vocoder.onnx": "vocoder",
}
SOON_SEC = 5.0  # a cancel that is not heeded has its process killed after ten


@pytest.mark.parametrize("file", TRIALS)
def test_a_cancel_ends_the_run_of_each_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    make_endless(graphs.write_model(tmp_path / "model"), file)
    runtime, token, inside = Runtime(threads=1), CancelToken(), threading.Event()
    networks = load(tmp_path / "model", runtime)
    attempt = Session._attempt

    def attempted(session: Session, *given: Any) -> Any:
        if session.what == NAMES[file]:
            inside.set()
        return attempt(session, *given)

    monkeypatch.setattr(Session, "_attempt", attempted)

    def cancel() -> None:
        assert inside.wait(20)
        time.sleep(0.2)  # by now the run is under way
        runtime.runs.terminate(token)

    canceller = threading.Thread(target=cancel)
    canceller.start()
    options = ACEStepOptions(inference_steps=2)
    request = GenerateRequest("w5 w7", 5.0, 7, options)
    with runtime.runs.working_for(token), pytest.raises(RunEnded):
        list(generate_track(request, Model(networks), make_plan(options, 5.0), runtime.for_job()))
    canceller.join()
    assert not networks._users.total()  # every network was let go


@pytest.mark.parametrize("file", TRIALS)
@pytest.mark.parametrize("trouble", ["memory", "numbers"])
def test_what_goes_wrong_in_a_network_is_told_by_its_name_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, trouble: str
) -> None:
    graphs.write_model(tmp_path / "model")
    runtime = Runtime(threads=1)
    networks, run = load(tmp_path / "model", runtime), Runtime.run
    stem = file.removesuffix(".onnx")

    def spoilt(self: Runtime, session: Any, feeds: Any, names: Any) -> Any:
        if not Path(session._model_path).name.startswith(stem):
            return run(self, session, feeds, names)
        if trouble == "memory":
            raise RuntimeError("[ONNXRuntimeError] : 6 : Failed to allocate memory for requested buffer")
        return [array * np.float32(np.inf) for array in run(self, session, feeds, names)]

    monkeypatch.setattr(Runtime, "run", spoilt)
    options = ACEStepOptions(inference_steps=2)
    with pytest.raises(InferenceFailed, match=NAMES[file]) as caught:
        list(
            generate_track(
                GenerateRequest("w5", 5.0, 7, options), Model(networks), make_plan(options, 5.0), runtime
            )
        )
    remedies = ("staged", "shorter", "windows") if trouble == "memory" else ("seed", "guidance_scale", "fp32")
    assert all(remedy in str(caught.value.hint) for remedy in remedies)
    assert ("evaluation 1 of 2" in caught.value.message) == (stem == "transformer_decoder")


@pytest.mark.parametrize(
    "file", [long_unless(file in {"transformer_decoder.onnx", "vocoder.onnx"}, file) for file in TRIALS]
)
def test_a_cancel_ends_it_in_the_process_of_the_backend_which_lives_on(
    home: Path, start_daemon: StartDaemon, file: str
) -> None:
    place = home / "data" / "models" / "ace_step"
    place.parent.mkdir(parents=True)
    make_endless(graphs.write_model(place), file)
    client = start_daemon().client()
    asked = {"prompt": "w5 w7", "backend": "ace_step", "duration_sec": 5.0, "options": {"inference_steps": 2}}
    job_id = client.call("generate", **asked)["job_id"]
    loaded = wait_until_loaded(client)
    time.sleep(1.0)  # what comes before it takes a few milliseconds
    begun = time.monotonic()
    client.call("cancel", job_id=job_id)
    assert events_until_end(client, job_id)[-1].name == "generation_cancelled"
    assert time.monotonic() - begun < SOON_SEC
    assert client.call("status")["models"][0]["pid"] == loaded["pid"]


def wait_until_loaded(client: Any) -> dict[str, Any]:
    end = time.monotonic() + 30
    while not (models := client.call("status")["models"]):
        assert time.monotonic() < end
        time.sleep(0.05)
    model: dict[str, Any] = models[0]
    return model
