"""What the daemon runs on follows from what is wanted and what is there."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import pytest

from lofi_core.errors import InvalidParams
from lofi_core.event_loop import calm_threads, choose_loop, run_on

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

uvloop = pytest.importorskip("uvloop")


@pytest.fixture
def without_uvloop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)


@pytest.fixture
def switch_interval() -> Iterator[None]:
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


@pytest.mark.parametrize(
    ("wanted", "loop"), [("auto", "uvloop"), ("uvloop", "uvloop"), ("asyncio", "asyncio")]
)
def test_where_uvloop_is_installed_it_is_used_unless_somebody_objects(wanted: str, loop: str) -> None:
    assert choose_loop(wanted) == loop


@pytest.mark.usefixtures("without_uvloop")
def test_without_uvloop_asyncio_does() -> None:
    assert choose_loop("auto") == choose_loop("asyncio") == "asyncio"


@pytest.mark.usefixtures("without_uvloop")
def test_who_insists_on_uvloop_is_told_how_to_get_it() -> None:
    with pytest.raises(InvalidParams) as caught:
        choose_loop("uvloop")
    assert "pip install 'lofi-core[uvloop]'" in caught.value.text()


def test_one_that_cannot_be_imported_costs_nobody_the_daemon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "uvloop.py").write_text("raise ImportError('made for another system')")
    monkeypatch.delitem(sys.modules, "uvloop")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert choose_loop("auto") == "asyncio"
    assert "uvloop cannot be imported: made for another system" in caplog.text
    with pytest.raises(InvalidParams, match="which cannot be imported: made for another system"):
        choose_loop("uvloop")


def test_a_function_runs_on_the_loop_that_was_chosen() -> None:
    async def running() -> object:
        return type(asyncio.get_running_loop())

    assert run_on("uvloop", running) is uvloop.Loop
    assert run_on("asyncio", running) is asyncio.SelectorEventLoop


@pytest.mark.usefixtures("switch_interval")
def test_numpy_gets_one_thread_unless_somebody_said_otherwise() -> None:
    environ: dict[str, str] = {}
    calm_threads(environ)
    assert environ == {"OPENBLAS_NUM_THREADS": "1"}
    for said in ({"OPENBLAS_NUM_THREADS": "4"}, {"OMP_NUM_THREADS": "2"}):
        environ = dict(said)
        calm_threads(environ)
        assert environ == said
