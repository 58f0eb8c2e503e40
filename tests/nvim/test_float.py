"""The float that tells how far the jobs are, on a real screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conftest import Gate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import DaemonProcess
    from tests.nvim.conftest import Watch
    from tests.nvim.watched import Watched

FLOAT = "return require('lofi.float').window()"


@pytest.fixture
def editor(daemon: DaemonProcess, watch: Watch) -> Watched:
    return watch(daemon.socket)


@pytest.fixture
def gates(home: Path) -> Iterator[Callable[[str], Gate]]:
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


def test_a_job_is_shown_from_its_first_step_to_its_last(
    editor: Watched, gates: Callable[[str], Gate]
) -> None:
    gate = gates("a")
    begin(editor, gate, "夜の雨, tape hiss")
    gate.open(5)
    shown = editor.wait_until_seen(" 50%  walk").splitlines()
    assert [line.strip("~").strip() for line in shown[6:11]] == [
        "╭────────────────────────────────────────────╮",
        "│ 夜の雨, tape hiss                          │",
        shown[8].strip("~").strip(),
        "╰────────────────────────────────────────────╯",
        "[No Name]                                 0,0-1          All",
    ]
    assert shown[8].strip("~").strip().startswith("│ ███████░░░░░░░ 50%  walk")
    gate.open(5)
    shown = editor.wait_until_seen("│ ✓ 0:10, made in").splitlines()
    editor.wait_until_gone("╭")
    assert editor.lua(FLOAT) is None
