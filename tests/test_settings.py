"""Do defaults, file, variables and flags add up, and do mistakes get a helpful answer?"""

from pathlib import Path

import pytest

from lofi_core.config import Config
from lofi_core.errors import InvalidParams
from lofi_core.settings import Flags, load_settings
from lofi_core.settings.keys import Key, table


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def _refusal(config_file: Path, text: str) -> InvalidParams:
    config_file.write_text(text)
    with pytest.raises(InvalidParams) as caught:
        load_settings(Flags(config=config_file), {})
    return caught.value


def _variable_refusal(name: str, value: str) -> InvalidParams:
    with pytest.raises(InvalidParams) as caught:
        load_settings(Flags(), {name: value, "XDG_CONFIG_HOME": "/nowhere"})
    return caught.value


def test_without_any_word_every_value_is_the_default() -> None:
    settings = load_settings(Flags(), {"XDG_CONFIG_HOME": "/nowhere"})
    assert settings.config == Config()
    assert {settings.sources[key] for key in settings.sources if not key.startswith("paths.")} == {"default"}


def test_every_key_has_a_source(config_file: Path) -> None:
    config_file.write_text("")
    sources = load_settings(Flags(config=config_file), {}).sources
    assert {key for key in table() if "NAME" not in key} <= set(sources)


def test_the_file_wins_over_the_default(config_file: Path) -> None:
    config_file.write_text("queue_capacity = 3\n[runtime]\nthreads = 2\n")
    settings = load_settings(Flags(config=config_file), {})
    assert settings.config.queue_capacity == 3
    assert settings.config.runtime.threads == 2
    assert settings.sources["runtime.threads"] == str(config_file)


def test_a_variable_wins_over_the_file(config_file: Path) -> None:
    config_file.write_text("queue_capacity = 3")
    settings = load_settings(Flags(config=config_file), {"LOFI_QUEUE_CAPACITY": "4"})
    assert settings.config.queue_capacity == 4
    assert settings.sources["queue_capacity"] == "LOFI_QUEUE_CAPACITY"


def test_a_flag_wins_over_a_variable() -> None:
    settings = load_settings(
        Flags(verbose=True), {"LOFI_DAEMON_LOG_LEVEL": "error", "XDG_CONFIG_HOME": "/nowhere"}
    )
    assert settings.config.daemon.log_level == "debug"
    assert settings.sources["daemon.log_level"] == "--verbose"


@pytest.mark.parametrize(
    "key",
    [key for key in table().values() if "NAME" not in key.name and key.variable],
    ids=lambda key: key.name,
)
def test_every_key_can_be_set_by_its_variable(key: Key) -> None:
    assert key.variable
    text = "/x" if key.default in {None, ""} else str(key.default)
    settings = load_settings(Flags(), {key.variable: text, "XDG_CONFIG_HOME": "/nowhere"})
    assert settings.sources[key.name] == key.variable


def test_a_backend_is_configured_by_variables_too() -> None:
    environ = {
        "XDG_CONFIG_HOME": "/nowhere",
        "LOFI_BACKENDS_ACE_STEP_ENABLED": "False",
        "LOFI_BACKENDS_ACE_STEP_OPTIONS_SHIFT": "3.5",
        "LOFI_BACKENDS_ACE_STEP_OPTIONS_SCHEDULER": "heun",
    }
    backend = load_settings(Flags(), environ).config.backends["ace_step"]
    assert backend.enabled is False
    assert backend.options == {"shift": 3.5, "scheduler": "heun"}


def test_a_backends_options_are_merged_one_by_one(config_file: Path) -> None:
    config_file.write_text("[backends.x.options]\na = 1\nb = 2\n")
    settings = load_settings(Flags(config=config_file), {"LOFI_BACKENDS_X_OPTIONS_B": "3"})
    assert settings.config.backends["x"].options == {"a": 1, "b": 3}


def test_an_empty_variable_counts_as_unset() -> None:
    settings = load_settings(Flags(), {"LOFI_QUEUE_CAPACITY": "", "XDG_CONFIG_HOME": "/nowhere"})
    assert settings.sources["queue_capacity"] == "default"


def test_models_lie_beside_the_tracks_unless_somebody_says_otherwise(tmp_path: Path) -> None:
    flags = Flags(data_dir=tmp_path)
    assert load_settings(flags, {"XDG_CONFIG_HOME": "/nowhere"}).paths.models == tmp_path / "models"
    environ = {"LOFI_MODEL_DIR": "/models", "XDG_CONFIG_HOME": "/nowhere"}
    settings = load_settings(flags, environ)
    assert settings.paths.models == Path("/models")
    assert settings.sources["paths.models"] == "LOFI_MODEL_DIR"


def test_a_relative_path_in_the_file_starts_at_the_file(config_file: Path) -> None:
    config_file.write_text('[models]\ndir = "m"\n[backends.x]\nmodel_dir = "~/x"\n')
    settings = load_settings(Flags(config=config_file), {"HOME": "/home/kim"})
    assert settings.paths.models == config_file.parent / "m"
    assert settings.config.backends["x"].model_dir == "/home/kim/x"


def test_an_unknown_key_is_refused_with_a_suggestion(config_file: Path) -> None:
    error = _refusal(config_file, "que_capacity = 3")
    assert error.message == f"unknown key que_capacity in {config_file} (is 3)"
    assert error.hint == "did you mean 'queue_capacity'?"


def test_an_unknown_key_deep_in_the_file_is_refused_too(config_file: Path) -> None:
    error = _refusal(config_file, "[backends.procedural]\nenable = false")
    assert "unknown key backends.procedural.enable" in error.message
    assert error.hint == "did you mean 'enabled'?"


def test_an_unknown_variable_is_refused_with_a_suggestion() -> None:
    error = _variable_refusal("LOFI_AUDIO_VOLUMES", "1")
    assert error.message == "unknown variable LOFI_AUDIO_VOLUMES (is '1')"
    assert error.hint == "did you mean 'LOFI_AUDIO_VOLUME'?"


def test_what_all_variables_have_in_common_suggests_none_of_them() -> None:
    error = _variable_refusal("LOFI_FOO", "1")
    assert error.hint == "docs/configuration.md lists the known ones"


def test_a_value_out_of_range_names_file_key_value_and_range(config_file: Path) -> None:
    error = _refusal(config_file, "[audio]\nvolume = 7")
    assert error.message == f"audio.volume is 7 in {config_file}; must be a number from 0 to 1"


def test_a_value_of_no_choice_names_the_choices() -> None:
    error = _variable_refusal("LOFI_RUNTIME_DEVICE", "tpu")
    assert (
        error.message == "runtime.device is 'tpu' in LOFI_RUNTIME_DEVICE; must be 'auto' or 'cpu' or 'cuda'"
    )


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_a_value_that_is_no_finite_number_is_refused(value: str, config_file: Path) -> None:
    assert "audio.crossfade_sec is" in _refusal(config_file, f"[audio]\ncrossfade_sec = {value}").message
    assert "store.max_gb is" in _variable_refusal("LOFI_STORE_MAX_GB", value).message


def test_a_value_where_a_table_belongs_is_refused(config_file: Path) -> None:
    error = _refusal(config_file, "audio = 3")
    assert error.message == f"audio in {config_file} is 3, and must be a table"
    assert error.hint == "write it as [audio]"


def test_bad_toml_names_file_and_line(config_file: Path) -> None:
    error = _refusal(config_file, "queue_capacity = 3\nvolume = \n")
    assert str(config_file) in error.message
    assert "line 2" in error.message


def test_a_file_that_is_no_utf8_is_refused(config_file: Path) -> None:
    config_file.write_bytes(b"# \xff")
    with pytest.raises(InvalidParams, match="is no UTF-8"):
        load_settings(Flags(config=config_file), {})


def test_a_backend_name_that_cannot_be_one_is_refused(config_file: Path) -> None:
    assert "is no name of a backend" in _refusal(config_file, '[backends."a.b"]\nenabled = true').message


def test_a_configuration_file_that_was_asked_for_must_exist(config_file: Path) -> None:
    with pytest.raises(InvalidParams, match="does not exist") as caught:
        load_settings(Flags(config=config_file), {})
    assert caught.value.hint == "create it, or leave out --config"


def test_the_default_configuration_file_may_be_absent(tmp_path: Path) -> None:
    settings = load_settings(Flags(), {"XDG_CONFIG_HOME": str(tmp_path)})
    assert settings.paths.config == tmp_path / "lofi" / "config.toml"


def test_a_backends_table_may_be_spelt_as_its_users_do(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[backends.ace-step]\nenabled = false\n")
    config = load_settings(Flags(config=file), {"HOME": str(tmp_path)}).config
    assert config.backends["ace_step"].enabled is False


SCHEDULE = '[[radio.schedule]]\nfrom = "22:00"\nto = "06:30"\n'


def test_the_radio_has_a_schedule(config_file: Path) -> None:
    config_file.write_text(
        f'{SCHEDULE}preset = "night"\ndays = ["fri", "sat"]\n{SCHEDULE}prompts = ["slow piano"]\n'
    )
    settings = load_settings(Flags(config=config_file), {})
    night, piano = settings.config.radio.schedule
    assert (night.from_, night.to, night.preset, night.days) == ("22:00", "06:30", "night", ["fri", "sat"])
    assert piano.prompts == ["slow piano"]
    assert settings.sources["radio.schedule"] == str(config_file)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('from = "8"\nto = "12:00"\npreset = "x"', "from is '8'; must be a time from '00:00' to '24:00'"),
        ('from = "08:00"\nto = "24:30"\npreset = "x"', "to is '24:30'; must be a time"),
        ('from = "24:00"\nto = "08:00"\npreset = "x"', "the next day begins at '00:00'"),
        ('from = "08:00"\nto = "08:00"\npreset = "x"', "from and to are both '08:00'"),
        ('from = "08:00"\nto = "12:00"', "must have a preset or prompts, one of the two"),
        ('from = "08:00"\nto = "12:00"\npreset = "x"\nprompts = ["y"]', "one of the two"),
        ('from = "08:00"\nto = "12:00"\nprompts = [" "]', "one of the prompts is empty"),
        (
            'from = "08:00"\nto = "12:00"\npreset = "x"\ndays = ["Monday"]',
            "days has 'Monday'; must be of mon",
        ),
        ('from = "08:00"\nto = "12:00"\npreset = "x"\nday = ["mon"]', "unknown field `day`"),
        ('from = 08:00:00\nto = "12:00"\npreset = "x"', "from: Expected `str`, got `time`"),
        ('to = "12:00"\npreset = "x"', "missing required field `from`"),
    ],
)
def test_a_mistake_in_the_schedule_names_file_entry_and_remedy(
    config_file: Path, text: str, problem: str
) -> None:
    error = _refusal(config_file, f'{SCHEDULE}preset = "night"\n[[radio.schedule]]\n{text}\n')
    assert error.message.startswith(f"radio.schedule, entry 2, in {config_file}: ")
    assert problem in error.message
    assert 'from = "08:00", to = "12:00", preset = "focus"' in str(error.hint)


def test_one_table_where_the_schedule_belongs_is_refused(config_file: Path) -> None:
    error = _refusal(config_file, '[radio.schedule]\nfrom = "08:00"')
    assert error.message == f"radio.schedule in {config_file} must be a list of tables"
    assert "[[radio.schedule]]" in str(error.hint)


def test_the_schedule_has_no_variable() -> None:
    error = _variable_refusal("LOFI_RADIO_SCHEDULE", "[]")
    assert error.message == "LOFI_RADIO_SCHEDULE is set, and radio.schedule has no variable"
    assert "config.toml" in str(error.hint)
