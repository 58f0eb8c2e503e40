"""Does every wish end once, whoever cancels, leaves or breaks down?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import DaemonProcess, Gate
    from tests.nvim.core.conftest import OpenEditor
    from tests.nvim.core.driver import Editor


def held(gate: Gate, seconds: int = 3) -> dict[str, Any]:
    """A wish whose steps the test allows."""
    return {
        "prompt": "step by step",
        "backend": "stepped",
        "duration_sec": seconds,
        "seed": 7,
        "options": {"gate": str(gate.path)},
    }


@pytest.fixture
def pair(daemon: DaemonProcess, open_editor: OpenEditor) -> tuple[Editor, Editor]:
    """Two editors that share a daemon."""
    return open_editor(daemon.socket), open_editor(daemon.socket)


@pytest.fixture
def alone(daemon: DaemonProcess, open_editor: OpenEditor) -> Editor:
    return open_editor(daemon.socket)


def begun(editor: Editor, wish: dict[str, Any]) -> str:
    """Ask for a track, wait until it is being made, and answer its id."""
    editor.lua("test.record('generation_start')")
    editor.begin("made", "generate", wish)
    editor.wait("#test.events > 0")
    return str(editor.events("generation_start")[0]["track_id"])


def is_generating(editor: Editor) -> bool:
    return bool(editor.lua("return require('lofi').is_generating()"))


def current_track(editor: Editor) -> str | None:
    track: str | None = editor.lua("return require('lofi').current_track()")
    return track


def test_an_editor_knows_what_it_has_in_the_making(alone: Editor, gate: Gate) -> None:
    assert (is_generating(alone), current_track(alone)) == (False, None)
    alone.begin("made", "generate", held(gate))
    assert is_generating(alone)
    alone.wait("require('lofi').current_track()")
    gate.open(3)
    (answer,) = alone.answers("made")
    assert answer["result"]["duration_sec"] == 3
    assert (is_generating(alone), current_track(alone)) == (False, None)


def test_progress_is_told_and_never_falls(alone: Editor, gate: Gate) -> None:
    alone.lua("for _, name in ipairs({ 'progress', 'accepted' }) do test.record('generation_' .. name) end")
    gate.open(3)
    made = alone.call("generate", held(gate))["result"]
    (accepted,) = alone.events("generation_accepted")
    assert (accepted["prompt"], accepted["track_id"]) == ("step by step", made["track_id"])
    percents = [fields["percent"] for fields in alone.events("generation_progress")]
    assert percents == sorted(percents)
    assert percents[-1] <= 99


def test_two_wishes_for_one_track_are_both_answered_once(alone: Editor, gate: Gate) -> None:
    alone.begin("made", "generate", held(gate))
    alone.begin("made", "generate", held(gate))
    alone.wait("require('lofi').current_track()")
    gate.open(3)
    first, second = alone.answers("made", 2)
    assert first == second
    alone.call("status")
    assert len(alone.answers("made", 2)) == 2


def test_a_cancel_ends_a_wish_with_an_error_that_says_so(alone: Editor, gate: Gate) -> None:
    track = begun(alone, held(gate))
    alone.begin("cancelled", "cancel", None)
    gate.open(1)
    assert alone.answers("cancelled")[0]["result"] == {
        "cancelled": True,
        "was_generating": True,
        "track_id": track,
    }
    assert alone.answers("made")[0]["err"]["code"] == "CANCELLED"
    assert not is_generating(alone)


def test_a_cancel_of_nothing_is_an_error(alone: Editor) -> None:
    assert alone.call("cancel", None)["err"]["code"] == "UNKNOWN_JOB"
    assert alone.call("cancel", "0" * 32)["err"]["code"] in {"NO_DAEMON", "UNKNOWN_TRACK"}


def test_what_another_still_wants_is_cancelled_here_only(pair: tuple[Editor, Editor], gate: Gate) -> None:
    first, second = pair
    track = begun(first, held(gate))
    second.begin("made", "generate", held(gate))
    second.wait("require('lofi').current_track()")
    assert first.call("cancel", track)["result"]["cancelled"] is False
    assert first.answers("made")[0]["err"]["message"] == "the track was cancelled here; others still want it"
    gate.open(3)
    assert second.answers("made")[0]["result"]["track_id"] == track
    first.call("status")
    assert len(first.answers("made")) == 1


def test_two_editors_may_cancel_the_same_job(pair: tuple[Editor, Editor], gate: Gate) -> None:
    track = begun(pair[0], held(gate))
    pair[1].begin("made", "generate", held(gate))
    pair[1].wait("require('lofi').current_track()")
    for editor in pair:
        editor.begin("cancelled", "cancel", {"track_id": track, "force": True})
    gate.open(1)
    for editor in pair:
        assert len(editor.answers("cancelled")) == 1
        assert [answer["err"]["code"] for answer in editor.answers("made")] == ["CANCELLED"]


def test_anothers_job_is_told_to_those_who_asked_for_all(pair: tuple[Editor, Editor], gate: Gate) -> None:
    first, second = pair
    second.lua("test.record('generation_complete', { scope = 'all' })")
    second.lua("require('lofi').on('generation_complete', function() test.own = true end)")
    second.call("status")
    gate.open(3)
    made = first.call("generate", held(gate))["result"]
    second.wait("#test.events > 0")
    assert second.events("generation_complete")[0]["track_id"] == made["track_id"]
    assert second.lua("return test.own") is None
    assert not is_generating(second)


def test_the_end_of_the_daemon_ends_a_wish_with_its_reason(
    alone: Editor, daemon: DaemonProcess, gate: Gate
) -> None:
    begun(alone, held(gate))
    client = daemon.client()
    client.call("shutdown")
    gate.open(10)
    err = alone.answers("made")[0]["err"]
    assert err["code"] == "SHUTTING_DOWN"
    assert err["hint"] == "ask again, with seed = 7 for the same track"


def noted(home: Path) -> list[str]:
    """The ids of the jobs whose end no editor has seen."""
    return [file.stem for file in (home / "state").rglob("lofi/jobs/*.json")]


def test_no_note_is_left_of_a_job_whose_end_was_told(alone: Editor, gate: Gate, home: Path) -> None:
    begun(alone, held(gate))
    assert len(noted(home)) == 1
    gate.open(3)
    alone.answers("made")
    assert noted(home) == []


def test_a_job_goes_on_without_its_editor_and_is_told_to_the_next(
    alone: Editor, open_editor: OpenEditor, daemon: DaemonProcess, gate: Gate
) -> None:
    begun(alone, held(gate))
    alone.quit()
    client = daemon.client()
    client.call("subscribe")
    gate.open(3)
    made = wait_for(client, "generation_complete")
    following = open_editor(daemon.socket)
    following.call("status")
    following.wait("#test.told > 0")
    (told,) = following.lua("return test.told")
    assert told["text"] == f"“step by step”, asked for earlier, is made: {made.fields['path']}"
    assert noted(daemon.socket.parents[1]) == []


def test_a_job_that_still_runs_belongs_to_the_next_editor(
    alone: Editor, open_editor: OpenEditor, daemon: DaemonProcess, gate: Gate
) -> None:
    track = begun(alone, held(gate))
    alone.quit()
    following = open_editor(daemon.socket)
    following.lua("test.record('generation_complete')")
    following.call("status")
    following.wait("require('lofi').current_track()")
    assert current_track(following) == track
    gate.open(3)
    following.wait("#test.told > 0")
    assert "is made" in following.lua("return test.told")[0]["text"]
    assert following.events("generation_complete")[0]["track_id"] == track


def test_a_job_of_two_editors_that_are_gone_is_told_once(
    pair: tuple[Editor, Editor], open_editor: OpenEditor, daemon: DaemonProcess, gate: Gate, home: Path
) -> None:
    begun(pair[0], held(gate))
    pair[1].begin("made", "generate", held(gate))
    pair[1].wait("require('lofi').current_track()")
    assert len(noted(home)) == 2
    for editor in pair:
        editor.quit()
    following = open_editor(daemon.socket)
    following.call("status")
    following.wait("require('lofi').current_track()")
    gate.open(3)
    following.wait("#test.told > 0")
    following.call("status")
    assert len(following.lua("return test.told")) == 1
    assert noted(home) == []


def test_the_job_of_an_editor_that_runs_stays_with_it(pair: tuple[Editor, Editor], gate: Gate) -> None:
    begun(pair[0], held(gate))
    pair[1].call("status")
    pair[1].call("status")
    assert not is_generating(pair[1])
    gate.open(3)
    assert "result" in pair[0].answers("made")[0]


def test_a_job_that_ended_with_its_daemon_is_told_as_lost(
    open_editor: OpenEditor, daemon: DaemonProcess, home: Path
) -> None:
    note = {
        "job_id": "f" * 16,
        "track_id": "f" * 32,
        "prompt": "long ago",
        "seed": 9,
        "socket": str(daemon.socket),
        "pid": 2**22 + 1,
        "asked_at": 4e9,
    }
    jobs = home / "state" / "nvim" / "lofi" / "jobs"
    jobs.mkdir(parents=True)
    (jobs / f"{note['job_id']}.json").write_text(json.dumps(note))
    (jobs / "half.json").write_text('{"job_id": "ha')
    following = open_editor(daemon.socket)
    following.call("status")
    following.wait("#test.told > 0")
    (told,) = following.lua("return test.told")
    assert told["text"].startswith(
        "“long ago”, asked for earlier: the daemon ended before the track was done"
    )
    assert "seed = 9" in told["text"]
    assert noted(home) == ["half"]
