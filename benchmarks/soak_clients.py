"""What many kinds of clients do to a daemon, again and again, each in a thread of its own."""

from __future__ import annotations

import itertools
import random
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

from lofi_core.errors import InternalError, LofiError
from lofi_core.rpc.client import Client, ConnectionLost

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PROMPTS = ("rainy night, jazzy rhodes, 75 bpm", "sunny lofi, dusty drums", "slow ambient, no drums")
FORMATS = ("wav", "ogg", "opus", "mp3", "flac")
ENDS = {"generation_complete", "generation_cancelled", "generation_error"}
TRACK_SEC, LONG_SEC, RADIO_SEC = (5, 10), 30, 8.0
PATIENCE_SEC = 120.0
GARBAGE = (b"\xc1", b"\x94\x00\x01", b"\xdc\xff\xff", b"hello", b"\x94\x00\x01\xa4ping\x90" * 300)


class Crowd:
    """Clients at work, until told to stop.

    Attributes:
        done: how often each kind of client went through its routine.
        refused: how often the daemon said no, by code.
        faults: what should not have happened.
    """

    def __init__(self, path: Path, exports: Path, seed: int) -> None:
        self.done: dict[str, int] = {}
        self.refused: dict[str, int] = {}
        self.faults: list[str] = []
        self._path, self._exports = path, exports
        self._stop = threading.Event()
        self._seeds = itertools.count(seed)
        routines = (
            makes,
            cancels,
            holds,
            plays,
            listens_to_the_radio,
            exports_one,
            looks_on,
            is_rude,
            tidies,
        )
        self._threads = [
            threading.Thread(target=self._work, args=(routine, seed + number), name=routine.__name__)
            for number, routine in enumerate(routines)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let each finish what it does."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _work(self, routine: Callable[[Client, Task], None], seed: int) -> None:
        task = Task(self._path, self._exports, random.Random(seed), self._stop, self._seeds)
        while not self._stop.is_set():
            try:
                with Client(self._path, PATIENCE_SEC) as client:
                    routine(client, task)
                self.done[routine.__name__] = self.done.get(routine.__name__, 0) + 1
            except (InternalError, ConnectionLost, OSError) as error:
                self.faults.append(f"{routine.__name__}: {error}")
                self._stop.wait(0.5)
            except LofiError as error:  # a full queue, a track that somebody else deleted
                self.refused[error.code] = self.refused.get(error.code, 0) + 1
                self._stop.wait(0.05)


class Task:
    """What one client knows: where things are, its own luck, and when to stop."""

    def __init__(
        self,
        path: Path,
        exports: Path,
        luck: random.Random,
        stop: threading.Event,
        seeds: itertools.count[int],
    ) -> None:
        self.path, self.exports, self.luck, self.stop = path, exports, luck, stop
        self._seeds = seeds

    def request(self, seconds: float) -> dict[str, Any]:
        """Something new to make."""
        seed = next(self._seeds)
        return {"prompt": self.luck.choice(PROMPTS), "duration_sec": seconds, "seed": seed}

    def some_track(self, client: Client) -> str | None:
        """One that was there just now."""
        tracks = client.call("tracks_list", limit=20)["tracks"]
        return str(self.luck.choice(tracks)["track_id"]) if tracks else None


def makes(client: Client, task: Task) -> None:
    """Has a track made and waits for it; now and then with a hurry, or for what is there already."""
    request = task.request(task.luck.uniform(*TRACK_SEC))
    for _ in range(2):
        priority = task.luck.choice(("normal", "high"))
        end_of(client, client.call("generate", priority=priority, **request)["track_id"])


def cancels(client: Client, task: Task) -> None:
    """Changes its mind."""
    job = client.call("generate", **task.request(LONG_SEC))
    task.stop.wait(task.luck.uniform(0, 1))
    client.call("cancel", track_id=job["track_id"])


def holds(client: Client, task: Task) -> None:
    """Pauses a job, goes on with it, and sees it end."""
    job = client.call("generate", **task.request(TRACK_SEC[1]))
    client.call("job_pause", job_id=job["job_id"])
    task.stop.wait(task.luck.uniform(0, 1))
    client.call("job_resume", job_id=job["job_id"])
    end_of(client, job["track_id"])


def plays(client: Client, task: Task) -> None:
    """Uses every button of a player."""
    track = task.some_track(client)
    if track is None:
        task.stop.wait(1)
        return
    client.call("playlist_add", track_id=track)
    client.call("play", track_id=track)
    client.call("volume_set", level=task.luck.random())
    client.call("playlist_mode", repeat=task.luck.choice(("off", "one", "all")), crossfade_sec=1)
    for button in ("pause", "resume", "skip", "toggle", "playlist_get"):
        client.call(button)
        task.stop.wait(0.2)
    if len(client.call("playlist_get")["tracks"]) > 10:
        client.call("playlist_clear")


def listens_to_the_radio(client: Client, task: Task) -> None:
    """Turns it on, and does what listeners do."""
    client.call("radio_start", preset=task.luck.choice(("lofi", "focus")))
    task.stop.wait(RADIO_SEC)
    for button in ("radio_like", "radio_more", "skip", "radio_dislike", "radio_status"):
        try:
            client.call(button)
        except InternalError:
            raise
        except LofiError:  # nothing plays yet
            task.stop.wait(0.5)
    task.stop.wait(RADIO_SEC)
    client.call("radio_stop")
    task.stop.wait(1)


def exports_one(client: Client, task: Task) -> None:
    """Writes a copy in some format, and throws it away."""
    if track := task.some_track(client):
        place = task.exports / f"copy.{task.luck.choice(FORMATS)}"
        client.call("tracks_export", track_id=track, path=str(place), overwrite=True)
        client.call("tracks_waveform", track_id=track)
        place.unlink()
    task.stop.wait(0.3)


def looks_on(client: Client, task: Task) -> None:
    """Subscribes to all and asks for everything, then goes without a word."""
    client.call("subscribe")
    for method in ("status", "queue_status", "get_backends", "describe", "radio_status", "tracks_list"):
        client.call(method)
    client.next_event(task.luck.uniform(0, 2))


def is_rude(_client: Client, task: Task) -> None:
    """Sends what is no message, half of one, or many without reading an answer, and hangs up."""
    rude = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    rude.connect(str(task.path))
    rude.settimeout(0.2)
    try:
        rude.sendall(task.luck.choice(GARBAGE))
        time.sleep(0.1)
    except OSError:  # the daemon was quicker
        pass
    finally:
        rude.close()


def tidies(client: Client, task: Task) -> None:
    """Deletes what there is too much of."""
    answer = client.call("tracks_list", limit=50, offset=30)
    for track in answer["tracks"]:
        client.call("tracks_delete", track_id=track["track_id"])
    task.stop.wait(2)


def end_of(client: Client, track_id: str) -> None:
    """Wait for a track's job to end, however that is."""
    while event := client.next_event(PATIENCE_SEC):
        if event.name in ENDS and event.fields.get("track_id") == track_id:
            return
    raise ConnectionLost(f"nothing was told of track {track_id} any more")
