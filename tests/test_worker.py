"""One thread, one call after another."""

import threading

import pytest

from lofi_core.worker import Worker

pytestmark = pytest.mark.anyio


async def test_calls_run_in_order_in_one_named_thread() -> None:
    worker = Worker("lofi-test")
    seen: list[str] = []
    futures = [worker.submit(lambda: seen.append(threading.current_thread().name)) for _ in range(3)]
    await worker.run(futures[-1].result, 5)
    assert seen == ["lofi-test"] * 3
    assert worker.stop(5)


async def test_an_exception_reaches_whoever_waits_and_the_thread_lives_on() -> None:
    worker = Worker("lofi-test")
    with pytest.raises(ZeroDivisionError):
        await worker.run(lambda: 1 // 0)
    with pytest.raises(SystemExit):
        await worker.run(lambda: (_ for _ in ()).throw(SystemExit(3)))
    assert await worker.run(len, "four") == 4
    worker.stop(5)


async def test_a_thread_that_does_not_come_back_is_left_behind() -> None:
    worker = Worker("lofi-test")
    stuck = threading.Event()
    worker.submit(stuck.wait)
    assert not worker.stop(0.05)
    stuck.set()
    assert worker.stop(5)
