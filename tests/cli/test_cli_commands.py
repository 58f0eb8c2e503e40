"""Does each command ask for the right thing and show the answer, to people and to programs?"""

import json
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.cli.scripted import ScriptedDaemon

TRACK_ID = "27380a46aa2445365a44c1e001dd040b"

STATUS: dict[str, Any] = {
    "version": "0.1.0",
    "pid": 4711,
    "uptime_sec": 125.4,
    "socket": "/run/s",
    "clients": 2,
    "running": [
        {"track_id": TRACK_ID, "job_id": "j1", "prompt": "rain \x1b[31m", "percent": 45, "eta_sec": 3.2}
    ],
    "queue": {"length": 2, "capacity": 10, "paused": 1},
    "playback": {
        "state": "paused",
        "track_id": TRACK_ID,
        "position_sec": 75.2,
        "duration_sec": 120.0,
        "volume": 0.4,
    },
    "backends": [{"name": "procedural", "status": "ready"}],
    "models_loaded": ["musicgen"],
    "models": [{"backend": "musicgen", "resident_bytes": 600_000_000, "pid": 4712}],
    "tracks": {"count": 12, "bytes": 34_500_000},
    "rss_bytes": 60_000_000,
}
QUEUE: dict[str, Any] = {
    "running": [{"track_id": TRACK_ID, "job_id": "j1", "prompt": "first", "percent": 45, "eta_sec": None}],
    "pending": [
        {"track_id": TRACK_ID, "job_id": "j2", "prompt": "second", "position": 1, "priority": "high"}
    ],
    "paused": [{"track_id": TRACK_ID, "job_id": "j3", "prompt": "third", "percent": 10, "eta_sec": 9.0}],
}
BACKENDS: dict[str, Any] = {
    "default_backend": "procedural",
    "backends": [
        {
            "type": "procedural",
            "name": "Procedural",
            "status": "ready",
            "error": None,
            "min_duration_sec": 5.0,
            "max_duration_sec": 600.0,
            "sample_rate": 48000,
            "channels": 2,
            "model_version": "1",
            "streaming": True,
            "options": {"properties": {"tempo": {"type": "number"}}},
            "licence": None,
            "package": "lofi-core",
            "package_version": "0.1.0",
        },
        dict.fromkeys(
            (
                "name",
                "min_duration_sec",
                "max_duration_sec",
                "sample_rate",
                "channels",
                "options",
                "package",
                "package_version",
            )
        )
        | {"type": "broken", "status": "error", "error": "ImportError: no module 'x'"},
    ],
}
REMOVED: dict[str, Any] = {
    "variant": "small",
    "removed": ["/m/small/a"],
    "kept": ["/m/small/b"],
    "freed_bytes": 5_000_000,
}
TRACK: dict[str, Any] = {
    "track_id": TRACK_ID,
    "path": "/data/tracks/27/x.flac",
    "prompt": "rainy night",
    "title": "Rain",
    "duration_sec": 60.0,
    "sample_rate": 48000,
    "channels": 2,
    "format": "flac",
    "size_bytes": 9_900_000,
    "seed": 7,
    "backend": "procedural",
    "model_version": "1",
    "options": {"swing": 0.5, "tempo": None},
    "loudness_lufs": -14.0,
    "true_peak_dbtp": -1.2,
    "generation_time_sec": 1.9,
    "created_at": "2026-01-02T03:04:05.678Z",
    "favourite": True,
    "recipe": {},
}


@pytest.mark.parametrize(
    ("method", "answer", "arguments"),
    [
        ("status", STATUS, ["status"]),
        ("queue_status", QUEUE, ["queue"]),
        ("queue_clear", {"cancelled": 2}, ["queue", "--clear"]),
        ("job_pause", {"state": "paused"}, ["queue", "--pause", "j1"]),
        ("job_resume", {"state": "queued"}, ["queue", "--resume", "j1"]),
        ("cancel", {"cancelled": True, "was_generating": True, "track_id": TRACK_ID}, ["cancel", "j1"]),
        ("get_backends", BACKENDS, ["backends"]),
        ("remove_model", REMOVED, ["rm", "musicgen:small"]),
        ("tracks_list", {"tracks": [TRACK], "total": 1}, ["tracks", "list"]),
        ("tracks_get", TRACK, ["tracks", "show", TRACK_ID]),
        ("tracks_delete", {"deleted": True}, ["tracks", "rm", TRACK_ID]),
        ("tracks_update", TRACK, ["tracks", "fav", TRACK_ID]),
        ("tracks_export", {"path": "/x/a.wav", "size_bytes": 3}, ["tracks", "export", TRACK_ID, "a.wav"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_with_json_a_command_prints_the_methods_result_as_it_is(
    run: Run, scripted: ScriptedDaemon, method: str, answer: dict[str, Any], arguments: list[str]
) -> None:
    scripted.answers["tracks_get"] = TRACK
    scripted.answers[method] = answer
    exit_status, out, err = run(*arguments, "--json")
    assert (exit_status, err) == (0, "")
    assert json.loads(out) == answer
    assert out.isascii()


def test_status_tells_the_daemon_at_a_glance(run: Run, scripted: ScriptedDaemon) -> None:
    scripted.answers["status"] = STATUS
    assert run("status").out.splitlines() == [
        "daemon    lofi-core 0.1.0, pid 4711, up 2 min 5 s",
        "socket    /run/s",
        "running   45 %, 3 s left: rain \\x1b[31m",
        f"playing   track {TRACK_ID}, 1:15 of 2:00, paused, volume 40%",
        "queue     2 of 10, 1 paused",
        "backends  procedural (ready)",
        "loaded    musicgen",
        "tracks    12, 34.5 MB",
        "memory    60.0 MB, and musicgen 600.0 MB in its own process",
        "clients   2",
    ]


def test_queue_lists_running_paused_and_waiting_jobs(run: Run, scripted: ScriptedDaemon) -> None:
    scripted.answers["queue_status"] = QUEUE
    lines = [line.split() for line in run("queue").out.splitlines()[2:]]
    assert lines == [
        ["j1", "45", "%", "first"],
        ["j3", "paused", "at", "10", "%", "third"],
        ["j2", "waits,", "1.,", "high", "second"],
    ]


def test_an_empty_queue_says_so(run: Run, scripted: ScriptedDaemon) -> None:
    scripted.answers["queue_status"] = {"running": [], "pending": [], "paused": []}
    assert run("queue").out == "nothing runs, and nothing waits\n"


@pytest.mark.parametrize(
    ("method", "answer", "arguments", "told"),
    [
        ("queue_clear", {"cancelled": 2}, ["--clear"], "2 waiting jobs cancelled"),
        ("queue_clear", {"cancelled": 1}, ["--clear"], "1 waiting job cancelled"),
        ("job_pause", {"state": "paused"}, ["--pause", "j1"], "job j1 is paused"),
        ("job_resume", {"state": "queued"}, ["--resume", "j1"], "job j1 is queued"),
    ],
)
def test_queue_changes_jobs(
    run: Run, scripted: ScriptedDaemon, method: str, answer: object, arguments: list[str], told: str
) -> None:
    scripted.answers[method] = answer
    assert run("queue", *arguments) == (0, told + "\n", "")


def test_queue_does_one_thing_at_a_time(run: Run) -> None:
    assert run("queue", "--clear", "--pause", "j1").exit_status == 2


def test_cancel_takes_a_job_or_a_track(run: Run, scripted: ScriptedDaemon) -> None:
    scripted.answers["cancel"] = {"cancelled": True, "was_generating": False, "track_id": TRACK_ID}
    assert run("cancel", "4711") == (0, f"cancelled {TRACK_ID}\n", "")
    run("cancel", TRACK_ID, "--force")
    assert scripted.requests == [
        ("cancel", {"job_id": "4711", "force": False}),
        ("cancel", {"track_id": TRACK_ID, "force": True}),
    ]


def test_cancel_hints_at_force_when_others_want_the_track(run: Run, scripted: ScriptedDaemon) -> None:
    scripted.answers["cancel"] = {"cancelled": False, "was_generating": True, "track_id": TRACK_ID}
    exit_status, out, err = run("cancel", "4711")
    assert (exit_status, out) == (1, "")
    assert err.startswith("NOT_CANCELLED: ")
    assert "--force" in err


def test_backends_shows_broken_ones_with_their_error(run: Run, scripted: ScriptedDaemon) -> None:
    scripted.answers["get_backends"] = BACKENDS
    out = run("backends").out
    assert "procedural *   ready    5 to 600 s, 48 kHz stereo   tempo     lofi-core 0.1.0" in out
    assert "broken: ImportError: no module 'x'" in out


MODELS: dict[str, Any] = {
    "default_backend": "procedural",
    "backends": [
        BACKENDS["backends"][0]
        | {
            "type": "musicgen",
            "variant": "small",
            "variants": [
                {
                    "name": name,
                    "title": None,
                    "licence": "CC-BY-NC 4.0",
                    "status": status,
                    "size_bytes": size_bytes,
                    "bytes_on_disk": here,
                    "directory": f"/m/{name}",
                    "fetchable": name != "exported",
                }
                for name, status, size_bytes, here in [
                    ("small", "installed", 2_400_000_000, 2_400_000_000),
                    ("medium", "downloading", 8_000_000_000, 1_000_000_000),
                    ("large", "partial", None, 5_000_000),
                    ("stereo", "not_installed", None, 0),
                    ("exported", "not_installed", None, 0),
                ]
            ],
        }
    ],
}


def test_backends_shows_which_model_files_are_here(run: Run, scripted: ScriptedDaemon) -> None:
    scripted.answers["get_backends"] = MODELS
    lines = [line.split() for line in run("backends").out.splitlines()]
    assert ["musicgen:small", "2.4", "GB", "in", "/m/small", "(in", "use)", "CC-BY-NC", "4.0"] in lines
    medium = ["musicgen:medium", "8.0", "GB", "downloading,", "1.0", "GB", "so", "far"]
    assert [*medium, "CC-BY-NC", "4.0"] in lines
    assert ["musicgen:large", "5.0", "MB", "of", "it", "CC-BY-NC", "4.0"] in lines
    assert ["musicgen:stereo", "CC-BY-NC", "4.0"] in lines
    assert "musicgen:exported" not in [word for line in lines for word in line]


def test_a_daemon_from_before_an_update_that_tells_less_of_variants_is_understood(
    run: Run, scripted: ScriptedDaemon
) -> None:
    (backend,) = MODELS["backends"]
    told = [
        {name: value for name, value in one.items() if name != "fetchable"} for one in backend["variants"]
    ]
    scripted.answers["get_backends"] = MODELS | {"backends": [backend | {"variants": told}]}
    assert "musicgen:stereo" in run("backends").out


def test_rm_tells_what_it_kept(run: Run, scripted: ScriptedDaemon) -> None:
    scripted.answers["remove_model"] = REMOVED
    out = run("rm", "musicgen:small", "--force").out
    assert scripted.requests == [("remove_model", {"backend": "musicgen", "variant": "small", "force": True})]
    assert out.splitlines() == [
        "removed 1 file, 5.0 MB",
        "kept /m/small/b: no download put it there (--force removes it)",
    ]


def test_tracks_list_asks_for_a_page(run: Run, scripted: ScriptedDaemon) -> None:
    scripted.answers["tracks_list"] = {"tracks": [TRACK], "total": 30}
    out = run("tracks", "list", "-n", "1", "--offset", "4", "-q", "rain", "--favourite").out
    assert scripted.requests == [
        ("tracks_list", {"limit": 1, "offset": 4, "query": "rain", "favourite": True})
    ]
    assert out.splitlines()[2].split() == [TRACK_ID, "*", "60.0", "s", "Rain"]
    assert out.splitlines()[-1] == "1 of 30"


def test_tracks_list_says_when_there_are_none(run: Run, scripted: ScriptedDaemon) -> None:
    scripted.answers["tracks_list"] = {"tracks": [], "total": 0}
    assert run("tracks", "list").out == "no tracks\n"


def test_tracks_show_tells_how_a_track_was_made(run: Run, scripted: ScriptedDaemon) -> None:
    scripted.answers["tracks_get"] = TRACK
    out = run("tracks", "show", TRACK_ID).out
    for told in (
        "rainy night",
        "48 kHz stereo, flac, 9.9 MB",
        "-14.0 LUFS",
        "-1.2 dBTP",
        "7",
        "swing",
        "in 1.9 s",
    ):
        assert told in out
    assert "tempo" not in out  # nobody set it, and the backend chose


def test_tracks_export_names_a_file_in_a_directory_after_the_track(
    run: Run, scripted: ScriptedDaemon
) -> None:
    scripted.answers["tracks_get"] = TRACK
    scripted.answers["tracks_export"] = lambda fields: {"path": fields["path"], "size_bytes": 1200}
    out = run("tracks", "export", TRACK_ID, ".", "--format", "mp3").out
    assert out.endswith("/rain.mp3 (1.2 kB)\n")


def test_tracks_fav_sets_and_takes_away_the_mark(run: Run, scripted: ScriptedDaemon) -> None:
    scripted.answers["tracks_update"] = lambda fields: TRACK | {"favourite": fields["favourite"]}
    assert run("tracks", "fav", TRACK_ID).out == f"{TRACK_ID} is a favourite\n"
    assert run("tracks", "fav", TRACK_ID, "--off").out == f"{TRACK_ID} is no favourite\n"


def test_tracks_rm_deletes(run: Run, scripted: ScriptedDaemon) -> None:
    scripted.answers["tracks_delete"] = {"deleted": True}
    assert run("tracks", "rm", TRACK_ID).out == f"deleted {TRACK_ID}\n"


def test_config_show_tells_every_value_and_its_source(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOFI_QUEUE_CAPACITY", "4")
    values = json.loads(run("config", "show", "--json").out)
    assert values["queue_capacity"] == {"value": 4, "source": "LOFI_QUEUE_CAPACITY"}
    assert "queue_capacity 4 LOFI_QUEUE_CAPACITY" in " ".join(run("config", "show").out.split())


def test_config_path_names_the_file(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOFI_CONFIG", "/x/c.toml")
    assert run("config", "show").exit_status == 1
    assert run("config", "path") == (0, "/x/c.toml\n", "")


def test_a_second_daemon_is_refused_with_the_pid_and_socket_of_the_first(
    run: Run, scripted: ScriptedDaemon
) -> None:
    scripted.answers["hello"] = {"pid": 4711}
    exit_status, _, err = run("serve", "--detach")
    assert exit_status == 1
    assert f": a lofi-core daemon (pid 4711) already serves {scripted.path}\n" in err
