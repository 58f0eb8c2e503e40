"""What becomes of a job while its connection is broken and its daemon lives?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.nvim.core.scripted import event, refusal, response

if TYPE_CHECKING:
    from tests.nvim.core.driver import Editor
    from tests.nvim.core.scripted import ScriptedDaemon

ACCEPTED = {"track_id": "t", "job_id": "j", "status": "queued", "position": 0, "seed": 3, "backend": "x"}
TRACK = {
    "track_id": "t",
    "path": "/t.flac",
    "prompt": "p",
    "duration_sec": 5,
    "sample_rate": 48000,
    "channels": 2,
    "seed": 3,
    "backend": "x",
    "model_version": "1",
    "generation_time_sec": 1.5,
    "title": None,
}


@pytest.fixture
def broken(scripted: ScriptedDaemon, caller: Editor) -> Editor:
    """An editor whose connection is about to break under its job."""
    scripted.answers["generate"] = lambda msgid, _: response(msgid, ACCEPTED)
    caller.begin("made", "generate", {"prompt": "p"})
    caller.wait("require('lofi').current_track()")
    return caller


def job(state: str, **more: Any) -> dict[str, Any]:
    return {"job_id": "j", "track_id": "t", "state": state, "percent": 0, "eta_sec": None, **more}


def test_what_was_made_during_an_outage_is_told_after_it(scripted: ScriptedDaemon, broken: Editor) -> None:
    scripted.answers["job_get"] = lambda msgid, _: response(msgid, job("complete"))
    scripted.answers["tracks_get"] = lambda msgid, _: response(msgid, TRACK)
    scripted.hang_up()
    track = broken.answers("made")[0]["result"]
    assert track == {**{key: TRACK[key] for key in TRACK if key != "title"}, "job_id": "j", "cached": False}


def test_a_track_that_is_told_twice_is_answered_once(scripted: ScriptedDaemon, broken: Editor) -> None:
    broken.lua("test.record('generation_complete')")
    scripted.answers["job_get"] = lambda msgid, _: response(msgid, job("complete"))
    complete = event("generation_complete", **TRACK, cached=False)
    scripted.answers["tracks_get"] = lambda msgid, _: complete + response(msgid, TRACK)
    scripted.hang_up()
    broken.answers("made")
    broken.call("request", "ping", {})
    assert len(broken.answers("made")) == 1
    assert len(broken.events("generation_complete")) == 1


def test_a_failure_during_an_outage_is_told_after_it(scripted: ScriptedDaemon, broken: Editor) -> None:
    error = {"code": "MODEL_LOAD_FAILED", "message": "no", "hint": "try"}
    scripted.answers["job_get"] = lambda msgid, _: response(msgid, job("error", error=error))
    scripted.hang_up()
    assert broken.answers("made")[0]["err"] == error


def test_a_job_that_the_daemon_forgot_is_lost(scripted: ScriptedDaemon, broken: Editor) -> None:
    scripted.answers["job_get"] = lambda msgid, _: refusal(msgid, "UNKNOWN_JOB: no job 'j'")
    scripted.hang_up()
    err = broken.answers("made")[0]["err"]
    assert (err["code"], err["hint"]) == ("JOB_LOST", "ask again, with seed = 3 for the same track")


def test_a_job_that_runs_on_is_waited_for(scripted: ScriptedDaemon, broken: Editor) -> None:
    scripted.answers["job_get"] = lambda msgid, _: response(msgid, job("running"))
    scripted.hang_up()
    broken.wait("#test.events == 4")
    scripted.send(event("generation_complete", **TRACK, cached=False))
    assert broken.answers("made")[0]["result"]["path"] == "/t.flac"


def test_a_download_is_answered_when_the_files_are_there(scripted: ScriptedDaemon, caller: Editor) -> None:
    answer = {"started": True, "already_installed": False, "variant": "small", "licence": None}
    complete = event("download_complete", backend="musicgen", variant="small", directory="/m")
    scripted.answers["download_backend"] = lambda msgid, _: response(msgid, answer) + complete
    result = caller.call("download", "musicgen")["result"]
    assert result == {"backend": "musicgen", "variant": "small", "directory": "/m"}


def test_a_download_whose_connection_breaks_is_an_error(scripted: ScriptedDaemon, caller: Editor) -> None:
    answer = {"started": True, "already_installed": False, "variant": "small", "licence": None}
    scripted.answers["download_backend"] = lambda msgid, _: response(msgid, answer)
    caller.begin("got", "download", "musicgen")
    caller.call("request", "ping", {})
    scripted.hang_up()
    assert caller.answers("got")[0]["err"]["code"] == "CONNECTION_LOST"
