"""Who is next, who waits, and how many may."""

from pathlib import Path
from typing import Any

import pytest

from lofi_core.backend import BackendSpec, GenerateRequest, Schedule, Stage
from lofi_core.errors import QueueFull
from lofi_core.jobs.job import Job, Priority
from lofi_core.jobs.obstacles import Obstacles
from lofi_core.jobs.progress import Progress
from lofi_core.jobs.queue import TURN_AFTER, JobQueue
from lofi_core.jobs.request import Prepared
from lofi_core.plugins import PluginRecord
from tests.conftest import DaemonProcess, Gate, StartDaemon, wait_for


def job(serial: int, priority: Priority = "normal", *, begun: bool = False) -> Job:
    schedule = Schedule([Stage("a", 1)])
    spec = BackendSpec("x", "X", 8000, 1, 1, 9, model_version="1")
    request = GenerateRequest("p", 1.0, serial)
    prepared = Prepared(str(serial), request, schedule, PluginRecord("x", Path()), spec, {}, None)
    made = Job(prepared, priority, serial, Progress(schedule, loads=False))
    if begun:
        made.generator = (step for step in [None])
    return made


def drain(queue: JobQueue) -> list[int]:
    order = []
    while (taken := queue.take()) is not None:
        order.append(taken.serial)
    return order


def test_jobs_run_first_come_first_served() -> None:
    queue = JobQueue(10)
    for serial in (2, 0, 1):
        queue.put(job(serial))
    assert drain(queue) == [0, 1, 2]


def test_high_priority_comes_first_and_begun_jobs_before_their_equals() -> None:
    queue = JobQueue(10)
    for waiting in (job(0), job(1, "high"), job(2, begun=True), job(3, "high", begun=True)):
        queue.put(waiting)
    assert drain(queue) == [3, 1, 2, 0]


def test_held_jobs_are_not_taken_but_count() -> None:
    queue = JobQueue(2)
    held = job(0)
    held.held = True
    queue.put(held)
    queue.put(job(1))
    assert drain(queue) == [1]
    assert len(queue) == 1


def test_a_normal_job_is_let_through_after_a_row_of_high_ones_and_is_not_outranked() -> None:
    queue = JobQueue(100)
    normal = job(0)
    queue.put(normal)
    for serial in range(1, TURN_AFTER + 3):
        queue.put(job(serial, "high"))
    assert drain(queue).index(0) == TURN_AFTER
    queue.put(job(99, "high"))
    assert not queue.outranks(normal)


def test_a_job_whose_priority_is_raised_moves_up_and_positions_follow() -> None:
    queue = JobQueue(10)
    jobs = [job(serial) for serial in range(4)]
    jobs[0].held = True
    for one in jobs:
        queue.put(one)
    queue.raise_priority(jobs[3])
    assert [queue.position(one) for one in jobs] == [4, 2, 3, 1]
    assert drain(queue) == [3, 1, 2]


def test_a_model_is_asked_for_once_however_many_jobs_wait_for_it() -> None:
    class Models:
        stuck: frozenset[str] = frozenset()
        asked = 0

        def obstacle(self, *_: object) -> str:
            self.asked += 1
            return "there is no room for it"

    models: Any = Models()
    obstacles = Obstacles(models)
    assert {obstacles.of(job(serial)) for serial in range(9)} == {"there is no room for it"}
    assert obstacles.fits(job(9, begun=True))
    assert models.asked == 1


def test_a_full_queue_says_how_full_it_is() -> None:
    queue = JobQueue(1)
    queue.put(job(0))
    with pytest.raises(QueueFull, match="1 of 1 jobs wait"):
        queue.check_room()


def fill(client: Any, gate: Gate, capacity: int) -> None:
    options = {"gate": str(gate.path)}
    client.call("generate", prompt="runs", backend="stepped", duration_sec=9, options=options)
    wait_for(client, "generation_start")
    for seed in range(capacity):
        client.call("generate", prompt="waits", backend="sine", duration_sec=1, seed=seed)


def test_the_daemon_refuses_one_job_too_many_and_serves_on(daemon: DaemonProcess, gate: Gate) -> None:
    client = daemon.client()
    fill(client, gate, 10)
    with pytest.raises(QueueFull, match="10 of 10"):
        client.call("generate", prompt="one too many", backend="sine", duration_sec=1)
    assert client.call("status")["queue"] == {"length": 10, "capacity": 10, "paused": 0}


def test_joining_a_job_needs_no_room(daemon: DaemonProcess, gate: Gate) -> None:
    client = daemon.client()
    fill(client, gate, 10)
    joined = client.call("generate", prompt="waits", backend="sine", duration_sec=1, seed=4)
    assert joined["position"] == 5


def test_the_capacity_is_configured(start_daemon: StartDaemon, install_backend: Any, gate: Gate) -> None:
    from tests.conftest import STEPPED

    install_backend("stepped", STEPPED)
    client = start_daemon(LOFI_QUEUE_CAPACITY="1").client()
    fill(client, gate, 1)
    with pytest.raises(QueueFull, match="1 of 1"):
        client.call("generate", prompt="one too many", backend="sine", duration_sec=1)


def test_positions_and_prompts_are_shown_in_order(daemon: DaemonProcess, gate: Gate) -> None:
    client = daemon.client()
    fill(client, gate, 2)
    status = client.call("queue_status")
    assert [job["prompt"] for job in status["running"]] == ["runs"]
    assert [(job["position"], job["prompt"]) for job in status["pending"]] == [(1, "waits"), (2, "waits")]
