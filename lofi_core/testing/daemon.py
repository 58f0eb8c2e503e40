"""A real daemon for the kit: in directories of its own, without a sound, and gone afterwards."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from lofi_core.errors import LofiError
from lofi_core.names import canonical_name
from lofi_core.rpc.client import Client, NoDaemon
from lofi_core.testing.conformance import NotAsked, Unfit
from lofi_core.testing.fresh import LINES_SHOWN, environment

if TYPE_CHECKING:
    from lofi_core.rpc.client import Notification
    from lofi_core.testing.kit import Kit

START_TIMEOUT_SEC = 60.0
SILENCE_SEC = 600.0  # how long a job may go without an event
STOP_TIMEOUT_SEC = 20.0
POLL_SEC = 0.01
TERMINAL = {"generation_complete", "generation_cancelled", "generation_error"}


class KitDaemon:
    """A daemon in a process of its own.

    Raises:
        Unfit: it did not start.
    """

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._room = kit.room / "d"
        self.socket = self._room / "run" / "lofi.sock"
        temporary = self._room / "tmp"
        for directory in (self._room, temporary):
            directory.mkdir()
        with (self._room / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "lofi_core", "serve"],
                env=self._environment(environment(temporary)),
                cwd=temporary,
                stdout=log,
                stderr=log,
            )
        self._clients: list[Client] = []
        self._wait_until_it_answers()

    @cached_property
    def client(self) -> Client:
        """The client that most is asked with."""
        return self.connect()

    def connect(self) -> Client:
        """Another client."""
        self._clients.append(Client(self.socket))
        return self._clients[-1]

    def ask(self, **wish: Any) -> str:
        """Have a track made; returns the job's id.

        Raises:
            Unfit: the daemon refuses.
            NotAsked: it has ended by now.
        """
        kit = self._kit
        prepared = kit.prepare(**{name: wish[name] for name in wish if name != "priority"})
        request = prepared.request
        try:
            job = self.client.call(
                "generate",
                prompt=request.prompt,
                seed=request.seed,
                duration_sec=request.duration_sec,
                backend=kit.record.name,
                options=kit.options,
                priority=wish.get("priority", "normal"),
                cache=False,
            )
        except NoDaemon:
            raise NotAsked("the daemon has ended; another check says why") from None
        except LofiError as error:
            remedy = error.hint or "see what it says; in this process the same request is taken"
            raise Unfit(f"the daemon refused a track: {error.text()}", remedy) from error
        return str(job["job_id"])

    def until_begun(self, job: str) -> list[Notification]:
        """All events of a job that come from now on, until it has taken a step, or to its end.

        Raises:
            Unfit: neither happens, or the daemon ended.
        """
        seen: list[Notification] = []
        while not seen or not (has_ended(seen) or _has_stepped(seen[-1])):
            seen += self._events_of({job})
        return seen

    def events_of(self, *jobs: str) -> list[Notification]:
        """All events of these jobs that come from now on, to the end of the last of them.

        Raises:
            Unfit: it does not end, or the daemon did.
        """
        seen: list[Notification] = []
        live = set(jobs)
        while live:
            seen += self._events_of(set(jobs))
            if seen and has_ended(seen):
                live.discard(seen[-1].fields["job_id"])
        return seen

    def log_tail(self) -> str:
        """The last lines of its log."""
        text = (self._room / "log").read_text("utf-8", "replace")
        return "".join(f"\n  {line}" for line in text.splitlines()[-LINES_SHOWN:])

    def stop(self) -> None:
        """End it, whatever it is at."""
        for client in self._clients:
            client.close()
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_SEC)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _events_of(self, jobs: set[str]) -> list[Notification]:
        """The next event, if it is one of these jobs'."""
        try:
            event = self.client.next_event(SILENCE_SEC)
        except NoDaemon as error:
            raise Unfit(
                f"the backend took the daemon down; the log ends with:{self.log_tail()}",
                "native code that crashes belongs into its own process: BackendSpec(…, own_process=True)",
            ) from error
        if event is None:
            raise Unfit(
                f"a job in the daemon told nothing for {SILENCE_SEC:g} s",
                "yield a Step more often, or try a shorter --lofi-duration",
            )
        return [event] if event.fields.get("job_id") in jobs else []

    def _environment(self, base: dict[str, str]) -> dict[str, str]:
        """The user's configuration, but nothing of the user's data, sound or session."""
        paths, name = self._kit.settings.paths, self._kit.record.name
        hidden = {"DBUS_SESSION_BUS_ADDRESS", "LOFI_MODEL_DIR", "LOFI_PLAYER_TAP"}
        kept = {key: base[key] for key in base if key not in hidden and not key.startswith("XDG_")}
        changed = {
            "HOME": str(self._room),
            "LOFI_SOCKET": str(self.socket),
            "LOFI_DATA_DIR": str(self._room / "data"),
            "LOFI_MODELS_DIR": str(paths.models),
            "LOFI_AUDIO_DEVICE": "null",
            f"LOFI_BACKENDS_{canonical_name(name).upper()}_MODEL_DIR": str(self._kit.record.model_dir),
        }
        if paths.config.exists():
            changed["LOFI_CONFIG"] = str(paths.config)
        return {**kept, **changed}

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SEC
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                self.client.call("ping")
            except NoDaemon:
                self.__dict__.pop("client", None)
                time.sleep(POLL_SEC)
            else:
                return
        problem = f"the daemon did not start; its log ends with:{self.log_tail()}"
        self.stop()
        raise Unfit(problem, "run `lofi-core serve`, which shows the same")


def has_ended(events: list[Notification]) -> bool:
    """Whether the last of these is the last of its job."""
    return events[-1].name in TERMINAL


def _has_stepped(event: Notification) -> bool:
    fields = event.fields
    return event.name == "generation_progress" and fields["stage"] != "load" and fields["current_step"] > 0


@dataclass
class Pings:
    """Asks the daemon all the time how it is, from a thread and a connection of its own.

    Attributes:
        seconds: how long each answer took.
    """

    client: Client
    seconds: list[float] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._ended.wait(POLL_SEC):
            begun = time.perf_counter()
            try:
                self.client.call("ping")
            except NoDaemon:  # whoever waits for the job is told
                return
            self.seconds.append(time.perf_counter() - begun)
