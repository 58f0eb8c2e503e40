"""What the README says of Neovim: its picture is what a screen shows, and its snippets do what they say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.nvim.core.driver import ROOT
from tests.nvim.core.scripted import ScriptedDaemon, event, response

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.nvim.conftest import Lua, Watch

README = (ROOT / "README.md").read_text("utf-8")
SECTION = README.partition("\n## Neovim\n")[2].partition("\n## ")[0]
PROMPT = "rainy night, jazzy rhodes, 75 bpm"
JOB: dict[str, Any] = {"track_id": "t", "job_id": "j"}
ACCEPTED = {**JOB, "status": "generating", "position": 0, "seed": 7, "backend": "procedural"}
PROGRESS = {**JOB, "percent": 62, "stage": "render", "current_step": 62, "total_steps": 99, "eta_sec": 4.0}
WRITTEN = """\
local Kettle = {}

function Kettle.boil(self, litres)
  local started = os.time()
  while self:celsius(litres) < 100 do
    self:heat(litres)
  end
  return os.time() - started
end
"""


@pytest.fixture
def daemon_at_62_percent(home: Path) -> Iterator[ScriptedDaemon]:
    """A daemon that plays a track while it makes it, and is always as far."""
    daemon = ScriptedDaemon(home / "s.sock")
    playing = {"playback": {"state": "playing", "track_id": "t"}}
    started, progress = (
        event("generation_start", **JOB, prompt=PROMPT),
        event("generation_progress", **PROGRESS),
    )
    daemon.answers["status"] = lambda msgid, _: response(msgid, playing)
    daemon.answers["generate"] = lambda msgid, _: response(msgid, ACCEPTED) + started + progress
    yield daemon
    daemon.stop()


def snippets(language: str) -> list[str]:
    """The section's code blocks of one language."""
    return re.findall(rf"```{language}\n(.*?)```", SECTION, re.DOTALL)


def test_the_picture_is_what_one_sees(home: Path, watch: Watch, daemon_at_62_percent: ScriptedDaemon) -> None:
    editor = watch(home / "s.sock", 72, 14)
    (home / "kettle.lua").write_text(WRITTEN)
    editor.command(f"cd {home} | edit kettle.lua")
    editor.lua("vim.o.fillchars, vim.o.shortmess, vim.o.ruler = 'eob: ', vim.o.shortmess .. 'F', false")
    (line,) = [code for code in snippets("lua") if "statusline" in code]
    editor.lua(line)
    editor.keys(f":Lofi {PROMPT}<CR>")
    shown = editor.wait_until_seen("62%  render  4 s", "♪ rainy night, jazzy rhod… ▅ 4 s")
    (picture,) = snippets("text")
    assert shown.rstrip() == picture.rstrip(), f"the README should show\n{shown}"
    assert "generate" in [method for _, method, _ in daemon_at_62_percent.requests]


@pytest.mark.parametrize("snippet", snippets("lua"))
def test_the_snippets_are_lua(lua: Lua, snippet: str) -> None:
    assert lua("local code = ...; return (load(code) or load('return ' .. code)) ~= nil", snippet)
