"""The page about ACE-Step says what is so."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from lofi_acestep.manifest import LICENCE, PUBLISHED
from lofi_acestep.options import ACEStepOptions

PAGE = (Path(__file__).parents[2] / "docs" / "acestep.md").read_text()


def row_of(option: str) -> list[str]:
    (row,) = (line for line in PAGE.splitlines() if line.startswith(f"| `{option}` |"))
    return [cell.strip() for cell in row.strip("|").split("|")]


@pytest.mark.parametrize("field", msgspec.structs.fields(ACEStepOptions), ids=lambda field: field.name)
def test_every_option_is_in_the_page_with_its_default_and_range(field: msgspec.structs.FieldInfo) -> None:
    _, default, values, *_ = row_of(field.name)
    match field.default:
        case None:
            assert default == ""
        case str():
            assert default == f"`{field.default}`"
        case _:
            assert default == f"{field.default:g}"
    schema = msgspec.json.schema(field.type)
    for part in schema.get("anyOf", [schema]):
        if "minimum" in part:
            assert values == f"{part['minimum']} to {part['maximum']}"
        for value in part.get("enum", ()):
            assert f"`{value}`" in values


@pytest.mark.parametrize("file", PUBLISHED)
def test_every_file_is_in_the_page(file: str) -> None:
    assert f"`{file}`" in PAGE


def test_the_licence_is_in_the_page() -> None:
    assert LICENCE in PAGE
