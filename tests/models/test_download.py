"""A variant is complete and right, or not there, whatever the server does."""

from __future__ import annotations

import errno
import random
import shutil
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

import anyio
import pytest

from lofi_core.backend import ModelFile, ModelFiles
from lofi_core.errors import ModelDownloadFailed, ModelNotFound
from lofi_core.integrity import PINS, read_pins, wrong_files
from lofi_core.models.download import PARALLEL_FILES, Download
from lofi_core.models.fetch import Patience
from lofi_core.models.partial import Partial, part_size
from tests.models.conftest import IMPATIENT, Pull
from tests.models.server import Fault, ModelServer

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = random.Random(1).randbytes(307_200)  # several reads of a socket
HALF = len(CONTENT) // 2
THIRD = len(CONTENT) // 3
SHA256 = sha256(CONTENT).hexdigest()


def pinned(url: str, path: str = "model.bin") -> ModelFile:
    return ModelFile(path, len(CONTENT), SHA256, url)


def put_part(target: Path, content: bytes, path: str = "model.bin") -> None:
    target.mkdir(parents=True, exist_ok=True)
    (target / f"{path}.part").write_bytes(content)


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


def test_what_came_first_counts_from_then_on(server: ModelServer, target: Path, pull: Pull) -> None:
    file = ModelFile("model.bin", url=server.put("model.bin", CONTENT))
    pull(file)
    (target / "model.bin").write_bytes(b"damaged" + CONTENT[7:])
    pull(file)
    assert (target / "model.bin").read_bytes() == CONTENT
    (target / "model.bin").unlink()
    server.put("model.bin", CONTENT[:-1] + b"?")
    with pytest.raises(ModelDownloadFailed, match=f"must have the sha256 {SHA256}"):
        pull(file)


def test_a_new_revision_is_fetched_and_trusted_anew(server: ModelServer, target: Path, pull: Pull) -> None:
    pull(ModelFile("model.bin", url=server.put("r1/model.bin", CONTENT)))
    pull(ModelFile("model.bin", url=server.put("r2/model.bin", CONTENT[::-1])))
    assert (target / "model.bin").read_bytes() == CONTENT[::-1]


# -- what is there already ---------------------------------------------------------------------------------


def test_only_what_is_missing_or_wrong_is_fetched(server: ModelServer, target: Path, pull: Pull) -> None:
    files = [pinned(server.put(name, CONTENT), name) for name in ("good", "bad", "short", "gone")]
    pull(*files)
    server.requests.clear()
    (target / "bad").write_bytes(b"X" + CONTENT[1:])
    (target / "short").write_bytes(CONTENT[:-1])
    (target / "gone").unlink()
    pull(*files)
    assert {request.path for request in server.requests} == {"/bad", "/short", "/gone"}
    assert {(target / file.path).read_bytes() for file in files} == {CONTENT}


def test_files_put_there_by_hand_need_no_network(server: ModelServer, target: Path, pull: Pull) -> None:
    target.mkdir(parents=True)
    (target / "model.bin").write_bytes(CONTENT)
    pull(pinned(server.url("model.bin")), verify=False)
    pull(pinned(server.url("model.bin")))
    pull(ModelFile("model.bin", url=server.url("model.bin")))
    assert server.requests == []
    assert not (target / PINS).exists()


def test_a_file_put_there_by_hand_is_kept_beside_the_one_that_replaces_it(
    server: ModelServer, target: Path, pull: Pull
) -> None:
    target.mkdir(parents=True)
    (target / "model.bin").write_bytes(b"my own")
    pull(pinned(server.put("model.bin", CONTENT)))
    assert (target / "model.bin").read_bytes() == CONTENT
    assert (target / "model.bin.old").read_bytes() == b"my own"


def test_a_file_nobody_can_download_is_named(server: ModelServer, target: Path, pull: Pull) -> None:
    with pytest.raises(ModelNotFound, match=r"download tokenizer\.json from"):
        pull(ModelFile("tokenizer.json"), pinned(server.put("model.bin", CONTENT)))
    assert server.requests == []


# -- room, order, end --------------------------------------------------------------------------------------


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.mark.parametrize("size", [None, len(CONTENT)])
def test_a_disk_too_small_is_found_out_before_anything_comes(
    server: ModelServer, target: Path, pull: Pull, monkeypatch: pytest.MonkeyPatch, size: int | None
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 10**9, 2 * len(CONTENT)))
    files = [ModelFile(name, size, url=server.put(name, CONTENT)) for name in "abc"]
    with pytest.raises(ModelDownloadFailed, match=r"bytes are to be written .* has room for 614,400"):
        pull(*files)
    assert server.gets() == []


def test_a_disk_that_fills_up_is_told_and_what_came_is_kept(
    server: ModelServer, target: Path, pull: Pull, monkeypatch: pytest.MonkeyPatch
) -> None:
    def append(partial: Partial, data: bytes) -> None:
        write(partial, data[:HALF])
        raise OSError(errno.ENOSPC, "No space left on device")

    write = Partial.append
    file = pinned(server.put("model.bin", CONTENT))
    monkeypatch.setattr(Partial, "append", append)
    with pytest.raises(ModelDownloadFailed, match=f"disk of {target} is full"):
        pull(file)
    monkeypatch.setattr(Partial, "append", write)
    assert part_size(target / "model.bin") == HALF
    pull(file)
    assert server.ranges("model.bin") == [None, f"bytes={HALF}-"]


def test_a_part_that_is_a_link_is_not_followed(server: ModelServer, target: Path, pull: Pull) -> None:
    target.mkdir(parents=True)
    (target / "precious").write_bytes(b"precious")
    (target / "model.bin.part").symlink_to("precious")
    with pytest.raises(ModelDownloadFailed, match="cannot write"):
        pull(pinned(server.put("model.bin", CONTENT)))
    assert (target / "precious").read_bytes() == b"precious"


def test_a_directory_that_cannot_be_written_is_named(server: ModelServer, target: Path, pull: Pull) -> None:
    target.parent.mkdir(parents=True)
    target.write_bytes(b"a file where the directory should be")
    with pytest.raises(ModelDownloadFailed, match=f"cannot write {target}"):
        pull(pinned(server.put("model.bin", CONTENT)))


@pytest.mark.anyio
async def test_nothing_has_its_name_before_it_is_whole(server: ModelServer, target: Path) -> None:
    model = ModelFiles("small", [pinned(server.put("model.bin", CONTENT, Fault(stall_after=HALF)))])
    download = Download(model, target, verify=True, show=lambda _: None, patience=IMPATIENT)
    received, half_is_here = download.tally.received, anyio.Event()

    def note(count: int) -> None:
        received(count)
        if download.tally._received == HALF:
            half_is_here.set()

    download.tally.received = note  # type: ignore[method-assign]
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(download.run)
        await half_is_here.wait()
        tasks.cancel_scope.cancel()
    assert part_size(target / "model.bin") == HALF
    assert list(wrong_files(model, target)) == ["model.bin"]


@pytest.mark.anyio
async def test_several_files_come_at_once_but_not_all(server: ModelServer, target: Path) -> None:
    files = [pinned(server.put(f"f{n}", CONTENT, Fault(stall_after=1)), f"f{n}") for n in range(6)]
    model = ModelFiles("small", files)
    download = Download(model, target, verify=True, show=lambda _: None, patience=Patience())
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(download.run)
        for _ in range(PARALLEL_FILES):
            await anyio.to_thread.run_sync(server.stalling.acquire)
        assert len(server.gets()) == PARALLEL_FILES
        server.released.set()
    assert not wrong_files(model, target)


def test_two_processes_do_not_write_the_same_part(server: ModelServer, target: Path, pull: Pull) -> None:
    other = Partial(target / "model.bin", "http://x", keep_unknown=True)
    with pytest.raises(ModelDownloadFailed, match="another process is downloading"):
        pull(pinned(server.put("model.bin", CONTENT)))
    other.close()


def test_one_failure_ends_the_rest_and_keeps_what_came(server: ModelServer, target: Path, pull: Pull) -> None:
    good = pinned(server.put("good", CONTENT, Fault(stall_after=HALF)), "good")
    with pytest.raises(ModelDownloadFailed, match="gone from"):
        pull(good, ModelFile("gone", 5, url=server.put("gone", b"12345", Fault(status=404))))
    assert not (target / "good").exists()


def test_a_proxy_of_the_environment_is_used(
    server: ModelServer, target: Path, pull: Pull, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.address)
    server.files["http://models.invalid/model.bin"] = CONTENT
    pull(pinned("http://models.invalid/model.bin"))
    assert (target / "model.bin").read_bytes() == CONTENT


def test_a_proxy_that_makes_no_sense_is_named(
    server: ModelServer, pull: Pull, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "nonsense://x")
    with pytest.raises(ModelDownloadFailed, match="cannot set up downloads"):
        pull(pinned(server.put("model.bin", CONTENT)))
