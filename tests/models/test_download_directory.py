"""A download meets what is there already: files, parts, other processes, a full disk."""

from __future__ import annotations

import errno
import shutil
from typing import TYPE_CHECKING, NamedTuple

import anyio
import pytest

from lofi_core.backend import ModelFile, ModelFiles
from lofi_core.errors import ModelDownloadFailed, ModelNotFound
from lofi_core.integrity import PINS, wrong_files
from lofi_core.models.download import PARALLEL_FILES, Download
from lofi_core.models.fetch import Patience
from lofi_core.models.partial import Partial, part_size
from tests.models.conftest import IMPATIENT, Pull
from tests.models.content import CONTENT, HALF, SHA256, pinned
from tests.models.server import Fault, ModelServer

if TYPE_CHECKING:
    from pathlib import Path


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
