"""A variant is complete and right, or not there, whatever the server does."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from lofi_core.backend import ModelFile
from lofi_core.errors import ModelDownloadFailed
from lofi_core.integrity import PINS, read_pins
from tests.models.content import CONTENT, HALF, SHA256, THIRD, pinned, put_part
from tests.models.server import Fault, ModelServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.models.conftest import Pull


def test_a_file_is_fetched_checked_and_pinned(server: ModelServer, target: Path, pull: Pull) -> None:
    url = server.put("model.bin", CONTENT)
    pull(pinned(url))
    assert (target / "model.bin").read_bytes() == CONTENT
    pin = read_pins(target)["model.bin"]
    assert (pin.sha256, pin.size_bytes, pin.trust, pin.url) == (SHA256, len(CONTENT), "manifest", url)
    assert sorted(path.name for path in target.iterdir()) == [PINS, "model.bin"]


def test_files_in_directories_of_their_own_and_an_empty_one_arrive(
    server: ModelServer, target: Path, pull: Pull
) -> None:
    files = [ModelFile(f"onnx/{n}.onnx", url=server.put(f"{n}", bytes([n]) * n)) for n in range(9)]
    pull(*files)
    assert [(target / file.path).read_bytes() for file in files] == [bytes([n]) * n for n in range(9)]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(cut_after=THIRD),
        Fault(cut_after=0),
        Fault(stall_after=THIRD),
        Fault(stall_after=0),
        Fault(cut_after=THIRD, chunked=True),
        Fault(status=500),
        Fault(status=503, headers={"Retry-After": "0"}),
        Fault(status=429, headers={"Retry-After": "3600"}),
        Fault(headers={"Content-Length": str(len(CONTENT))}, cut_after=THIRD),
    ],
    ids=["cut", "cut at once", "stall", "stall at once", "cut chunks", "500", "503", "429", "length of all"],
)
def test_what_passes_is_waited_for(server: ModelServer, target: Path, pull: Pull, fault: Fault) -> None:
    pull(pinned(server.put("model.bin", CONTENT, fault, fault)))
    assert (target / "model.bin").read_bytes() == CONTENT
    assert len(server.gets()) == 3


def test_a_cut_goes_on_from_where_it_was(server: ModelServer, target: Path, pull: Pull) -> None:
    pull(pinned(server.put("model.bin", CONTENT, Fault(cut_after=HALF))))
    assert server.ranges("model.bin") == [None, f"bytes={HALF}-"]
    assert server.gets()[1].headers["if-range"] == f'"v-{SHA256[:8]}"'


def test_many_cuts_are_no_failure_while_something_comes(
    server: ModelServer, target: Path, pull: Pull
) -> None:
    cuts = [Fault(cut_after=len(CONTENT) // 10)] * 9
    pull(pinned(server.put("model.bin", CONTENT, *cuts)))
    assert (target / "model.bin").read_bytes() == CONTENT


def test_a_server_that_never_recovers_is_given_up_and_what_came_is_kept(
    server: ModelServer, target: Path, pull: Pull
) -> None:
    url = server.put("model.bin", CONTENT, Fault(cut_after=HALF))
    server.always["/model.bin"] = Fault(status=502)
    with pytest.raises(ModelDownloadFailed, match=r"model\.bin from .*502.*3 attempts"):
        pull(pinned(url))
    assert (target / "model.bin.part").read_bytes() == CONTENT[:HALF]
    assert not (target / "model.bin").exists()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
def test_a_refusal_is_told_at_once(server: ModelServer, pull: Pull, status: int) -> None:
    url = server.put("model.bin", CONTENT, Fault(status=status))
    with pytest.raises(ModelDownloadFailed, match=rf"model\.bin from .* answers {status}"):
        pull(pinned(url))
    assert len(server.gets()) == 1


def test_nobody_at_the_address_is_told(server: ModelServer, pull: Pull) -> None:
    with pytest.raises(ModelDownloadFailed, match=r"ConnectError.*gave up after 3 attempts"):
        pull(ModelFile("model.bin", url="http://127.0.0.1:1/model.bin"))


def test_a_server_that_ignores_ranges_sends_all_of_it_again(
    server: ModelServer, target: Path, pull: Pull
) -> None:
    pull(pinned(server.put("model.bin", CONTENT, Fault(cut_after=HALF), Fault(ignore_range=True))))
    assert (target / "model.bin").read_bytes() == CONTENT


def test_a_server_that_ignores_ranges_and_always_cuts_is_given_up(server: ModelServer, pull: Pull) -> None:
    url = server.put("model.bin", CONTENT)
    server.always["/model.bin"] = Fault(ignore_range=True, cut_after=HALF)
    with pytest.raises(ModelDownloadFailed, match="gave up"):
        pull(pinned(url))
    assert len(server.gets()) <= 4


@pytest.mark.parametrize("etags", [('"one"', '"two"'), ("", ""), ('W/"a"', 'W/"a"')], ids=str)
def test_a_file_that_changed_upstream_starts_anew(
    server: ModelServer, target: Path, pull: Pull, etags: tuple[str, str]
) -> None:
    file = ModelFile("model.bin", url=server.put("model.bin", b"old" * 100_000, Fault(cut_after=HALF)))
    server.always["/model.bin"] = Fault(status=503)
    server.etags["/model.bin"] = etags[0]
    with pytest.raises(ModelDownloadFailed):
        pull(file)
    assert (target / "model.bin.part").stat().st_size == HALF
    server.put("model.bin", CONTENT)
    server.etags["/model.bin"] = etags[1]
    del server.always["/model.bin"]
    pull(file)
    assert (target / "model.bin").read_bytes() == CONTENT


def test_a_206_that_begins_elsewhere_is_not_appended(server: ModelServer, target: Path, pull: Pull) -> None:
    elsewhere = Fault(headers={"Content-Range": f"bytes 0-{HALF - 1}/{len(CONTENT)}"}, body=CONTENT[:HALF])
    url = server.put("model.bin", CONTENT, Fault(cut_after=HALF), elsewhere)
    pull(ModelFile("model.bin", url=url))  # no digest would catch it
    assert (target / "model.bin").read_bytes() == CONTENT


def test_a_complete_part_is_accepted_without_a_request(server: ModelServer, target: Path, pull: Pull) -> None:
    put_part(target, CONTENT)
    pull(pinned(server.put("model.bin", CONTENT)))
    assert (target / "model.bin").read_bytes() == CONTENT
    assert server.requests == []


def test_a_complete_part_of_unknown_size_is_accepted_on_416(
    server: ModelServer, target: Path, pull: Pull
) -> None:
    put_part(target, CONTENT)
    pull(ModelFile("model.bin", None, SHA256, server.put("model.bin", CONTENT)))
    assert (target / "model.bin").read_bytes() == CONTENT
    assert server.ranges("model.bin") == [f"bytes={len(CONTENT)}-"]


def test_a_part_that_is_too_long_for_the_server_starts_anew(
    server: ModelServer, target: Path, pull: Pull
) -> None:
    put_part(target, CONTENT + b"more")
    pull(ModelFile("model.bin", None, SHA256, server.put("model.bin", CONTENT)))
    assert (target / "model.bin").read_bytes() == CONTENT


def test_a_part_of_something_else_is_fetched_again_once(
    server: ModelServer, target: Path, pull: Pull
) -> None:
    put_part(target, b"x" * HALF)
    pull(pinned(server.put("model.bin", CONTENT)))
    assert (target / "model.bin").read_bytes() == CONTENT


def test_a_part_nobody_can_vouch_for_is_not_used(server: ModelServer, target: Path, pull: Pull) -> None:
    put_part(target, b"x" * HALF)
    pull(ModelFile("model.bin", url=server.put("model.bin", CONTENT)))
    assert server.ranges("model.bin") == [None]


def test_wrong_bytes_never_get_the_name(server: ModelServer, target: Path, pull: Pull) -> None:
    wrong = bytes(len(CONTENT))
    url = server.put("model.bin", CONTENT, Fault(body=wrong))
    with pytest.raises(
        ModelDownloadFailed, match=rf"model\.bin .* sha256 {sha256(wrong).hexdigest()}.*{SHA256}"
    ):
        pull(pinned(url))
    assert [path.name for path in target.iterdir()] == []


def test_another_size_is_refused_before_it_comes(server: ModelServer, target: Path, pull: Pull) -> None:
    url = server.put("model.bin", CONTENT + b"longer")
    with pytest.raises(ModelDownloadFailed, match=rf"size {len(CONTENT) + 6}; must have .* {len(CONTENT)}"):
        pull(pinned(url))
    assert [path.name for path in target.iterdir()] == []


def test_more_than_there_should_be_does_not_fill_the_disk(
    server: ModelServer, target: Path, pull: Pull
) -> None:
    url = server.put("model.bin", CONTENT, Fault(chunked=True, body=CONTENT[:-1] + b"xx" * 1000))
    with pytest.raises(ModelDownloadFailed, match=f"more than the {len(CONTENT):,} bytes"):
        pull(pinned(url))
    assert (target / "model.bin.part").stat().st_size == len(CONTENT)


def test_a_file_without_any_length_arrives(server: ModelServer, target: Path, pull: Pull) -> None:
    url = server.put("model.bin", CONTENT, Fault(chunked=True))
    server.etags["/model.bin"] = ""
    pull(ModelFile("model.bin", url=url))
    assert read_pins(target)["model.bin"].trust == "first_use"


def test_an_encoded_answer_is_refused(server: ModelServer, pull: Pull) -> None:
    url = server.put("model.bin", CONTENT, Fault(headers={"Content-Encoding": "gzip"}))
    with pytest.raises(ModelDownloadFailed, match="encoded"):
        pull(pinned(url))
    assert server.gets()[0].headers["accept-encoding"] == "identity"


def test_a_web_page_in_place_of_a_file_is_refused(server: ModelServer, target: Path, pull: Pull) -> None:
    page = Fault(headers={"Content-Type": "text/html; charset=utf-8"}, body=CONTENT)
    url = server.put("config.json", CONTENT, page)
    with pytest.raises(ModelDownloadFailed, match="a web page came in its place"):
        pull(ModelFile("config.json", url=url))
    assert not (target / "config.json").exists()


# -- trust on first use ------------------------------------------------------------------------------------


def test_a_hubs_own_digest_is_believed_and_recorded(server: ModelServer, target: Path, pull: Pull) -> None:
    server.redirects["/resolve"] = (
        server.put("blob", CONTENT),
        {"X-Linked-Etag": f'"{SHA256}"', "X-Linked-Size": str(len(CONTENT))},
    )
    server.etags["/blob"] = f'"{"0" * 64}"'  # the storage's own, and no digest of the content
    pull(ModelFile("model.bin", url=server.url("resolve")))
    assert read_pins(target)["model.bin"].trust == "server"
    assert read_pins(target)["model.bin"].sha256 == SHA256


def test_bytes_that_are_not_what_the_hub_says_are_refused(
    server: ModelServer, target: Path, pull: Pull
) -> None:
    server.redirects["/resolve"] = (server.put("blob", CONTENT), {"X-Linked-Etag": f'"{"a" * 64}"'})
    with pytest.raises(ModelDownloadFailed, match=f"sha256 {SHA256}; must have the sha256 {'a' * 64}"):
        pull(ModelFile("model.bin", url=server.url("resolve")))
    assert not (target / "model.bin").exists()


def test_a_redirected_download_resumes_behind_the_redirect(
    server: ModelServer, target: Path, pull: Pull
) -> None:
    server.redirects["/resolve"] = (server.put("blob", CONTENT, Fault(cut_after=HALF)), {})
    pull(ModelFile("model.bin", url=server.url("resolve")))
    assert server.ranges("blob") == [None, f"bytes={HALF}-"]
    assert (target / "model.bin").read_bytes() == CONTENT


def test_endless_redirects_are_told(server: ModelServer, pull: Pull) -> None:
    server.redirects["/round"] = (server.url("round"), {})
    with pytest.raises(ModelDownloadFailed, match="TooManyRedirects"):
        pull(ModelFile("model.bin", url=server.url("round")))
