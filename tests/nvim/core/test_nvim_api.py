"""What can be asked of the daemon from Lua, and does each question get exactly one answer?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.nvim.core.scripted import response

if TYPE_CHECKING:
    from tests.nvim.core.driver import Editor
    from tests.nvim.core.scripted import ScriptedDaemon


def test_a_sentence_becomes_a_track(editor: Editor) -> None:
    editor.begin("made", "generate", {"prompt": "lofi beats", "duration_sec": 5, "seed": 3})
    (answer,) = editor.answers("made")
    assert "err" not in answer
    assert answer["result"]["prompt"] == "lofi beats"
    assert Path(answer["result"]["path"]).stat().st_size > 0


def test_a_track_that_is_there_is_answered_too(editor: Editor) -> None:
    wish = {"prompt": "again and again", "duration_sec": 5, "seed": 1}
    made = editor.call("generate", wish)["result"]
    again = editor.call("generate", wish)["result"]
    assert (made["cached"], again["cached"]) == (False, True)
    assert made["track_id"] == again["track_id"]


def test_a_prompt_alone_will_do(editor: Editor) -> None:
    editor.lua("require('lofi').setup({ duration_sec = 5, backend = 'sine' })")
    made = editor.call("generate", "a tone")["result"]
    assert (made["prompt"], made["duration_sec"], made["backend"]) == ("a tone", 5, "sine")


def test_the_daemon_says_what_is_wrong_with_a_wish(editor: Editor) -> None:
    err = editor.call("generate", {"prompt": "x", "backend": "sine", "duration_sec": 0.5})["err"]
    assert err == {
        "code": "INVALID_DURATION",
        "message": "duration_sec is 0.5; sine makes 1 to 600 seconds",
        "hint": "ask for 1 to 600",
    }


def test_nothing_runs_before_it_is_used(editor: Editor) -> None:
    editor.lua("require('lofi').setup({})")
    loaded = "vim.tbl_filter(function(n) return vim.startswith(n, 'lofi') end, vim.tbl_keys(package.loaded))"
    assert set(editor.lua(f"return {loaded}")) == {"lofi", "lofi.config"}


def test_null_is_absent_in_what_users_get(editor: Editor) -> None:
    backends = editor.call("get_backends")["result"]["backends"]
    sine = next(backend for backend in backends if backend["type"] == "sine")
    assert "licence" not in sine
    assert "error" not in sine


def test_the_player_is_driven_from_lua(editor: Editor) -> None:
    editor.lua("test.record('playback_started'); test.record('playback_ended')")
    track = editor.call("generate", {"prompt": "to hear", "backend": "sine", "duration_sec": 30, "seed": 1})
    track_id = track["result"]["track_id"]
    assert editor.call("play", track_id)["result"]["track_id"] == track_id
    editor.wait("#test.events > 0")
    assert editor.call("pause")["result"]["state"] == "paused"
    assert editor.call("toggle")["result"]["state"] == "playing"
    assert "err" not in editor.call("skip")
    editor.wait("vim.iter(test.events):any(function(e) return e[1] == 'playback_ended' end)")
    assert [fields["reason"] for fields in editor.events("playback_ended")] == ["skipped"]
    assert editor.call("play", None)["result"]["track_id"] == track_id
    assert editor.call("stop")["result"]["state"] == "stopped"


def test_the_volume_is_asked_and_set(editor: Editor) -> None:
    assert editor.call("volume", 0.25)["result"] == {"level": 0.25}
    assert editor.call("volume", None)["result"] == {"level": 0.25}
    assert editor.call("volume", 2)["err"]["code"] == "INVALID_PARAMS"


def test_the_library_comes_in_pages(editor: Editor) -> None:
    for seed in range(3):
        editor.call("generate", {"prompt": "page me", "backend": "sine", "duration_sec": 1, "seed": seed})
    page = editor.call("tracks", {"limit": 2, "query": "page me"})["result"]
    assert (len(page["tracks"]), page["total"]) == (2, 3)
    assert editor.call("tracks", None)["result"]["total"] >= 3


@pytest.mark.parametrize("function", ["tracks", "volume", "play", "cancel"])
def test_what_comes_before_the_callback_may_be_left_out(editor: Editor, function: str) -> None:
    (without,) = editor.call(function).values()
    (with_nothing,) = editor.call(function, None).values()
    assert without == with_nothing


def test_an_option_of_the_wrong_type_is_named_by_the_daemon(editor: Editor) -> None:
    wish = {"prompt": "x", "backend": "procedural", "duration_sec": "long"}
    err = editor.call("generate", wish)["err"]
    assert err["code"].startswith("INVALID_")
    assert "duration_sec" in err["message"]


def test_a_wish_that_is_no_table_is_refused(editor: Editor) -> None:
    err = editor.call("generate", 7)["err"]
    assert "prompt" in err["message"]


def test_a_refusal_that_nobody_waits_for_is_told(editor: Editor) -> None:
    editor.lua("require('lofi').generate({ prompt = '' })")
    editor.wait("#test.told > 0")
    (told,) = editor.lua("return test.told")
    assert told["text"].startswith("the prompt is empty")


def test_empty_options_are_a_map_to_the_daemon(editor: Editor) -> None:
    wish = {"prompt": "empty", "backend": "sine", "duration_sec": 1, "options": []}
    assert editor.call("generate", wish)["result"]["prompt"] == "empty"


# The radio as the wire has it: which request each way of asking becomes.
ASKED = [
    (None, ["radio_start"], {}),
    ("stop", ["radio_stop"], {}),
    ("like", ["radio_like"], {}),
    ("focus", ["radio_presets", "radio_start"], {"preset": "focus"}),
    ("soft rain", ["radio_presets", "radio_start"], {"prompts": ["soft rain"]}),
    (["rain", "wind"], ["radio_start"], {"prompts": ["rain", "wind"]}),
    ({"preset": "focus", "sleep_min": 30}, ["radio_start"], {"preset": "focus", "sleep_min": 30}),
]


@pytest.mark.parametrize(("what", "methods", "params"), ASKED)
def test_the_radio_is_asked_in_many_ways(
    scripted: ScriptedDaemon, caller: Editor, what: Any, methods: list[str], params: dict[str, Any]
) -> None:
    for method in ("radio_start", "radio_stop", "radio_like"):
        scripted.answers[method] = lambda msgid, _: response(msgid, {"state": "playing"})
    scripted.answers["radio_presets"] = lambda msgid, _: response(msgid, {"presets": [{"name": "focus"}]})
    assert caller.call("radio", what)["result"] == {"state": "playing"}
    asked = [(method, sent) for _, method, sent in scripted.requests if method.startswith("radio_")]
    assert [method for method, _ in asked] == methods
    assert asked[-1][1] == [params or []]
