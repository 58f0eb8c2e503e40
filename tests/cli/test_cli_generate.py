"""Does `generate` ask rightly, show what happens, and end as it should?"""

import json
from pathlib import Path
from typing import Any

import pytest

from lofi_core.errors import QueueFull
from tests.cli.conftest import Run
from tests.cli.scripted import ScriptedDaemon

HUGE = "9" * 30
TRACK_ID = "27380a46aa2445365a44c1e001dd040b"
OF_JOB = {"track_id": TRACK_ID, "job_id": "j1"}
ACCEPTED = OF_JOB | {"status": "queued", "position": 0, "seed": 7, "backend": "procedural"}
START = OF_JOB | {"prompt": "rain", "duration_sec": 60.0, "seed": 7, "backend": "procedural"}
COMPLETE = OF_JOB | {
    "path": "/data/x.flac",
    "duration_sec": 60.0,
    "sample_rate": 48000,
    "channels": 2,
    "prompt": "rain",
    "seed": 7,
    "backend": "procedural",
    "model_version": "1",
    "generation_time_sec": 1.91,
    "cached": False,
}


def _progress(stage: str, percent: int) -> tuple[str, dict[str, Any]]:
    fields = {"stage": stage, "percent": percent, "current_step": 1, "total_steps": 9, "eta_sec": 2.0}
    return "generation_progress", OF_JOB | fields


@pytest.fixture
def generating(scripted: ScriptedDaemon) -> ScriptedDaemon:
    """A daemon that makes any track at once."""
    scripted.answers["generate"] = ACCEPTED
    scripted.answers["get_backends"] = {
        "default_backend": "procedural",
        "backends": [
            {
                "type": "procedural",
                "sample_rate": 44100,
                "options": {"properties": {"tempo": {"type": "number"}, "key": {"type": "string"}}},
            }
        ],
    }
    scripted.answers["tracks_export"] = lambda fields: {"path": fields["path"], "size_bytes": 10}
    scripted.events["generate"] = [("generation_start", START), ("generation_complete", COMPLETE)]
    return scripted


def _request(daemon: ScriptedDaemon) -> dict[str, Any]:
    return next(fields for method, fields in daemon.requests if method == "generate")


def test_the_end_tells_path_length_time_and_seed(run: Run, generating: ScriptedDaemon) -> None:
    exit_status, out, _ = run("generate", "rain")
    assert exit_status == 0
    assert out == f"/data/x.flac\n60.0 s of music in 1.9 s, seed 7, procedural, track {TRACK_ID}\n"


def test_a_track_from_the_cache_says_so(run: Run, generating: ScriptedDaemon) -> None:
    generating.answers["generate"] = {name: ACCEPTED[name] for name in ACCEPTED if name != "job_id"} | {
        "status": "cached"
    }
    generating.events["generate"] = [("generation_complete", COMPLETE | {"cached": True})]
    assert "60.0 s of music from the cache, seed 7" in run("generate", "rain").out


def test_json_is_the_fields_of_generation_complete(run: Run, generating: ScriptedDaemon) -> None:
    exit_status, out, err = run("generate", "rain", "--json")
    assert (exit_status, err) == (0, "")
    assert json.loads(out) == COMPLETE


def test_only_what_was_said_is_sent(run: Run, generating: ScriptedDaemon) -> None:
    run("generate", "rain")
    assert _request(generating) == {"prompt": "rain", "priority": "normal", "cache": True}


def test_every_option_reaches_the_daemon(run: Run, generating: ScriptedDaemon) -> None:
    plain = "-d 60 -b procedural --seed 7 --title T --priority high --no-cache"
    of_backend = "--steps 20 --scheduler heun --guidance 3.5 -O tempo=75 -O key=1"
    run("generate", "rain", *plain.split(), *of_backend.split())
    assert _request(generating) == {
        "prompt": "rain",
        "duration_sec": 60.0,
        "backend": "procedural",
        "seed": 7,
        "title": "T",
        "priority": "high",
        "cache": False,
        "inference_steps": 20,
        "scheduler": "heun",
        "guidance_scale": 3.5,
        "options": {"tempo": 75, "key": "1"},
    }


def test_progress_is_plain_lines_where_there_is_no_terminal(run: Run, generating: ScriptedDaemon) -> None:
    generating.answers["generate"] = ACCEPTED | {"status": "queued", "position": 1}
    generating.events["generate"] = [
        ("generation_queued", OF_JOB | {"position": 1}),
        ("generation_start", START),
        _progress("render", 0),
        _progress("render", 1),
        ("generation_paused", OF_JOB),
        ("generation_resumed", OF_JOB),
        _progress("render", 60),
        _progress("write \x1b[2J", 99),
        ("generation_complete", COMPLETE),
    ]
    assert run("generate", "rain").err.splitlines() == [
        "waiting, 1. in the queue",
        "generating with procedural",
        "render: 0 %, 2 s left",
        "paused",
        "resumed",
        "render: 60 %, 2 s left",
        "write \\x1b[2J: 99 %, 2 s left",
    ]


def test_events_of_other_tracks_are_passed_over(run: Run, generating: ScriptedDaemon) -> None:
    generating.events["generate"].insert(
        0, ("generation_complete", COMPLETE | {"track_id": "other", "path": "/no"})
    )
    assert run("generate", "rain").out.startswith("/data/x.flac\n")


def test_an_output_is_exported_to_an_absolute_path(
    run: Run, generating: ScriptedDaemon, environ: Path
) -> None:
    out = run("generate", "rain", "-o", "a.flac").out
    assert out.startswith(f"{environ.resolve() / 'a.flac'}\n")
    assert generating.requests[-1] == (
        "tracks_export",
        {
            "track_id": TRACK_ID,
            "path": str(environ.resolve() / "a.flac"),
            "format": "flac",
            "overwrite": False,
        },
    )


def test_json_tells_of_the_export_too(run: Run, generating: ScriptedDaemon, environ: Path) -> None:
    out = json.loads(run("generate", "rain", "-o", "a.flac", "--json").out)
    assert out == COMPLETE | {"exported": {"path": str(environ.resolve() / "a.flac"), "size_bytes": 10}}


def test_an_output_that_is_there_is_refused_before_any_work(run: Run, generating: ScriptedDaemon) -> None:
    Path("a.flac").write_text("precious")
    exit_status, _, err = run("generate", "rain", "-o", "a.flac")
    assert exit_status == 1
    assert "is there already" in err
    assert "--force" in err
    assert generating.requests == []


def test_force_replaces_an_output(run: Run, generating: ScriptedDaemon) -> None:
    Path("a.flac").write_text("old")
    assert run("generate", "rain", "-o", "a.flac", "--force").exit_status == 0
    assert generating.requests[-1][1]["overwrite"] is True


def test_a_format_that_cannot_hold_the_backends_sound_is_refused_before_any_work(
    run: Run, generating: ScriptedDaemon
) -> None:
    exit_status, _, err = run("generate", "rain", "-o", "a.opus")
    assert exit_status == 1
    assert "opus cannot hold 44100 Hz" in err
    assert [method for method, _ in generating.requests] == ["get_backends"]


def test_force_without_an_output_is_bad_usage(run: Run) -> None:
    assert run("generate", "rain", "--force").exit_status == 2
    assert run("generate", "rain", "--format", "mp3").exit_status == 2


def test_a_refused_request_exits_1(run: Run, scripted: ScriptedDaemon) -> None:
    scripted.answers["generate"] = QueueFull("10 jobs wait, and the queue takes 10", "try again later")
    assert run("generate", "rain") == (
        1,
        "",
        "QUEUE_FULL: 10 jobs wait, and the queue takes 10\nhint: try again later\n",
    )


def test_a_failed_job_exits_1_with_its_code(run: Run, generating: ScriptedDaemon) -> None:
    failure = OF_JOB | {"code": "MODEL_INFERENCE_FAILED", "message": "NaN in the audio", "hint": "report it"}
    generating.events["generate"] = [("generation_error", failure)]
    assert run("generate", "rain") == (1, "", "MODEL_INFERENCE_FAILED: NaN in the audio\nhint: report it\n")


def test_a_job_that_somebody_else_cancels_exits_1(run: Run, generating: ScriptedDaemon) -> None:
    generating.events["generate"] = [("generation_cancelled", OF_JOB | {"at_step": 1, "total_steps": 9})]
    exit_status, _, err = run("generate", "rain")
    assert exit_status == 1
    assert err.startswith("CANCELLED: another client ended the job")


def test_a_daemon_that_vanishes_exits_3_and_tells_the_seed(run: Run, generating: ScriptedDaemon) -> None:
    generating.events["generate"] = [("generation_start", START), ("hangup", {})]
    exit_status, _, err = run("generate", "rain")
    assert exit_status == 3
    assert "NO_DAEMON: the connection to the daemon broke before the track was done" in err
    assert "--seed 7" in err


def test_a_daemon_that_shuts_down_exits_3_and_tells_the_reason(run: Run, generating: ScriptedDaemon) -> None:
    cancelled = ("generation_cancelled", OF_JOB | {"at_step": 1, "total_steps": 9})
    generating.events["generate"] = [("shutting_down", {"reason": "SIGTERM"}), cancelled]
    exit_status, _, err = run("generate", "rain")
    assert exit_status == 3
    assert "NO_DAEMON: the daemon ended (SIGTERM) before the track was done" in err
    assert "\nhint: ask again with --seed 7\n" in err  # it was cancelled: nobody makes it


@pytest.mark.parametrize("where", ["the daemon", "this process"])
@pytest.mark.parametrize(
    ("arguments", "name"),
    [(["--seed", HUGE], "seed"), (["--steps", HUGE], "inference_steps"), (["-O", f"tempo={HUGE}"], "tempo")],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_number_that_no_message_can_carry_is_refused_by_name(
    run: Run, generating: ScriptedDaemon, where: str, arguments: list[str], name: str
) -> None:
    here = ["--no-daemon"] if where == "this process" else []
    exit_status, _, err = run("generate", "rain", *arguments, *here)
    assert exit_status == 1
    assert err == (
        f"INVALID_PARAMS: {name} is {HUGE}, a number too large to be sent\n"
        "hint: whole numbers go from -2^63 to 2^64-1\n"
    )


def test_a_prompt_that_is_no_utf8_is_refused(run: Run, generating: ScriptedDaemon) -> None:
    exit_status, _, err = run("generate", "\udcff")
    assert exit_status == 1
    assert "INVALID_PARAMS: this is no UTF-8 text" in err
