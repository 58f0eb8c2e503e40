"""Progress told in other ways than the float, and messages at their levels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import DaemonProcess
    from tests.nvim.conftest import Lua, Watch
    from tests.nvim.watched import Watched

INFO, WARN, ERROR = 2, 3, 4


@pytest.fixture
def editor(served: DaemonProcess, watch: Watch) -> Watched:
    return watch(served.socket)


def make(editor: Watched, progress: str, prompt: str) -> None:
    """Have a short track made and shown in a way of showing."""
    editor.lua(f"require('lofi').setup({{ play = false, progress = {progress} }})")
    editor.lua("test.record('generation_complete')")
    editor.command(f"Lofi {prompt} --duration=5 --seed=3")
    editor.wait("#test.events > 0")


def test_the_command_line_tells_in_one_line_that_asks_for_nothing(editor: Watched) -> None:
    prompt = "a prompt that is a good deal longer than the command line is wide, and goes on"
    make(editor, "'cmdline'", prompt)
    shown = editor.wait_until_seen("lofi: a prompt that is a g…", "✓ 0:05, made in").splitlines()
    assert shown[11].startswith("lofi: a prompt that is a g…")
    assert "Press ENTER" not in "".join(shown)
    assert editor.lua("return vim.api.nvim_exec2('messages', { output = true }).output") == ""


def test_the_command_line_is_left_to_who_types_in_it(editor: Watched) -> None:
    editor.keys(":echo 'typed")
    editor.wait_until_seen(":echo 'typed")
    editor.lua("""
        require('lofi').setup({ progress = 'cmdline' })
        require('lofi.progress').on_event('generation_start', { track_id = 'a', prompt = 'hidden' })
    """)
    assert "hidden" not in editor.screenshot()


def test_notifications_come_at_the_start_and_the_end(editor: Watched) -> None:
    make(editor, "'notify'", "told twice")
    editor.wait("#test.told >= 2")
    told = editor.told()
    assert told[0].splitlines()[0] == told[-1].splitlines()[0] == "told twice"
    assert "✓ 0:05" in told[-1]
    assert len(told) == 2


def test_who_can_replace_notifications_gets_them_replaced(lua: Lua) -> None:
    told: list[list[Any]] = lua("""
        local told, before = {}, vim.notify
        vim.notify = function(text, _, options)
          table.insert(told, { text:match("\\n(.*)"), options.replace or "new" })
          return "handle " .. #told
        end
        local job = { id = "a", prompt = "p", percent = 0, state = "running" }
        for percent = 0, 99 do
          job.percent = percent
          require("lofi.sinks").tell("notify", job, percent .. "%")
        end
        job.state = "done"
        require("lofi.sinks").tell("notify", job, "done")
        vim.notify = before
        return told
    """)
    assert told == [
        ["0%", "new"],
        ["25%", "handle 1"],
        ["50%", "handle 2"],
        ["75%", "handle 3"],
        ["done", "handle 4"],
    ]


def test_a_function_of_the_users_gets_every_change(editor: Watched) -> None:
    make(editor, "function(job) test.last = job; test.first = test.first or job end", "for a function")
    editor.wait("test.last.state == 'done'")
    first, last = editor.lua("return { test.first, test.last }")
    assert first["prompt"] == "for a function"
    assert first["state"] in {"queued", "running"}
    assert (last["percent"], last["seconds"]) == (100, 5)


def test_a_function_that_throws_is_told_once_and_harms_nothing(editor: Watched) -> None:
    make(editor, "function() error('my mistake') end", "for a bad function")
    editor.wait("#test.told > 0")
    editor.lua("vim.wait(50)")
    (told,) = editor.lua("return test.told")
    assert "my mistake" in told["text"]
    assert told["level"] == ERROR


def test_none_shows_nothing(editor: Watched) -> None:
    make(editor, "'none'", "unseen")
    assert editor.told() == []
    assert "unseen" not in editor.wait_until_seen("[No Name]").replace(":Lofi unseen", "").replace(
        "Lofi unseen", ""
    )


def test_fidget_gets_a_handle_that_is_finished(lua: Lua) -> None:
    calls = lua("""
        local calls = {}
        package.loaded["fidget.progress"] = { handle = { create = function(options)
          table.insert(calls, { "create", options.title, options.lsp_client.name })
          return {
            report = function(_, now) table.insert(calls, { "report", now.message, now.percentage }) end,
            finish = function() table.insert(calls, { "finish" }) end,
            cancel = function() table.insert(calls, { "cancel" }) end,
          }
        end } }
        local job = { id = "a", prompt = "p", percent = 10, state = "running" }
        require("lofi.sinks").tell("fidget", job, "10%")
        job.state, job.percent = "done", 100
        require("lofi.sinks").tell("fidget", job, "done")
        package.loaded["fidget.progress"] = nil
        return calls
    """)
    assert calls == [["create", "p", "lofi"], ["report", "10%", 10], ["report", "done", 100], ["finish"]]


def test_without_fidget_the_command_line_tells_and_one_warning_says_why(editor: Watched) -> None:
    make(editor, "'fidget'", "no fidget here")
    editor.wait_until_seen("lofi: no fidget here")
    (told,) = editor.lua("return test.told")
    assert "fidget.nvim" in told["text"]
    assert told["level"] == WARN


@pytest.mark.parametrize(
    ("code", "level"),
    [
        ("INVALID_PROMPT", WARN),
        ("QUEUE_FULL", WARN),
        ("NO_DAEMON", WARN),
        ("UNKNOWN_TRACK", WARN),
        ("MODEL_LOAD_FAILED", ERROR),
        ("INTERNAL_ERROR", ERROR),
        ("CANCELLED", INFO),
    ],
)
def test_what_can_be_mended_is_a_warning_and_what_broke_is_an_error(lua: Lua, code: str, level: int) -> None:
    assert lua("return require('lofi.notify').level(...)", code) == level


@pytest.mark.parametrize(
    ("notify", "heard"),
    [
        ("nil", ["info", "warn", "error"]),
        ("{ level = 'warn' }", ["warn", "error"]),
        ("{ level = 'off' }", []),
        ("false", []),
    ],
)
def test_the_user_says_what_is_worth_hearing(editor: Watched, notify: str, heard: list[str]) -> None:
    editor.lua(f"require('lofi').setup({{ notify = {notify} }})")
    editor.lua("""
        for _, level in ipairs({ "info", "warn", "error" }) do
          require("lofi.notify").say(level, vim.log.levels[level:upper()])
        end
        vim.wait(20)
    """)
    assert editor.told() == heard


def test_a_long_error_asks_for_no_enter_and_stays_in_the_messages(
    served: DaemonProcess, watch: Watch
) -> None:
    editor = watch(served.socket)
    editor.lua(
        "package.loaded['vim._editor'] = nil; vim.notify = nil; vim.notify = require('vim._editor').notify"
    )
    editor.command("Lofi x --backend=no_such_backend_by_any_name_that_is_long")
    shown = editor.wait_until_seen("lofi: no backend")
    assert "Press ENTER" not in shown
    messages = editor.lua("return vim.api.nvim_exec2('messages', { output = true }).output")
    assert "→" in messages
