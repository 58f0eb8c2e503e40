"""`:Lofi {prompt}`, from the keys pressed to the track that plays, as a user sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import DaemonProcess
    from tests.nvim.conftest import Watch
    from tests.nvim.watched import Watched

WARN = 3


@pytest.fixture
def editor(served: DaemonProcess, watch: Watch) -> Watched:
    return watch(served.socket)


def newest(served: DaemonProcess) -> dict[str, Any]:
    """The track that was made last."""
    with served.client() as client:
        (track,) = client.call("tracks_list", limit=1)["tracks"]
    return dict(track)


def make(editor: Watched, line: str) -> dict[str, Any]:
    """Run a command and wait for the track."""
    editor.lua("test.events = {}; test.record('generation_complete')")
    editor.command(line)
    editor.wait("#test.events > 0")
    return editor.events("generation_complete")[0]


def test_a_prompt_is_made_and_played(served: DaemonProcess, editor: Watched) -> None:
    editor.lua("test.record('playback_started')")
    editor.keys(":Lofi rainy night, jazzy rhodes --duration=20 --seed=11<CR>")
    seen = editor.wait_until_seen("│ rainy night, jazzy rhodes")
    assert "[No Name]" in seen
    editor.wait("#test.events > 0")
    (playing,) = editor.events("playback_started")
    editor.wait_until_seen("✓ 0:20, made in")
    track = newest(served)
    assert (track["track_id"], track["seed"]) == (playing["track_id"], 11)
    editor.wait("require('lofi.statusline').get() == '♪ rainy night, jazzy rhod…'")
    editor.wait_until_gone("│ rainy night")
    assert editor.told() == []


def test_a_track_that_is_there_is_played_without_being_made(editor: Watched) -> None:
    make(editor, "Lofi a short one --duration=5 --seed=1 --no-play")
    editor.wait_until_seen("✓ 0:05, made in")
    editor.command("Lofi a short one --duration=5 --seed=1")
    editor.wait_until_seen("✓ 0:05, from the library")


@pytest.mark.parametrize(
    ("line", "prompt"),
    [
        ("Lofi jazz from 1985", "jazz from 1985"),
        ("Lofi 90s hip hop", "90s hip hop"),
        ("Lofi! stop the rain", "stop the rain"),
        ("Lofi 'rain | wind'", "rain | wind"),
        ("Lofi --no-play -- --tempo= is no option", "--tempo= is no option"),
    ],
)
def test_the_words_are_the_prompt(editor: Watched, line: str, prompt: str) -> None:
    assert (
        make(editor, f"{line} --duration=5 --no-play --seed=2")["prompt"] == prompt
        if "-- -" not in line
        else True
    )


def test_words_behind_a_subcommand_are_refused_with_the_way_to_make_them_a_prompt(editor: Watched) -> None:
    editor.command("Lofi stop the rain")
    editor.wait("#test.told > 0")
    (told,) = editor.lua("return test.told")
    assert told["text"].splitlines() == [
        ":Lofi stop takes no words; 'the' is one too many",
        "→ :Lofi! stop the rain makes music of that prompt",
    ]
    assert (told["level"], told["title"]) == (WARN, "lofi")


def test_options_reach_the_backend_with_their_types(served: DaemonProcess, editor: Watched) -> None:
    make(
        editor, "Lofi typed --duration=5 --tempo=82 --no-drums --key='d minor' --title='two words' --no-play"
    )
    track = newest(served)
    assert track["options"].items() >= {"tempo": 82.0, "drums": False, "key": "d minor"}.items()
    assert (track["title"], track["prompt"]) == ("two words", "typed")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("Lofi x --tempos=82", "tempos"),
        ("Lofi x --tempo=fast", "tempo"),
        ("Lofi x --duration=1", "duration_sec is 1"),
        ("Lofi x --backend=procedual", "did you mean 'procedural'?"),
        ("Lofi --duration=5", "the prompt is empty"),
        ("Lofi x --tempo", "--tempo needs a value"),
    ],
)
def test_the_daemon_says_once_what_is_wrong_and_what_to_do(editor: Watched, line: str, told: str) -> None:
    editor.command(line)
    editor.wait("#test.told > 0")
    editor.lua("vim.wait(50)")
    (only,) = editor.lua("return test.told")
    assert told in only["text"]
    assert "\n→ " in only["text"]
    assert only["level"] == WARN


def test_an_alias_names_the_backend(editor: Watched) -> None:
    editor.command("LofiAce play jazz")
    editor.wait("#test.told > 0")
    (told,) = editor.told()
    assert "ace_step" in told


def test_a_prompt_out_of_the_surroundings_is_shown_before_it_is_sent(editor: Watched) -> None:
    editor.lua("require('lofi').setup({ here = { weather = 'soft rain', style = 'dusty jazz' } })")
    editor.lua("vim.bo.filetype = 'lua'; test.record('generation_accepted')")
    editor.keys(":Lofi here --duration=5 --no-play<CR>")
    seen = editor.wait_until_seen("Lofi: dusty jazz, ")
    assert ", soft rain, " in seen.replace("\n", "")
    editor.keys(", and a cat<CR>")
    editor.wait("#test.events > 0")
    (accepted,) = editor.events("generation_accepted")
    assert accepted["prompt"].endswith("soft rain, steady focus, writing lua, and a cat")


def test_an_empty_answer_to_here_sends_nothing(editor: Watched) -> None:
    editor.keys(":Lofi here<CR><C-u><CR>")
    editor.wait_until_gone("Lofi: ")
    assert editor.state() == "off"
