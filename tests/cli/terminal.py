"""A terminal that shows what a command draws."""

import os
import pty
import select
import subprocess
import time
from typing import Self

from tests.cli.conftest import LOFI


class Terminal:
    """A command in a terminal of its own, and what it shows there."""

    def __init__(self, *arguments: str) -> None:
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [*LOFI, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
        )
        os.close(slave)
        self.shown = ""

    def wait_for(self, text: str) -> None:
        """Read until the terminal shows a text that it has not shown before."""
        begin, until = len(self.shown), time.monotonic() + 20
        while text not in self.shown[begin:]:
            assert select.select([self.master], [], [], max(until - time.monotonic(), 0))[0], self.shown
            self.shown += os.read(self.master, 4096).decode()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.master)

    def press(self, key: str) -> None:
        os.write(self.master, key.encode())
