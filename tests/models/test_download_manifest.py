"""What a manifest may say, which variant is meant, and where it lies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lofi_core.backend import BackendSpec, ModelFile, ModelFiles
from lofi_core.errors import InvalidParams
from lofi_core.installed import Installed
from lofi_core.integrity import PINS, Pin, read_pins, set_pin
from lofi_core.models.remove import remove_variant
from lofi_core.models.variants import choose, directory_of, variant_state
from lofi_core.plugins import PluginRecord

if TYPE_CHECKING:
    from pathlib import Path

SMALL = ModelFiles("small", [ModelFile("m.bin", 3, url="https://x/s")])
LARGE = ModelFiles("large", [ModelFile("m.bin", 5, url="https://x/l")])
BY_HAND = ModelFiles("by-hand", ["m.bin", "key"])


def spec(*models: ModelFiles) -> BackendSpec:
    return BackendSpec("test", "Test", 8000, 1, 1, 60, "1", models=models)


@pytest.fixture
def record(tmp_path: Path) -> PluginRecord:
    return PluginRecord("test", tmp_path / "test")


def put(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "../up", "a/../../b", "a//b", "./a", "a/", "a\\b", "a\0b", ".", ".."]
)
def test_a_path_stays_inside_the_models_directory(path: str) -> None:
    with pytest.raises(ValueError, match="must stay inside the model's directory"):
        ModelFile(path)


@pytest.mark.parametrize("variant", ["", ".", "..", "a/b", "/a"])
def test_a_variant_has_a_plain_name(variant: str) -> None:
    with pytest.raises(ValueError, match="must be a plain name"):
        ModelFiles(variant, ["a"])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"sha256": "abc"}, "must be 64 hex digits"),
        ({"url": "file:///etc/passwd"}, "must be https:// or http://"),
        ({"url": "ftp://x/a"}, "must be https:// or http://"),
        ({"size_bytes": "many"}, "must be a whole number"),
    ],
)
def test_a_manifest_that_makes_no_sense_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        ModelFile("a", **fields)


def test_a_variant_names_a_file_once() -> None:
    with pytest.raises(ValueError, match="names a file twice"):
        ModelFiles("small", ["a", ModelFile("a")])


def test_digests_are_compared_in_lower_case() -> None:
    assert ModelFile("a", sha256="AB" * 32).sha256 == "ab" * 32


def test_without_a_word_the_first_variant_that_can_be_downloaded_is_meant(record: PluginRecord) -> None:
    assert choose(record, spec(BY_HAND, LARGE, SMALL), None) is LARGE
    assert choose(record, spec(BY_HAND), None) is BY_HAND


def test_the_variant_in_place_is_meant_before_that_and_the_configured_one_before_all(
    record: PluginRecord,
) -> None:
    record.installed = Installed("small", record.model_dir)
    assert choose(record, spec(LARGE, SMALL), None) is SMALL
    record.variant = "large"
    assert choose(record, spec(LARGE, SMALL), None) is LARGE
    assert choose(record, spec(LARGE, SMALL), "small") is SMALL


def test_an_unknown_variant_is_told_with_the_known_ones(record: PluginRecord) -> None:
    with pytest.raises(InvalidParams, match="no variant 'x'") as caught:
        choose(record, spec(LARGE, SMALL), "x")
    assert caught.value.hint == "it has large, small"


@pytest.mark.parametrize("models", [(), (LARGE, SMALL)])
def test_a_variant_without_a_name_is_an_unknown_one(
    record: PluginRecord, models: tuple[ModelFiles, ...]
) -> None:
    with pytest.raises(InvalidParams, match="has no variant"):
        choose(record, spec(*models), "")


def test_a_variant_belongs_into_a_directory_of_its_own(record: PluginRecord) -> None:
    assert directory_of(record, spec(SMALL, LARGE), LARGE) == record.model_dir / "large"


def test_a_variant_that_lies_in_the_model_directory_itself_is_left_there(record: PluginRecord) -> None:
    put(record.model_dir / "m.bin", "12345")
    both = spec(SMALL, LARGE)
    assert directory_of(record, both, LARGE) == record.model_dir
    assert directory_of(record, both, SMALL) == record.model_dir / "small"


def test_a_part_counts_to_what_is_on_the_disk(record: PluginRecord) -> None:
    put(record.model_dir / "small" / "m.bin.part", "12")
    state = variant_state(record, spec(SMALL), SMALL)
    assert (state.presence, state.bytes_on_disk, state.size_bytes) == ("partial", 2, 3)


# -- pins --------------------------------------------------------------------------------------------------

PIN = Pin(3, "ab" * 32, "first_use", "https://x/s")


def test_pins_come_and_go_one_by_one(tmp_path: Path) -> None:
    set_pin(tmp_path, "a", PIN)
    set_pin(tmp_path, "b/c", PIN)
    assert read_pins(tmp_path) == {"a": PIN, "b/c": PIN}
    set_pin(tmp_path, "a", None)
    set_pin(tmp_path, "b/c", None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[1, 2]", b'{"a": {"size_bytes": 3}}'])
def test_pins_that_cannot_be_read_are_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / PINS).write_bytes(content)
    assert read_pins(tmp_path) == {}


def test_a_pin_never_leads_out_of_its_directory(record: PluginRecord) -> None:
    own = record.model_dir / "small"
    put(record.model_dir / "precious", "precious")
    put(own / "m.bin", "123")
    set_pin(own, "m.bin", PIN)
    text = (own / PINS).read_text().replace('"m.bin"', '"../precious"')
    (own / PINS).write_text(text)
    remove_variant(variant_state(record, spec(SMALL), SMALL), force=True)
    assert (record.model_dir / "precious").read_text() == "precious"
