"""The float that tells how far the jobs are, on a real screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Gate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import DaemonProcess
    from tests.nvim.conftest import Watch
    from tests.nvim.watched import Watched

Gates = Callable[[str], Gate]

FLOAT = "return require('lofi.float').window()"


@pytest.fixture
def editor(daemon: DaemonProcess, watch: Watch) -> Watched:
    return watch(daemon.socket)


@pytest.fixture
def gates(home: Path) -> Iterator[Gates]:
    """Make gates, which let jobs of the backend `stepped` go on step by step."""
    made: list[Gate] = []

    def make(name: str) -> Gate:
        made.append(Gate(home / name))
        return made[-1]

    yield make
    for gate in made:
        gate.open(1000)
        gate.close()


def begin(editor: Watched, gate: Gate, prompt: str, *, steps: int = 10) -> None:
    """Have a job begin that takes its steps when the gate opens."""
    editor.command(f"Lofi {prompt} --backend=stepped --duration={steps} --gate={gate.path} --no-play")
    editor.wait_until_seen(f"│ {prompt}")


def advance(editor: Watched, gate: Gate, steps: int) -> int:
    """Let the job that runs take some steps, and see each of them reported. Answers its percent."""
    percent = "(require('lofi.progress').jobs()[1] or {}).percent"
    for _ in range(steps):
        before = editor.lua(f"vim.wait(60); return {percent}")  # the daemon reports every 50 ms at most
        gate.open(1)
        editor.wait(f"{percent} > a[1]", before)
    return int(editor.lua(f"return {percent}"))


def box(editor: Watched) -> list[str]:
    """What the float shows, without its frame."""
    lines = [line.partition("│")[2] for line in editor.screenshot().splitlines()]
    return [line.rpartition("│")[0].strip() for line in lines if line]


def test_a_job_is_shown_from_its_first_step_to_its_last(editor: Watched, gates: Gates) -> None:
    gate = gates("a")
    begin(editor, gate, "夜の雨, tape hiss")
    percent = advance(editor, gate, 5)
    editor.wait_until_seen(f"{percent}%  walk")
    bar = editor.lua("return require('lofi.text').bar(...)", percent, 14)
    assert box(editor)[0] == "夜の雨, tape hiss"
    assert box(editor)[1].startswith(f"{bar} {percent}%  walk")
    gate.open(10)
    shown = editor.wait_until_seen("│ ✓ 0:10, made in").splitlines()
    assert [line.lstrip("~ ") for line in shown[6:11]] == [
        "╭────────────────────────────────────────────╮",
        "│ 夜の雨, tape hiss                          │",
        shown[8].lstrip("~ "),
        "╰────────────────────────────────────────────╯",
        "[No Name]                                 0,0-1          All",
    ]
    editor.wait_until_gone("╭")
    assert editor.lua(FLOAT) is None


def test_several_jobs_stack_and_each_leaves_by_itself(editor: Watched, gates: Gates) -> None:
    first, second = gates("a"), gates("b")
    begin(editor, first, "the first")
    begin(editor, second, "the second")
    editor.wait_until_seen("walk", "waits, 1 before it")
    assert [box(editor)[0], *box(editor)[2:]] == ["the first", "the second", "waits, 1 before it"]
    first.open(10)
    editor.wait_until_seen("│ ✓ 0:10", "walk")
    editor.wait_until_gone("│ the first")
    assert box(editor)[0] == "the second"


def test_more_jobs_than_fit_are_counted(editor: Watched, gates: Gates) -> None:
    editor.lua("require('lofi').setup({ duration_sec = 5, play = false })")
    gate = gates("a")
    begin(editor, gate, "the first")
    for number in range(5):
        editor.command(f"Lofi number {number} --backend=sine --seed={number}")
    shown = editor.wait_until_seen("and 3 more")
    assert "number 1" in shown
    assert "number 2" not in shown
    editor.resize(60, 8)
    editor.wait_until_seen("and 5 more", "the first")
    editor.resize(60, 5)
    editor.wait_until_gone("╭")
    editor.resize(60, 30)
    editor.wait_until_seen("number 2", "and 2 more")


def wait_until_the_frame_ends(editor: Watched, row: int, corner: str) -> None:
    """The window's place is known before it is drawn there."""
    editor.wait_until(
        f"row {row} ends with {corner}",
        lambda shown: "│ corner" in shown and "".join(shown.splitlines()[row : row + 1]).endswith(corner),
    )


def test_the_float_keeps_to_its_corner(editor: Watched, gates: Gates) -> None:
    begin(editor, gates("a"), "corner")
    editor.resize(40, 20)
    editor.wait("vim.api.nvim_win_get_config(require('lofi.float').window()).row == 18")
    wait_until_the_frame_ends(editor, 17, "╯")
    assert len(editor.screen.lines[17]) == 40
    editor.lua("vim.o.laststatus, vim.o.cmdheight = 0, 3; vim.api.nvim_exec_autocmds('VimResized', {})")
    editor.wait("vim.api.nvim_win_get_config(require('lofi.float').window()).row == 17")
    editor.lua("require('lofi').setup({ progress_position = 'top' }); vim.o.showtabline = 2")
    editor.lua("require('lofi.progress').redraw()")
    editor.wait("vim.api.nvim_win_get_config(require('lofi.float').window()).row == 1")
    wait_until_the_frame_ends(editor, 1, "╮")


@pytest.mark.parametrize("command", ["only", "tabnew", "fclose", "split", "wincmd w"])
def test_the_float_stays_whatever_happens_to_windows(editor: Watched, gates: Gates, command: str) -> None:
    gate = gates("a")
    begin(editor, gate, "steadfast")
    editor.command(command)
    percent = advance(editor, gate, 2)
    editor.wait_until_seen("│ steadfast", f"{percent}%")
    assert editor.lua("return vim.api.nvim_get_current_win() ~= require('lofi.float').window()")


def test_the_float_is_in_nobodys_way(editor: Watched, gates: Gates) -> None:
    editor.lua("""
        _G.noticed = {}
        local events = { "WinNew", "WinEnter", "WinLeave", "BufEnter", "BufWinEnter", "BufAdd", "WinClosed" }
        vim.api.nvim_create_autocmd(events, {
          callback = function(event) table.insert(noticed, event.event) end,
        })
    """)
    gate = gates("a")
    begin(editor, gate, "unseen by others")
    editor.keys("ityped meanwhile<Esc>")
    editor.wait_until_seen("typed meanwhile", "unseen by others")
    gate.open(10)
    editor.wait_until_seen("│ ✓")
    editor.wait_until_gone("╭")
    assert set(editor.lua("return noticed")) <= {"WinClosed"}
    assert editor.lua("return #vim.fn.getbufinfo({ buflisted = 1 })") == 1
    assert editor.lua("return vim.fn.winnr('$')") == 1


@pytest.mark.parametrize("leave", [":q!<CR>", ":qa!<CR>", "ZQ"])
def test_the_editor_can_be_left_while_the_float_is_shown(editor: Watched, gates: Gates, leave: str) -> None:
    begin(editor, gates("a"), "left behind")
    editor.keys(leave)
    assert editor.process.wait(20) == 0


def test_a_cancel_is_granted_and_shown(editor: Watched, gates: Gates) -> None:
    gate = gates("a")
    begin(editor, gate, "unwanted")
    editor.command("Lofi cancel")
    gate.open(10)  # it takes effect between two steps
    editor.wait_until_seen("│ cancelled")
    editor.wait_until_gone("╭")
    assert editor.told() == []
    editor.command("Lofi cancel")
    editor.wait("#test.told > 0")
    assert editor.told() == ["nothing is being made"]


def test_a_job_is_cancelled_by_a_word_of_its_prompt(editor: Watched, gates: Gates) -> None:
    begin(editor, gates("a"), "keep me")
    begin(editor, gates("b"), "the other one")
    editor.command("Lofi cancel OTHER")
    editor.wait_until_seen("│ cancelled", "keep me")
    editor.wait_until_gone("│ the other one")


def test_a_failure_is_shown_and_told_once(editor: Watched) -> None:
    editor.command("Lofi x --backend=stepped --duration=5 --gate=/nowhere/gate")
    editor.wait_until_seen("│ ✗ MODEL_INFERENCE_FAILED")
    editor.wait("#test.told > 0")
    editor.wait_until_gone("✗")
    (told,) = editor.told()
    assert "gate" in told


def test_a_failure_that_no_callback_hears_of_is_told(editor: Watched) -> None:
    options = {"gate": "/nowhere/gate"}
    wish = {"prompt": "x", "backend": "stepped", "duration_sec": 5, "options": options}
    editor.lua("require('lofi').generate(...)", wish)
    editor.wait("#test.told > 0")
    editor.wait_until_seen("│ ✗ MODEL_INFERENCE_FAILED")
    (told,) = editor.told()
    assert "gate" in told


def test_an_editor_shows_its_own_jobs_only(daemon: DaemonProcess, watch: Watch, gates: Gates) -> None:
    here, there = watch(daemon.socket), watch(daemon.socket)
    there.lua("require('lofi').status(test.answered('status'))")
    there.answers("status")
    gate = gates("a")
    begin(here, gate, "mine alone")
    advance(here, gate, 2)
    there.lua("vim.wait(150)")
    assert "mine alone" not in there.screenshot()


def test_the_prompt_cannot_break_the_screen(editor: Watched, gates: Gates) -> None:
    gate = gates("a")
    editor.lua(
        "require('lofi').generate({ prompt = 'bell \\7 and \\27[31mred\\nline', duration_sec = 10,"
        " backend = 'stepped', options = { gate = ... } })",
        str(gate.path),
    )
    editor.wait_until_seen("│ bell and [31mred line")
