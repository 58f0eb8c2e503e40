"""Are the presets that come with it sound, and do the user's own get a helpful answer?"""

import logging
import random
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from lofi_core.errors import InvalidParams
from lofi_core.radio.presets import SHIPPED, find_preset, load_presets, presets_dir
from lofi_core.radio.wording import expand
from lofi_procedural.words import read_prompt

NOWHERE = Path("/nowhere/presets")
SHIPPED_PRESETS = load_presets(NOWHERE)
ROOT = Path(__file__).parents[2]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    directory = presets_dir(tmp_path / "config.toml")
    directory.mkdir()
    return directory


def _refusal(own: Path, text: str, name: str = "mine") -> InvalidParams:
    (own / f"{name}.toml").write_text(text)
    with pytest.raises(InvalidParams) as caught:
        find_preset(name, own)
    return caught.value


def test_every_file_that_comes_with_it_is_a_preset() -> None:
    assert set(SHIPPED_PRESETS) == {path.stem for path in SHIPPED.glob("*.toml")}
    assert {"lofi", "focus", "night", "rain", "morning", "piano", "ambient", "bossa"} <= set(SHIPPED_PRESETS)


@pytest.mark.parametrize("name", SHIPPED_PRESETS)
def test_the_embedded_backend_understands_every_word_of_a_preset(name: str) -> None:
    preset, chance = SHIPPED_PRESETS[name], random.Random(1)
    for prompt in {expand(preset.prompts, chance) for _ in range(200)}:
        brief = read_prompt(prompt)
        assert brief.unknown == (), prompt
        assert brief.instruments, prompt


@pytest.mark.parametrize("name", SHIPPED_PRESETS)
def test_any_backend_can_play_a_preset(name: str) -> None:
    preset = SHIPPED_PRESETS[name]
    assert preset.backend is None
    assert preset.options == {}


@pytest.mark.parametrize("name", SHIPPED_PRESETS)
def test_the_tempos_of_a_preset_cross_over_well(name: str) -> None:
    chance = random.Random(1)
    prompts = SHIPPED_PRESETS[name].prompts
    tempos = [read_prompt(expand(prompts, chance)).tempo for _ in range(200)]
    stated = [tempo for tempo in tempos if tempo is not None]
    assert len(stated) in {0, len(tempos)}
    assert not stated or max(stated) / min(stated) < 1.07


def test_the_wheel_brings_the_presets(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for path in SHIPPED.glob("*.toml"):
        assert f"lofi_core/radio/presets/{path.name}" in names


def test_a_user_adds_a_preset(own: Path) -> None:
    (own / "mine.toml").write_text(
        'title = "Mine"\nprompts = ["slow {harp|piano}"]\nbackend = "ACE-Step"\n'
        "duration_sec = 90\n[options]\nshift = 3\n"
    )
    preset = find_preset("Mine", own)
    assert load_presets(own)["mine"] == preset
    assert preset.title == "Mine"
    assert preset.prompts == ("slow {harp|piano}",)
    assert (preset.backend, preset.duration_sec, preset.options) == ("ace_step", 90, {"shift": 3})


def test_a_users_preset_wins_over_the_one_that_came_with_it(own: Path) -> None:
    (own / "lofi.toml").write_text('prompts = ["banjo"]')
    assert load_presets(own)["lofi"].prompts == ("banjo",)
    assert find_preset("lofi", own).prompts == ("banjo",)


def test_a_preset_may_extend_one_that_came_with_it(own: Path) -> None:
    (own / "focus.toml").write_text('extends = "focus"\nduration_sec = 60\n[options]\nvinyl = 0\n')
    preset = find_preset("focus", own)
    assert preset.prompts == SHIPPED_PRESETS["focus"].prompts
    assert preset.title == SHIPPED_PRESETS["focus"].title
    assert (preset.duration_sec, preset.options) == (60, {"vinyl": 0})


def test_a_preset_that_is_not_there_is_told_with_a_near_name(own: Path) -> None:
    with pytest.raises(InvalidParams) as caught:
        find_preset("focsu", own)
    assert caught.value.message == "there is no preset 'focsu'"
    assert caught.value.hint == f"did you mean 'focus'?; your own go to {own / 'NAME.toml'}"


def test_a_bad_preset_does_not_hide_the_others(own: Path, caplog: pytest.LogCaptureFixture) -> None:
    (own / "bad.toml").write_text("prompts = 3")
    (own / "good.toml").write_text('prompts = ["harp"]')
    with caplog.at_level(logging.WARNING, "lofi.radio"):
        found = load_presets(own)
    assert set(found) == {*SHIPPED_PRESETS, "good"}
    assert str(own / "bad.toml") in caplog.text


def test_a_bad_preset_is_not_replaced_in_silence_by_the_one_that_came_with_it(own: Path) -> None:
    assert "no TOML" in _refusal(own, "prompts =", "lofi").message
    assert "lofi" not in load_presets(own)


@pytest.mark.parametrize(
    ("text", "problem", "remedy"),
    [
        ("prompts =", "is no TOML", "a line reads"),
        ('title = "x"', "there are no prompts in", 'prompts = ["slow piano"]'),
        ("prompts = []", "prompts is [] in", 'prompts = ["slow piano"]'),
        ('prompts = "piano"', "prompts is 'piano' in", 'prompts = ["slow piano"]'),
        ("prompts = [3]", "prompts is [3] in", 'prompts = ["slow piano"]'),
        ('prompts = [" "]', "can come out without any words: ' '", "write words"),
        ('prompts = ["{a|}"]', "can come out without any words", "write words"),
        ('prompts = ["{a|b"]', "has a { without its }", "write words"),
        ('prompts = ["a}b{"]', "has a } without a { before it", "write words"),
        (f'prompts = ["{"x" * 2001}"]', "has 2001 characters; at most 2000", "write words"),
        ('prompts = ["x"]\npromts = ["y"]', "unknown key promts", "did you mean 'prompts'?"),
        ('prompts = ["x"]\nextends = "focsu"', "extends is 'focsu' in", "did you mean 'focus'?"),
    ],
)
def test_a_mistake_in_a_preset_names_file_value_and_remedy(
    own: Path, text: str, problem: str, remedy: str
) -> None:
    error = _refusal(own, text)
    assert problem in error.message
    assert str(own / "mine.toml") in error.message
    assert remedy in str(error.hint)


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "1e9", '"long"'])
def test_a_length_that_is_none_is_refused_with_what_would_be_one(own: Path, value: str) -> None:
    error = _refusal(own, f'prompts = ["x"]\nduration_sec = {value}')
    assert "duration_sec is" in error.message
    assert error.message.endswith("must be a number from 1 to 3600")


def test_a_file_whose_name_cannot_be_typed_is_refused(own: Path) -> None:
    assert "is no name of a preset" in _refusal(own, 'prompts = ["x"]', "a b").message


def test_a_preset_that_cannot_be_read_is_told(own: Path) -> None:
    (own / "mine.toml").mkdir()
    with pytest.raises(InvalidParams, match="cannot read the preset"):
        find_preset("mine", own)
    (own / "binary.toml").write_bytes(b"# \xff")
    with pytest.raises(InvalidParams, match="is no UTF-8"):
        find_preset("binary", own)
