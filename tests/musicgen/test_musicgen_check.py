"""`models check`: what is installed computes what it did, and its quantised forms are near float32."""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from lofi_core import LofiError, ModelLoadFailed, ModelNotFound, Runtime
from lofi_musicgen import check_model, export_model, load_model
from lofi_musicgen.fingerprint import FILE
from lofi_musicgen.weights import Checkpoint
from tests.musicgen.conftest import DATA, put_layout

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return put_layout("mono", tmp_path / "mono")


def check(place: Path) -> list[str]:
    lines: Iterator[str] = check_model(place, Runtime(threads=1))
    return list(lines)


def refusal(place: Path) -> LofiError:
    with pytest.raises(LofiError) as failure:
        check(place)
    assert failure.value.hint
    return failure.value


def scale(place: Path, name: str, factor: float) -> None:
    """Change one tensor of the checkpoint, which stays as long as it was."""
    (place / "model.safetensors").chmod(0o644)
    _, where = Checkpoint(place)._map(name)
    raw = np.memmap(where.file, np.float32, "r+", where.start, where.shape)
    raw *= factor
    raw.flush()


def test_the_second_check_compares_with_the_first(place: Path) -> None:
    assert check(place)[-1] == f"quality: first check; its numbers are remembered in {FILE}"
    assert check(place)[-1].startswith("quality: as at the first check")


def test_every_form_that_is_built_is_compared_with_float32(place: Path) -> None:
    for precision in ("fast", "exact"):
        load_model(place, Runtime(threads=1), precision)
    lines = check(place)
    (exact,) = (line for line in lines if line.startswith("exact, decoder"))
    assert "error 0.0e+00 of the logits, top-16 overlap 1.000" in exact
    (fast,) = (line for line in lines if line.startswith("fast, decoder"))
    error = float(fast.split("error ")[1].split()[0])
    assert 0.05 < error < 0.3
    assert not any(line.startswith("quality") for line in lines)
    assert not list(place.glob(".lofi-check-*"))


@pytest.mark.parametrize("layout", ["split", "merged", "stereo"])
def test_each_layout_is_checked(tmp_path: Path, layout: str) -> None:
    place = put_layout(layout, tmp_path / layout)
    check(place)
    form = "quality" if layout == "stereo" else "exported"
    assert check(place)[-1].startswith(f"{form}: as at the first check")


def test_other_weights_than_at_the_first_check_are_named_with_a_remedy(place: Path) -> None:
    check(place)
    scale(place, "decoder.lm_heads.2.weight", 1.3)
    failure = refusal(place)
    assert isinstance(failure, ModelLoadFailed)
    assert "the logits are not those of the first check" in failure.message
    assert "lofi-core pull musicgen" in str(failure.hint)
    assert FILE in str(failure.hint)
    (place / FILE).unlink()
    assert check(place)[-1].startswith("quality: first check")


def test_another_codec_than_at_the_first_check_is_named(place: Path) -> None:
    check(place)
    scale(place, "audio_encoder.decoder.layers.15.conv.parametrizations.weight.original0", 1.2)
    assert "the samples are not those" in refusal(place).message


def test_another_tokenizer_than_at_the_first_check_is_named(place: Path) -> None:
    check(place)
    file = place / "tokenizer.json"
    described = json.loads(file.read_text())
    described["model"]["vocab"][10], described["model"]["vocab"][11] = (
        described["model"]["vocab"][11],
        described["model"]["vocab"][10],
    )
    file.write_text(json.dumps(described))
    assert "tokenizer.json is another one" in refusal(place).message


def test_a_damaged_export_is_named(tmp_path: Path) -> None:
    place = put_layout("split", tmp_path / "split")
    check(place)
    other = put_layout("mono", tmp_path / "other")
    scale(other, "decoder.model.decoder.layers.0.fc2.weight", -1.0)
    (tmp_path / "made").mkdir()
    export_model(other, tmp_path / "made", "split", None, Runtime(threads=1))
    for name in ("decoder_model.onnx", "decoder_with_past_model.onnx"):
        shutil.copy(tmp_path / "made" / name, place / name)
    assert "exported: the logits are not those of the first check" in refusal(place).message


def test_built_graphs_that_are_damaged_are_told_from_a_wrong_checkpoint(place: Path) -> None:
    load_model(place, Runtime(threads=1), "exact")
    (data,) = place.glob("built-*/decoder-exact/step.onnx.data")
    values = np.memmap(data, np.float32, "r+")
    values[::2] *= -1.0
    values.flush()
    failure = refusal(place)
    assert "exact: the logits of the built graphs are" in failure.message
    assert "delete the built-… directory" in str(failure.hint)
    assert not (place / FILE).exists()


def test_weights_that_are_no_numbers_are_named(place: Path) -> None:
    load_model(place, Runtime(threads=1), "exact")
    scale(place, "decoder.model.decoder.layer_norm.weight", float("nan"))
    assert "not all numbers" in refusal(place).message


def test_a_fingerprint_that_cannot_be_read_is_named(place: Path) -> None:
    (place / FILE).write_text("{")
    assert f"{FILE} cannot be read" in refusal(place).message


def test_without_room_for_float32_graphs_the_rest_is_checked(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(10, 9, 1))
    lines = check(place)
    assert any(line.startswith("not compared with fp32") for line in lines)
    assert lines[-1].startswith("quality: first check")


def test_what_a_killed_check_left_is_removed(place: Path) -> None:
    (place / ".lofi-check-left").mkdir()
    check(place)
    assert not (place / ".lofi-check-left").exists()


def test_a_check_without_a_model_says_what_is_missing(tmp_path: Path) -> None:
    assert isinstance(refusal(tmp_path), ModelNotFound)


def test_the_reference_checkpoint_is_left_alone() -> None:
    assert not list((DATA / "mono").glob(".lofi*"))
