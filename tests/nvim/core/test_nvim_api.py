"""What can be asked of the daemon from Lua, and does each question get exactly one answer?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.nvim.core.driver import Editor


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
