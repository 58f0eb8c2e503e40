"""A daemon's life that ends in `kill -9`, in the middle of whatever it is asked for."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from benchmarks.own_daemon import connected
from lofi_core.errors import UnknownTrack
from lofi_core.rpc.client import NoDaemon

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from benchmarks.ledger import Entry, Ledger
    from lofi_core.rpc.client import Client

EVENT_SEC = 0.004
# Never asked for more than fits, paused ones included.
CAPACITY = 12
PROMPTS = ("rain", "a late train", "dust on the needle")


class Life:
    """One daemon of a home that outlives it."""

    def __init__(self, home: Path) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("LOFI_")}
        self.home = home
        environ = {
            **clean,
            "LOFI_DATA_DIR": str(home / "data"),
            "LOFI_SOCKET": str(home / "s"),
            "LOFI_AUDIO_DEVICE": "null",
            "LOFI_QUEUE_CAPACITY": str(CAPACITY),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(home / "site"), os.environ.get("PYTHONPATH")])),
        }
        command = [sys.executable, "-m", "lofi_core", "serve"]
        with (home / "log").open("ab") as log:
            self.process = subprocess.Popen(command, env=environ, stderr=log)

    def client(self) -> Client:
        """A connection, as soon as there can be one."""
        client = connected(self.home / "s")
        client.call("subscribe", events=["generation_"])
        return client

    def kill_in(self, seconds: float) -> None:
        """`kill -9` it then, whatever it does; comes back at once."""
        threading.Timer(seconds, self.process.kill).start()

    def end(self) -> None:
        """Tell it to end, and wait."""
        self.process.terminate()
        if self.process.wait(60) != 0:
            raise SystemExit(
                f"the daemon ended with status {self.process.returncode}; see {self.home / 'log'}"
            )


class Attack:
    """A client that wants everything at once, and notes what it is told.

    Args:
        life: the daemon.
        ledger: gets every promise.
        chance: decides.
    """

    def __init__(self, life: Life, ledger: Ledger, chance: random.Random) -> None:
        self._ledger = ledger
        self._chance = chance
        self._life = life
        self._client = life.client()
        self._heard = 0
        self._wishes: list[dict[str, Any]] = []

    def until_killed(self, events: int, seconds: float) -> None:
        """Go on until the daemon is gone, which is so long after so many events; what it said before counts.

        After events, as a machine may be slow: it is to be killed in the middle of its work everywhere.
        """
        acts = [self._generate] * 12 + [self._again, self._cancel, self._pause, self._mark, self._delete]
        self._heard, doomed = 0, False
        try:
            while True:
                if not doomed and self._heard >= events:
                    doomed = True
                    self._life.kill_in(seconds)
                self._chance.choice(acts)()
                self._listen(EVENT_SEC)
        except NoDaemon:
            self._listen_to_the_end()

    def _generate(self) -> None:
        """A new track of one to three seconds, made in some hundredths or thousandths of one."""
        self._ask(
            prompt=self._chance.choice(PROMPTS),
            backend="paced",
            duration_sec=self._chance.choice([1, 2, 3]),
            seed=self._chance.randrange(2**32),
            priority=self._chance.choice(["normal", "normal", "high"]),
            options={"speed": self._chance.choice([50.0, 1000.0])},
        )

    def _again(self) -> None:
        """A track that is there, or under way, is asked for once more: it is joined, or made in its place."""
        if self._wishes:
            self._ask(**{**self._chance.choice(self._wishes), "cache": False})

    def _ask(self, **wish: Any) -> None:
        if len(self._ledger.live()) >= CAPACITY:
            self._listen(10 * EVENT_SEC)
            return
        self._ledger.accepted(self._client.call("generate", **wish))
        self._wishes.append(wish)

    def _cancel(self) -> None:
        if entry := self._any():
            entry.cancel_sent = True
            self._client.call("cancel", job_id=entry.job_id, force=True)

    def _pause(self) -> None:
        """Hold a job, or let one go on that was held."""
        entry = self._any()
        if entry is None:
            return
        held, entry.paused = entry.paused, None
        answer = self._client.call("job_resume" if held else "job_pause", job_id=entry.job_id)
        entry.paused = answer["state"] == "paused" and not held

    def _mark(self) -> None:
        """Change a row of the index."""
        if track_id := self._a_track():
            with suppress(UnknownTrack):  # whether that is right shows where the files are looked at
                self._client.call("tracks_update", track_id=track_id, favourite=self._chance.random() < 0.5)

    def _delete(self) -> None:
        """Remove a row and its file."""
        if track_id := self._a_track():
            self._ledger.deleted.add(track_id)
            with suppress(UnknownTrack):
                self._client.call("tracks_delete", track_id=track_id)

    def _a_track(self) -> str | None:
        tracks = self._client.call("tracks_list", limit=20)["tracks"]
        return self._chance.choice(tracks)["track_id"] if tracks else None

    def _any(self) -> Entry | None:
        live = self._ledger.live()
        return self._chance.choice(live) if live else None

    def _listen(self, seconds: float) -> None:
        """Take in what has come, and wait so long for one more."""
        while event := self._client.next_event(seconds):
            self._ledger.happened(event)
            self._heard += 1
            seconds = 0.0

    def _listen_to_the_end(self) -> None:
        try:
            while event := self._client.next_event():
                self._ledger.happened(event)
        except NoDaemon:
            self._client.close()
