"""Does the call that all this began with work, with small random networks in place?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import soundfile

from tests.acestep.graphs import write_model

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartDaemon
    from tests.nvim.core.conftest import OpenEditor

CALL = """
    local asked = { prompt = "lofi beats", duration_sec = 30, backend = "ace_step" }
    require("lofi").generate(asked, test.answered("made"))
"""


def test_thirty_seconds_of_lofi_beats_from_ace_step(
    start_daemon: StartDaemon, open_editor: OpenEditor, home: Path
) -> None:
    (home / "data" / "models").mkdir(parents=True)
    write_model(home / "data" / "models" / "ace_step")
    editor = open_editor(start_daemon().socket)
    editor.lua("test.record('generation_progress')")
    editor.lua(CALL)
    track = editor.answers("made")[0]["result"]
    assert (track["prompt"], track["backend"], track["cached"]) == ("lofi beats", "ace_step", False)
    assert abs(soundfile.info(track["path"]).duration - 30) < 0.1
    assert len(editor.events("generation_progress")) > 1
