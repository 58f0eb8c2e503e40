"""Do the socket and the directories lie where the rules say?"""

import json
from pathlib import Path
from typing import Any

import pytest

from lofi_core.errors import InvalidParams
from lofi_core.paths import (
    SOCKET_LIMIT_BYTES,
    SocketPathTooLong,
    beside_data,
    config_place,
    data_place,
    home_dir,
    socket_place,
)

HOME = Path("/home/kim")
# The Lua client is tested from the same file.
CASES = json.loads((Path(__file__).parent / "data" / "socket_paths.json").read_text("utf-8"))


def _ask(case: dict[str, Any]) -> Path:
    flag = Path(case["flag"]) if "flag" in case else None
    return socket_place(case["env"], Path(case["home"]), flag, case.get("limit", SOCKET_LIMIT_BYTES)).path


@pytest.mark.parametrize("case", [case for case in CASES if "path" in case], ids=lambda case: case["name"])
def test_the_socket_lies_where_the_shared_table_says(case: dict[str, Any]) -> None:
    assert str(_ask(case)) == case["path"]


@pytest.mark.parametrize(
    "case", [case for case in CASES if "path" not in case], ids=lambda case: case["name"]
)
def test_a_socket_path_over_the_limit_is_an_error_that_says_both_lengths(case: dict[str, Any]) -> None:
    with pytest.raises(
        SocketPathTooLong, match=rf"{case['error_length']} bytes long.* takes {case['limit']}: /"
    ):
        _ask(case)


def test_a_socket_path_over_the_limit_names_the_remedy() -> None:
    with pytest.raises(InvalidParams) as caught:
        socket_place({}, HOME, Path("/" + "x" * 200))
    assert caught.value.hint == "choose a shorter one with --socket or LOFI_SOCKET"


def test_a_relative_flag_starts_where_the_user_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert socket_place({}, HOME, Path("s"), limit=4096).path == tmp_path / "s"


def test_the_configuration_file_follows_flag_then_variable_then_xdg() -> None:
    environ = {"LOFI_CONFIG": "/env/c.toml", "XDG_CONFIG_HOME": "/xdg"}
    assert config_place(environ, HOME, Path("/flag/c.toml")) == (Path("/flag/c.toml"), "--config")
    assert config_place(environ, HOME) == (Path("/env/c.toml"), "LOFI_CONFIG")
    assert config_place({"XDG_CONFIG_HOME": "/xdg"}, HOME) == (
        Path("/xdg/lofi/config.toml"),
        "XDG_CONFIG_HOME",
    )


def test_the_data_directory_follows_flag_then_variable_then_xdg() -> None:
    environ = {"LOFI_DATA_DIR": "/env/d", "XDG_DATA_HOME": "/xdg"}
    assert data_place(environ, HOME, Path("/flag/d")) == (Path("/flag/d"), "--data-dir")
    assert data_place(environ, HOME) == (Path("/env/d"), "LOFI_DATA_DIR")
    assert data_place({"XDG_DATA_HOME": "/xdg"}, HOME) == (Path("/xdg/lofi"), "XDG_DATA_HOME")


@pytest.mark.parametrize("kind", ["cache", "state"])
def test_a_data_directory_chosen_by_hand_holds_cache_and_state_too(kind: str) -> None:
    environ = {"XDG_CACHE_HOME": "/xdg", "XDG_STATE_HOME": "/xdg"}
    chosen = data_place(environ, HOME, Path("/flag/d"))
    assert beside_data(kind, environ, chosen).path == Path("/flag/d") / kind
    assert beside_data(kind, environ, data_place(environ, HOME)).path == Path("/xdg/lofi")


def test_without_xdg_variables_the_platform_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    place = data_place({}, HOME)
    assert place.source == "default"
    assert place.path.is_absolute()
    assert place.path.name == "lofi"


def test_a_user_without_home_is_told_to_set_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    with pytest.raises(InvalidParams) as caught:
        home_dir({})
    assert caught.value.hint == "set HOME"
