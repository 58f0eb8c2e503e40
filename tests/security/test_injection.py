"""Text that anyone may have written steers no terminal, forges no line of a log, and fits into every tag."""

from __future__ import annotations

import contextlib
import unicodedata
from typing import TYPE_CHECKING, Any

import mutagen
import pytest
import soundfile

from lofi_core.cli.main import main
from lofi_core.errors import LofiError
from tests.cli.scripted import ScriptedDaemon
from tests.conftest import events_until_end
from tests.security.conftest import FORGED
from tests.security.messages import NASTY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import DaemonProcess

# An escape sequence, a window's title, a bell, C1 controls, a turned direction, a NUL, a line of the log.
EVIL = f"a\x1b[31m\x1b]0;owned\x07\x9b2J\u202e\u2066\x00\r\n{FORGED}\u2028\u200f[bold]%s"
ASKED: dict[str, dict[str, Any]] = {
    "status": {},
    "queue_status": {},
    "get_backends": {},
    "tracks_list": {},
    "playlist_get": {},
    "radio_status": {},
    "radio_presets": {},
    "audio_devices": {},
    "volume_get": {},
    "hello": {},
}
COMMANDS = [
    ["status"],
    ["queue"],
    ["backends"],
    ["models", "list"],
    ["tracks", "list"],
    ["tracks", "show", "0" * 32],
    ["tracks", "fav", "0" * 32],
    ["tracks", "rm", "0" * 32],
    ["playlist"],
    ["radio", "status"],
    ["radio", "presets"],
    ["devices"],
    ["volume"],
    ["play"],
    ["skip"],
    ["cancel", "x"],
    ["load", "sine"],
    ["generate", "x"],
]


@pytest.fixture(scope="module")
def track(at_rest: DaemonProcess) -> dict[str, Any]:
    """A track of that prompt, with that title."""
    with at_rest.client() as client:
        asked = client.call("generate", prompt=EVIL, title=EVIL, backend="sine", duration_sec=1, cache=False)
        events_until_end(client, asked["job_id"])
        client.call("playlist_add", track_id=asked["track_id"])
        found: dict[str, Any] = client.call("tracks_get", track_id=asked["track_id"])
    return found


@pytest.fixture(scope="module")
def poisoned(victim: DaemonProcess, track: dict[str, Any]) -> dict[str, Any]:
    """What the daemon answers, with the evil text in each text of it."""
    with victim.client() as client:
        answers = {method: client.call(method, **params) for method, params in ASKED.items()}
    answers |= dict.fromkeys(("tracks_get", "tracks_update"), track)
    played = {"state": "playing", "track_id": "x", "position_sec": 0.0}
    answers |= dict.fromkeys(
        ("play", "skip", "load_backend", "tracks_delete"), played | {"status": "x", "deleted": True}
    )
    answers["cancel"] = {"cancelled": False, "was_generating": False, "track_id": "x"}
    answers["generate"] = LofiError(EVIL, EVIL)
    return {method: with_poison(answer) for method, answer in answers.items()}


def with_poison(value: Any) -> Any:
    match value:
        case str():
            return f"{value}{EVIL}"
        case dict():
            return {name: with_poison(item) for name, item in value.items()}
        case list():
            return [with_poison(item) for item in value]
        case _:
            return value


@pytest.fixture
def hostile_daemon(home: Path, poisoned: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Answers with poison only."""
    for name, value in (("HOME", home), ("LOFI_SOCKET", home / "s"), ("LOFI_DATA_DIR", home / "data")):
        monkeypatch.setenv(name, str(value))
    daemon = ScriptedDaemon(home / "s")
    daemon.answers = poisoned
    yield
    daemon.stop()


def dangerous(text: str) -> set[str]:
    """Characters that steer a terminal or turn what follows, but for the ends of lines."""
    turning = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    return {
        char
        for char in text.replace("\n", "")
        if unicodedata.category(char) in {"Cc", "Zl", "Zp", "Cs"}
        or unicodedata.bidirectional(char) in turning
        or char in "\u200e\u200f\u061c"
    }


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_command_lets_a_text_steer_the_terminal(
    hostile_daemon: None, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    main(command)
    shown = "".join(capsys.readouterr())
    assert dangerous(shown) == set()
    assert not [line for line in shown.splitlines() if line.startswith(FORGED)]
    main([*command, "--json"])
    assert dangerous("".join(capsys.readouterr())) == set()


@pytest.mark.parametrize("suffix", ["flac", "wav", "ogg", "opus", "mp3"])
def test_every_tag_of_every_format_is_one_harmless_line(
    victim: DaemonProcess, track: dict[str, Any], tmp_path: Path, suffix: str
) -> None:
    with victim.client() as client:
        client.call("tracks_export", track_id=track["track_id"], path=str(tmp_path / f"x.{suffix}"))
    shown = tags_of(tmp_path / f"x.{suffix}")
    assert len(shown) >= 4
    assert [text for text in shown if dangerous(text) or "\n" in text] == []


def tags_of(file: Path) -> list[str]:
    """What a file says of itself, but for the recipe, which is for programs."""
    if file.suffix == ".wav":
        with soundfile.SoundFile(file) as wav:
            return [wav.title, wav.artist, wav.comment, wav.date]
    tags: Any = mutagen.File(file).tags
    values = [value for name, value in tags.items() if "LOFI_RECIPE" not in name.upper()]
    return [text for value in values for text in map(str, getattr(value, "text", value))]


def test_the_recipe_keeps_the_prompt_letter_by_letter(track: dict[str, Any]) -> None:
    assert track["prompt"] == EVIL
    assert track["recipe"]["prompt"] == EVIL


@pytest.mark.parametrize("text", NASTY)
def test_no_client_writes_into_the_log(victim: DaemonProcess, text: str) -> None:
    with victim.client() as client:
        for method, params in (
            ("hello", {"client": {"name": text, "version": text}}),
            (text, {}),
            ("tracks_get", {"track_id": text}),
            ("radio_start", {"preset": text}),
            ("generate", {"prompt": "x", "backend": text}),
            ("generate", {"prompt": text, "options": {text: text}}),
            ("audio_device_set", {"device": text}),
            ("subscribe", {"events": [text]}),
        ):
            with contextlib.suppress(LofiError):
                client.call(method, **params)
    # What came of it is in the log of the victim, which is looked through at its end.
