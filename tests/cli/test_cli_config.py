"""Does `config set` write what was meant, and nothing else?"""

import json
from pathlib import Path

import pytest

from lofi_core.settings import Flags, load_settings
from lofi_core.settings.keys import table
from tests.cli.conftest import Run


@pytest.fixture
def file(environ: Path) -> Path:
    return environ / "config" / "lofi" / "config.toml"


def test_a_value_is_set_where_no_file_was(run: Run, file: Path) -> None:
    done = run("config", "set", "radio.max_gb", "8")
    assert done == (0, f"radio.max_gb = 8.0 in {file}\n", "")
    assert load_settings(Flags(config=file), {}).config.radio.max_gb == 8


def test_everything_else_in_the_file_stays(run: Run, file: Path) -> None:
    schedule = '[[radio.schedule]]\nfrom = "08:00"\nto = "09:00"\npreset = "x"\n'
    before = f'# mine\n[radio]\nbackend = "hub" # fast\n{schedule}'
    file.parent.mkdir(parents=True)
    file.write_text(before)
    answer = json.loads(run("config", "set", "radio.pause_on_battery", "True", "--json").out)
    assert answer == {"key": "radio.pause_on_battery", "value": True, "config": str(file)}
    assert [line for line in before.splitlines() if line not in file.read_text()] == []
    radio = load_settings(Flags(config=file), {}).config.radio
    assert (radio.pause_on_battery, radio.backend, len(radio.schedule)) == (True, "hub", 1)


@pytest.mark.parametrize(
    ("key", "text", "name", "value"),
    [
        ("backends.ACE-Step.enabled", "false", "backends.ace_step.enabled", False),
        ("backends.x.options.swing", "0.6", "backends.x.options.swing", 0.6),
        ("backends.x.options.key", "d minor", "backends.x.options.key", "d minor"),
        ("backends.x.options.a.b", "1", "backends.x.options.a.b", 1),
        ("runtime.threads", "2", "runtime.threads", 2),
        ("radio.backend", "", "radio.backend", ""),
    ],
)
def test_a_value_has_the_type_of_its_key(run: Run, key: str, text: str, name: str, value: object) -> None:
    answer = json.loads(run("config", "set", key, text, "--json").out)
    assert (answer["key"], answer["value"]) == (name, value)
    shown = json.loads(run("config", "show", "--json").out)
    assert shown[name]["value"] == value


@pytest.mark.parametrize(
    "key", [key for key in table() if key.startswith("radio.") and key != "radio.schedule"]
)
def test_every_key_of_the_radio_can_be_set(run: Run, file: Path, key: str) -> None:
    default = table()[key].default
    run("config", "set", key, str(default))
    assert load_settings(Flags(config=file), {}).sources[key] == str(file)


def test_a_relative_path_is_one_of_the_directory_where_it_was_typed(run: Run, environ: Path) -> None:
    answer = json.loads(run("config", "set", "models.dir", "m", "--json").out)
    assert answer["value"] == str(environ / "m")


def test_a_variable_that_wins_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOFI_RADIO_PRESET", "rain")
    done = run("config", "set", "radio.preset", "night")
    assert done.err == "LOFI_RADIO_PRESET is set, and wins over what the configuration file says\n"


@pytest.mark.parametrize(
    ("key", "text", "problem"),
    [
        ("radio.presett", "x", "unknown key 'radio.presett'\nhint: did you mean 'radio.preset'?"),
        ("backends.x.enable", "true", "unknown key 'backends.x.enable'"),
        ("backends.NAME", "x", "unknown key 'backends.NAME'"),
        ("radio.max_gb", "-1", "must be a number of at least 0"),
        ("radio.max_gb", "nan", "must be a number of at least 0"),
        ("radio.pause_above_load", "60 %", "radio.pause_above_load is '60 %' in the command line"),
        (
            "radio.schedule",
            "[]",
            "radio.schedule cannot be set in one line\nhint: write it in config.toml: for",
        ),
        (
            "backends.x.options.y",
            "null",
            "is nothing, which the file cannot hold\nhint: take its line out of config.toml",
        ),
    ],
)
def test_a_mistake_changes_nothing(run: Run, file: Path, key: str, text: str, problem: str) -> None:
    done = run("config", "set", "--", key, text)
    assert done.exit_status == 1
    assert problem in done.err
    assert not file.exists()


def test_a_file_with_a_mistake_in_it_is_not_written_to(run: Run, file: Path) -> None:
    file.parent.mkdir(parents=True)
    file.write_text("radio = 3\n")
    done = run("config", "set", "radio.preset", "night")
    assert done.exit_status == 1
    assert "must be a table" in done.err
    assert file.read_text() == "radio = 3\n"
