"""`HF_ENDPOINT` asks a mirror for what lies on the hub; what the file must be stays the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lofi_core.backend import ModelFile
from lofi_core.errors import ModelDownloadFailed
from lofi_core.integrity import read_pins
from lofi_core.models.mirror import address_of
from tests.models.content import CONTENT, pinned

if TYPE_CHECKING:
    from pathlib import Path

    from tests.models.conftest import Pull
    from tests.models.server import ModelServer

PATH = "facebook/some/resolve/abc/model.bin"
ON_THE_HUB = f"https://huggingface.co/{PATH}"


@pytest.mark.parametrize("mirror", ["http://mirror/", " http://mirror"])
def test_only_what_lies_on_the_hub_is_asked_of_the_mirror(mirror: str) -> None:
    environ = {"HF_ENDPOINT": mirror}
    assert address_of(ON_THE_HUB, environ) == f"http://mirror/{PATH}"
    for other in ("https://example.org/model.bin", "https://huggingface.com/model.bin"):
        assert address_of(other, environ) == other
    assert address_of(ON_THE_HUB, {"HF_ENDPOINT": ""}) == ON_THE_HUB


def test_a_mirror_without_an_address_is_told() -> None:
    with pytest.raises(ModelDownloadFailed, match="HF_ENDPOINT is 'mirror'; must be https:// or http://"):
        address_of(ON_THE_HUB, {"HF_ENDPOINT": "mirror"})


def test_a_file_from_a_mirror_is_that_of_the_hub_and_its_pin_says_who_brought_it(
    server: ModelServer, pull: Pull, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.put(PATH, CONTENT)
    monkeypatch.setenv("HF_ENDPOINT", server.address)
    unknown = ModelFile("model.bin", url=ON_THE_HUB)
    pull(unknown)
    assert (target / "model.bin").read_bytes() == CONTENT
    pin = read_pins(target)["model.bin"]
    assert (pin.url, pin.mirror) == (ON_THE_HUB, server.url(PATH))
    monkeypatch.delenv("HF_ENDPOINT")
    pull(unknown)  # nothing is wrong with it, so nobody is asked
    assert len(server.gets()) == 1


def test_a_mirror_cannot_put_other_bytes_in_the_place_of_known_ones(
    server: ModelServer, pull: Pull, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.put(PATH, CONTENT[::-1])
    monkeypatch.setenv("HF_ENDPOINT", server.address)
    with pytest.raises(ModelDownloadFailed, match="sha256"):
        pull(pinned(ON_THE_HUB))
    assert not (target / "model.bin").exists()
