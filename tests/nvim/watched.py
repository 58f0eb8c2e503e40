"""An editor whose screen somebody looks at."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tests.nvim.core.driver import WAIT_MS, Editor
from tests.nvim.screen import Screen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


class Watched(Editor):
    """Neovim with a screen of `width` by `height` cells."""

    def __init__(self, home: Path, environ: Mapping[str, str], width: int = 60, height: int = 12) -> None:
        super().__init__(home, environ)
        self.screen = Screen()
        self.nvim.ui_attach(width, height, rgb=True, ext_linegrid=True)

    def command(self, line: str) -> None:
        """Run a command."""
        self.nvim.command(line)

    def keys(self, keys: str) -> None:
        """Press keys, written as in mappings."""
        self.nvim.input(keys)

    def resize(self, width: int, height: int) -> None:
        """Give the screen another size."""
        self.nvim.ui_try_resize(width, height)

    def screenshot(self) -> str:
        """The screen as text, with all that is drawn by now."""
        self.nvim.api.get_mode()
        pending = self.nvim._session._pending_messages
        while pending:
            _kind, name, arguments = pending.popleft()[:3]
            if name == "redraw":
                self.screen.take(arguments)
        return self.screen.text

    def wait_until(self, what: str, is_so: Callable[[str], bool]) -> str:
        """Wait until the screen is as it should be; answers the screen. `what` is for a test that fails."""
        deadline = time.monotonic() + WAIT_MS / 1000
        while not is_so(shown := self.screenshot()):
            assert time.monotonic() < deadline, f"{what}: not so in\n{shown}\n{self.seen()}"
            self.lua("vim.wait(10)")
        return shown

    def wait_until_seen(self, *texts: str) -> str:
        """Wait until the screen shows all of these; answers the screen."""
        return self.wait_until(f"shows {texts}", lambda shown: all(text in shown for text in texts))

    def wait_until_gone(self, text: str) -> str:
        """Wait until the screen does not show this any more; answers the screen."""
        return self.wait_until(f"shows no {text!r}", lambda shown: text not in shown)

    def told(self) -> list[str]:
        """What went through vim.notify."""
        noted: list[dict[str, Any]] = self.lua("return test.told")
        return [each["text"] for each in noted]
