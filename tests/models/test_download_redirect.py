"""Where a server that turned hostile may lead a download, and where not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from lofi_core import ModelFile
from lofi_core.errors import ModelDownloadFailed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.models.conftest import Pull
    from tests.models.server import ModelServer

HUB = "https://hub.test/model.bin"


@pytest.fixture
def redirects(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Address → where its server leads; everything else is a small file. Only the network is not real."""
    leads: dict[str, str] = {}

    async def answer(_transport: object, request: httpx.Request) -> httpx.Response:
        if location := leads.get(str(request.url)):
            return httpx.Response(302, headers={"Location": location})
        return httpx.Response(200, headers={"Content-Length": "1"}, stream=httpx.ByteStream(b"x"))

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", answer)
    return leads


@pytest.mark.parametrize(
    "leads_to",
    [
        "http://hub.test/model.bin",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "ftp://hub.test/x",
    ],
)
def test_an_encrypted_download_is_not_led_out_of_the_encryption(
    redirects: dict[str, str], pull: Pull, target: Path, leads_to: str
) -> None:
    redirects[HUB] = leads_to
    with pytest.raises(ModelDownloadFailed) as caught:
        pull(ModelFile("model.bin", url=HUB))
    assert "hub.test" in str(caught.value)
    assert not (target / "model.bin").exists()


def test_it_may_be_led_to_another_server_as_hubs_do(
    redirects: dict[str, str], pull: Pull, target: Path
) -> None:
    redirects[HUB] = "https://storage.test/blob"
    pull(ModelFile("model.bin", url=HUB))
    assert (target / "model.bin").read_bytes() == b"x"


def test_a_step_further_on_counts_too(redirects: dict[str, str], pull: Pull) -> None:
    redirects[HUB] = "https://storage.test/blob"
    redirects["https://storage.test/blob"] = "http://storage.test/blob"
    with pytest.raises(ModelDownloadFailed, match="not encrypted"):
        pull(ModelFile("model.bin", url=HUB))


@pytest.mark.parametrize("leads_to", ["file:///etc/passwd", "ftp://x/y", "unix:///run/docker.sock"])
def test_nothing_but_the_web_is_asked(server: ModelServer, pull: Pull, target: Path, leads_to: str) -> None:
    server.redirects["/resolve"] = (leads_to, {})
    with pytest.raises(ModelDownloadFailed):
        pull(ModelFile("model.bin", url=server.url("resolve")))
    assert not (target / "model.bin").exists()
