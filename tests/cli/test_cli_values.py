"""Are options typed, files named, and values shown as people expect?"""

from pathlib import Path

import pytest

from lofi_core.cli.backend_options import parsed_options
from lofi_core.cli.output import clean, seconds, size
from lofi_core.cli.target import choose_target
from lofi_core.errors import InvalidOption, InvalidParams, NotPermitted, TrackWriteFailed
from tests.cli.conftest import without_privileges

SCHEMA = {
    "properties": {
        "key": {"type": "string"},
        "tempo": {"anyOf": [{"type": "number"}, {"type": "null"}]},
        "mood": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "drums": {"type": "boolean"},
        "scheduler": {"$ref": "#/$defs/Scheduler"},
    },
    "$defs": {"Scheduler": {"enum": ["euler", "1"]}},
}


@pytest.mark.parametrize(
    ("pair", "value"),
    [
        ("key=1", "1"),
        ("key=a=b", "a=b"),
        ("tempo=75", 75),
        ("tempo=7.5e1", 75.0),
        ("tempo=null", None),
        ("tempo=fast", "fast"),
        ("mood=null", None),
        ("mood=1", "1"),
        ("drums=true", True),
        ("scheduler=1", "1"),
        ("unknown=1", 1),
        ("unknown=x", "x"),
    ],
)
def test_an_option_gets_the_type_of_the_backends_schema(pair: str, value: object) -> None:
    assert parsed_options([pair], SCHEMA) == {pair.partition("=")[0]: value}


def test_options_of_a_backend_without_options_are_left_to_the_daemon() -> None:
    assert parsed_options(["tempo=75"], None) == {"tempo": 75}


@pytest.mark.parametrize("pair", ["tempo", "=75", ""])
def test_an_option_without_key_or_value_is_refused(pair: str) -> None:
    with pytest.raises(InvalidOption, match="is no KEY=VALUE"):
        parsed_options([pair], None)


def test_an_option_given_twice_is_refused() -> None:
    with pytest.raises(InvalidOption, match="'tempo' is given twice"):
        parsed_options(["tempo=1", "tempo=2"], None)


def _target(
    output: Path, tmp_path: Path, format_: str | None = None, prompt: str = "x", *, force: bool = False
) -> Path:
    return choose_target(output, format_, prompt, tmp_path / "data", force=force).path


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("Rainy night, jazzy rhodes, 75 bpm", "rainy-night-jazzy-rhodes-75-bpm.flac"),
        ("雨の夜", "雨の夜.flac"),
        ("../../etc/passwd", "etc-passwd.flac"),
        ("\x1b[2J", "2j.flac"),
        ("…", "lofi.flac"),
        ("a" * 300, "a" * 80 + ".flac"),
        ("é" * 300, "é" * 40 + ".flac"),
    ],
)
def test_a_directory_gets_a_file_named_after_the_prompt(tmp_path: Path, prompt: str, name: str) -> None:
    assert _target(tmp_path, tmp_path, prompt=prompt) == tmp_path.resolve() / name


def test_a_name_that_is_taken_gets_a_number(tmp_path: Path) -> None:
    (tmp_path / "x.flac").touch()
    (tmp_path / "x-2.flac").touch()
    assert _target(tmp_path, tmp_path).name == "x-3.flac"
    assert _target(tmp_path, tmp_path, force=True).name == "x.flac"


def test_the_format_names_the_suffix_of_a_file_in_a_directory(tmp_path: Path) -> None:
    assert _target(tmp_path, tmp_path, "mp3").name == "x.mp3"


def test_a_suffix_that_contradicts_the_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidParams, match=r"'a.wav' says wav, and --format says mp3"):
        _target(tmp_path / "a.wav", tmp_path, "mp3")


def test_a_suffix_that_names_no_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidParams, match=r"'a.xyz' has no suffix that names a format"):
        _target(tmp_path / "a.xyz", tmp_path)
    assert _target(tmp_path / "a.xyz", tmp_path, "wav").name == "a.xyz"


def test_a_directory_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrackWriteFailed, match="there is no folder"):
        _target(tmp_path / "nowhere" / "a.flac", tmp_path)


def test_a_directory_that_we_may_not_enter_is_refused_with_a_remedy(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o000)
    with without_privileges(), pytest.raises(TrackWriteFailed) as caught:
        choose_target(locked / "a.flac", None, "x", locked / "data", force=False)
    assert str(locked) in caught.value.message
    assert caught.value.hint


def test_a_file_inside_the_data_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with pytest.raises(NotPermitted, match="inside the data directory"):
        _target(tmp_path / "data" / "a.flac", tmp_path)


def test_text_cannot_steer_a_terminal() -> None:
    assert clean("a\x1b[31m\r\n\x07\x9b\u2028\u202e\udcff") == r"a\x1b[31m\r\n\x07\x9b\u2028\u202e\udcff"


def test_text_of_any_language_is_left_alone() -> None:
    text = "雨の夜, café ☔ 👩\u200d🎤"
    assert clean(text) == text


def test_spans_of_time_read_well() -> None:
    assert [seconds(value) for value in (0.4, 59, 125, 3725)] == ["0 s", "59 s", "2 min 5 s", "1 h 2 min"]


def test_sizes_read_well() -> None:
    counts = (7, 1200, 34_500_000, 2_000_000_000)
    assert [size(count) for count in counts] == ["7 B", "1.2 kB", "34.5 MB", "2.0 GB"]
