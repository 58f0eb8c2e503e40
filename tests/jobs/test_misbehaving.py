"""A backend that misbehaves ends its own job with a clear error, and nothing else."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lofi_core.rpc.client import Client, Notification
from tests.conftest import (
    DaemonProcess,
    InstallBackend,
    StartDaemon,
    events_until_end,
    install_backend_in,
)

BAD = """
    import sys
    import msgspec
    import numpy as np
    from lofi_core import BackendSpec, InferenceFailed, InvalidOption, Schedule, Stage, Step, hookimpl

    class Options(msgspec.Struct):
        kind: str = "good"

    @hookimpl
    def describe_backend():
        return BackendSpec("bad", "Bad", 8000, 2, 1, 60, model_version="1", options=Options)

    @hookimpl
    def make_schedule(request):
        match request.options.kind:
            case "refuses": raise InvalidOption("kind is 'refuses'", "ask for another")
            case "no schedule": return "soon"
            case "bad schedule": return Schedule([])
        return Schedule([Stage("a", 2), Stage("b", 2)])

    @hookimpl
    def load_model(model_dir, runtime):
        return {"dir": model_dir}

    class Mute(Exception):
        def __str__(self):
            raise RuntimeError("no words")

    def steps(kind):
        quiet = np.zeros((2, 800), "float32")
        yield Step("a", 0, quiet)
        match kind:
            case "raises": raise RuntimeError("the reed is dry")
            case "at length": raise RuntimeError("x" * 9_000_000)
            case "in lines": raise RuntimeError("the reed\\nis wet")
            case "mutely": raise Mute
            case "exits": sys.exit(3)
            case "interrupts": raise KeyboardInterrupt
            case "ours": raise InferenceFailed("the reed is wet", "dry it")
            case "memory": raise MemoryError
            case "nan": yield Step("a", 1, np.full((2, 8), np.nan, "float32"))
            case "loud": yield Step("a", 1, np.full((2, 8), 1.5, "float32"))
            case "mono": yield Step("a", 1, np.zeros((1, 8), "float32"))
            case "ints": yield Step("a", 1, np.zeros((2, 8), "int16"))
            case "list": yield Step("a", 1, [[0.0], [0.0]])
            case "no step": yield "a"
            case "stage": yield Step("c", 0)
            case "no index": yield Step("b", None)
            case "large index": yield Step("b", 10**30)
            case "endless":
                while True:
                    yield Step("a", 1, np.zeros((2, 80000), "float32"))
            case "clings":
                try:
                    yield Step("a", 1)
                    raise ValueError("ends badly")
                finally:
                    yield Step("a", 1)
        yield Step("b", 99, quiet)

    def silent():
        yield Step("b", 1)

    @hookimpl
    def generate(request):
        match request.options.kind:
            case "no generator": return [Step("a", 0)]
            case "no audio": return silent()
            case "raises early": raise OSError("no reed")
        return steps(request.options.kind)
"""


@pytest.fixture(scope="module", params=[False, True], ids=["in the daemon", "in its own process"])
def the_daemon(request: pytest.FixtureRequest) -> Iterator[DaemonProcess]:
    """One daemon for all the mischief of this file: it must survive it."""
    own = f"options=Options, own_process={request.param})"
    with tempfile.TemporaryDirectory(prefix="lofi-") as directory:
        install_backend_in(Path(directory), "bad", BAD.replace("options=Options)", own))
        daemon = DaemonProcess(Path(directory), {})
        yield daemon
        assert daemon.stop() == 0


@pytest.fixture
def client(the_daemon: DaemonProcess) -> Iterator[Client]:
    client = the_daemon.client()
    yield client
    assert end_of(client, "good").name == "generation_complete", "the daemon does not go on"


def end_of(client: Client, kind: str) -> Notification:
    request = {"prompt": "x", "backend": "bad", "duration_sec": 1, "seed": 1, "options": {"kind": kind}}
    job = client.call("generate", cache=False, **request)
    return events_until_end(client, job["job_id"])[-1]


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("raises", "bad raised RuntimeError: the reed is dry"),
        ("at length", "bad raised RuntimeError: xxx"),
        ("in lines", "bad raised RuntimeError: the reed is wet"),
        ("mutely", "bad raised Mute"),
        ("exits", "bad raised SystemExit: 3"),
        ("interrupts", "bad raised KeyboardInterrupt"),
        ("ours", "the reed is wet"),
        ("memory", "bad ran out of memory"),
        ("nan", "nan"),
        ("loud", "1.5"),
        ("mono", "[1, 8]"),
        ("ints", "int16"),
        ("list", "list"),
        ("no step", "bad yielded str, not a Step"),
        ("stage", "bad yielded stage 'c'; its schedule has: a, b"),
        ("no index", "bad yielded Step('b', None); the index must be a whole number"),
        ("large index", "bad yielded Step('b', 1000000000000000000000000000000); the index must be a whole"),
        ("endless", "far more audio than was asked for"),
        ("clings", "ends badly"),
        ("no generator", "generate returned list, not a generator"),
        ("no audio", "ended without yielding any audio"),
        ("raises early", "bad raised OSError: no reed"),
    ],
)
def test_a_backend_that_misbehaves_ends_its_job_with_a_clear_error(
    client: Client, kind: str, message: str
) -> None:
    end = end_of(client, kind)
    assert end.name == "generation_error"
    assert end.fields["code"] == "MODEL_INFERENCE_FAILED"
    assert message.lower() in end.fields["message"].lower()


def test_a_failed_job_shows_its_error_to_job_get_and_leaves_no_track(client: Client) -> None:
    tracks = client.call("tracks_list")["total"]
    failed = end_of(client, "raises").fields
    status = client.call("job_get", job_id=failed["job_id"])
    assert status["state"] == "error"
    assert status["error"]["code"] == "MODEL_INFERENCE_FAILED"
    assert client.call("tracks_list")["total"] == tracks


def test_a_schedule_that_refuses_the_request_is_told_at_once(client: Client) -> None:
    with pytest.raises(Exception, match="kind is 'refuses'") as refusal:
        end_of(client, "refuses")
    assert refusal.type.__name__ == "InvalidOption"


@pytest.mark.parametrize("kind", ["no schedule", "bad schedule"])
def test_a_backend_without_a_sound_schedule_is_told_at_once(client: Client, kind: str) -> None:
    with pytest.raises(Exception, match="make_schedule") as refusal:
        end_of(client, kind)
    assert refusal.type.__name__ == "InferenceFailed"


def test_a_model_that_cannot_be_loaded_ends_the_job_and_is_tried_again_by_the_next(
    start_daemon: StartDaemon, install_backend: InstallBackend
) -> None:
    raising = 'raise OSError("no file " + model_dir.name)'
    install_backend("bad", BAD.replace('return {"dir": model_dir}', raising))
    client = start_daemon().client()
    client.call("subscribe", events=["backend_status"])
    for _attempt in range(2):
        job = client.call("generate", prompt="x", backend="bad", duration_sec=1)
        end = events_until_end(client, job["job_id"])[-1]
        assert end.fields["code"] == "MODEL_LOAD_FAILED"
        assert "no file bad" in end.fields["message"]
    assert {"name": "bad", "status": "ready"} in client.call("status")["backends"]


def test_a_loaded_model_is_shown_and_kept(client: Client) -> None:
    end_of(client, "good")
    assert client.call("status")["models_loaded"] == ["bad"]
    assert {"name": "bad", "status": "loaded"} in client.call("status")["backends"]
