"""What a backend does to its process, and in a daemon: each broken promise is found there too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lofi_core.testing import fresh
from lofi_core.testing.checks import description, planning, repetition, served, sound, traces
from lofi_core.testing.conformance import NotAsked, Unfit
from tests.testing.conftest import COUNTED, OpenKit, broken

if TYPE_CHECKING:
    from collections.abc import Callable

    from lofi_core.testing.kit import Kit

SEEDED = "np.random.default_rng([request.seed, *request.prompt.encode()])"
# All at once, for they are looked at in one process.
UNTIDY = broken(
    ("from typing", "import numpy, random, tempfile, threading\nfrom typing"),
    ("class Options", "STOP = threading.Event()\n\nclass Options"),
    ("    return Schedule", "    import soundfile\n    return Schedule"),
    (
        "    noise = np",
        """
    print("a track")
    random.seed(request.seed)
    open("left.wav", "w").close()
    left, _ = tempfile.mkstemp(suffix=".left")
    threading.Thread(target=STOP.wait, name="left", daemon=True).start()
    noise = np""",
    ),
)
UNORDERED = broken(
    (SEEDED, "np.random.default_rng([hash(request.prompt) % 2**32])"),
    ("from typing", "import time\nfrom typing"),
    (
        "    return Schedule",
        """
    end = time.process_time() + 0.06
    while time.process_time() < end:
        pass
    return Schedule""",
    ),
)
# Only the daemon has it run in another thread.
ELSEWHERE = broken(
    ("from typing", "import threading\nfrom typing"),
    ("uniform(-1, 1,", "uniform(-1, int(threading.current_thread() is threading.main_thread()),"),
)
SHARED = broken(*COUNTED, ("        samples =", "        import time; time.sleep(0.2)\n        samples ="))


def failure(check: Callable[[Kit], None], kit: Kit) -> Unfit:
    with pytest.raises(Unfit) as found:
        check(kit)
    return found.value


def test_an_untidy_backend_is_told_of_all_that_it_imports_and_leaves_behind(open_kit: OpenKit) -> None:
    kit = open_kit(UNTIDY)
    told = failure(description.describing_it_imports_nothing_heavy, kit)
    assert "importing and describing it imports numpy (new in all: " in told.problem
    assert "import it inside load_model or generate" in told.remedy
    told = failure(planning.planning_is_cheap, kit)
    assert told.problem == "make_schedule imports soundfile"
    told = failure(traces.it_prints_nothing, kit)
    assert told.problem == r"it printed to standard output: 'a track\na track\na track'"
    assert "runtime.log" in told.remedy
    told = failure(traces.it_leaves_no_files, kit)
    assert "/here/left.wav, " in told.problem
    assert told.problem.count(".left") == 3
    assert "in `finally`" in told.remedy
    told = failure(traces.it_leaves_the_global_random_state_alone, kit)
    assert told.problem == "it seeds or draws from the global generator of random"
    assert "of your own" in told.remedy
    told = failure(traces.it_leaves_no_threads_and_open_files, kit)
    assert told.problem.startswith("each track leaves a thread behind: left (")
    kit.fresh.threads.clear()
    told = failure(traces.it_leaves_no_threads_and_open_files, kit)
    assert told.problem.count(".left") == 2
    assert "use `with`" in told.remedy


def test_a_track_that_depends_on_the_process_and_a_plan_that_takes_long_are_found(open_kit: OpenKit) -> None:
    kit = open_kit(UNORDERED)
    told = failure(repetition.another_process_gives_the_same_samples, kit)
    assert told.problem == "the same request gave another track in another process"
    assert "a set's order" in told.remedy
    told = failure(planning.planning_is_cheap, kit)
    assert told.problem.startswith("make_schedule took ")
    assert "leave what takes time to generate" in told.remedy


def test_a_backend_that_fails_in_a_fresh_process_says_what_it_lacked(
    open_kit: OpenKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fresh, "environment", lambda _place: {})
    told = failure(repetition.another_process_gives_the_same_samples, open_kit())
    assert "in a fresh process it failed: " in told.problem


def test_a_track_that_a_daemon_makes_otherwise_is_found(open_kit: OpenKit) -> None:
    told = failure(served.a_daemon_makes_the_same_track, open_kit(ELSEWHERE))
    assert told.problem.startswith("the daemon made another track than this process: ")
    assert "depend on the thread" in told.remedy


def test_a_track_that_others_in_the_daemon_spoil_is_found(open_kit: OpenKit) -> None:
    kit = open_kit(SHARED)
    told = failure(served.a_daemon_may_let_another_job_in_between, kit)
    assert told.problem.startswith("a track that the daemon made while another was held is not the same: ")
    told = failure(served.a_daemon_may_cancel_it, kit)
    assert told.problem.startswith("after a cancelled job the daemon made another track: ")


def test_a_backend_that_takes_the_daemon_down_is_told_where_it_belongs(open_kit: OpenKit) -> None:
    crash = "if threading.current_thread() is not threading.main_thread(): os._exit(3)"
    kit = open_kit(
        broken(("from typing", "import os, threading\nfrom typing"), ("    noise", f"    {crash}\n    noise"))
    )
    told = failure(served.a_daemon_makes_the_same_track, kit)
    assert told.problem.startswith("the backend took the daemon down; the log ends with:\n")
    assert "own_process=True" in told.remedy
    with pytest.raises(NotAsked, match="the daemon did not make the same track"):
        served.a_daemon_may_cancel_it(kit)


def test_a_backend_that_never_ends_a_step_is_told_of_and_entered_no_more(
    open_kit: OpenKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fresh, "PATIENCE_SEC", 1.0)
    kit = open_kit(broken(("    noise = np", "    while True: pass\n    noise = np")))
    told = failure(description.describing_it_imports_nothing_heavy, kit)
    assert told.problem == "in a fresh process three tracks were not made within 1 s"
    assert "end each step" in told.remedy
    with pytest.raises(NotAsked, match="did not come to its end in a fresh process"):
        sound.it_makes_a_track(kit)


def test_a_process_that_a_backend_ends_is_started_once_and_told_of_once(open_kit: OpenKit) -> None:
    ends = 'if "pytest" not in sys.modules: os.write(2, b"gone"); os._exit(5)'
    kit = open_kit(broken(("from typing", f"import os, sys\n{ends}\nfrom typing")))
    told = failure(description.describing_it_imports_nothing_heavy, kit)
    assert told.problem.startswith("in a fresh process it ended with status 5:\n  gone")
    for check in (planning.planning_is_cheap, sound.it_makes_a_track, traces.it_prints_nothing):
        with pytest.raises(NotAsked, match="did not come to its end in a fresh process"):
            check(kit)
