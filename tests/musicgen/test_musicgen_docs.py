"""docs/musicgen.md says what the code does."""

import re
from pathlib import Path

import msgspec
import pytest

from lofi_musicgen.build import FORMS
from lofi_musicgen.fingerprint import FILE
from lofi_musicgen.layouts import SUFFIXES
from lofi_musicgen.manifest import LICENCE
from lofi_musicgen.options import MusicGenOptions

PAGE = (Path(__file__).parents[2] / "docs" / "musicgen.md").read_text()


@pytest.mark.parametrize("field", msgspec.structs.fields(MusicGenOptions), ids=lambda field: field.name)
def test_every_option_is_in_the_page_with_its_default(field: msgspec.structs.FieldInfo) -> None:
    row = re.search(rf"^\| `{field.name}` \| `?([\w.]+)`? \|", PAGE, re.MULTILINE)
    assert row
    if field.default is not None:
        assert float(row[1]) == field.default


@pytest.mark.parametrize("name", [*FORMS, *(suffix for suffix in SUFFIXES if suffix), FILE])
def test_every_precision_and_ending_is_in_the_page(name: str) -> None:
    assert f"`{name}`" in PAGE


def test_the_licence_is_in_the_page() -> None:
    assert LICENCE.replace("-4", " 4") in PAGE
