"""When does the machine have something better to do than music?"""

import multiprocessing
import subprocess
import sys
import time
from collections.abc import Iterator
from types import SimpleNamespace

import psutil
import pytest

from lofi_core.config import Radio
from lofi_core.radio.power import Conditions, Machine, Times

ANYTHING = Radio()
MIND_BATTERY = Radio(pause_on_battery=True)
MIND_LOAD = Radio(pause_above_load=0.5)
PROCESSORS = 4
BUSY = "import time\nend = time.monotonic() + 60\nwhile time.monotonic() < end: pass"
# Starts the busy one so that it is nobody's child here: the middle one ends at once.
QUIET = "stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL"
ORPHAN = f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {BUSY!r}], {QUIET}).pid)"


class Sensors:
    """A machine that is as busy as it is told to be."""

    def __init__(self, *, battery: bool | None = None) -> None:
        self.battery = battery
        self.now = Times(1000.0, 500.0, 100.0, PROCESSORS)
        self.looks = 0

    def on_battery(self) -> bool | None:
        self.looks += 1
        return self.battery

    def times(self) -> Times:
        self.looks += 1
        return self.now

    def pass_by(self, seconds: float, others: float = 0.0, own: float = 0.0) -> None:
        """Shares of all processors."""
        all_sec = seconds * PROCESSORS
        total, busy, ours, processors = self.now
        self.now = Times(total + all_sec, busy + (others + own) * all_sec, ours + own * all_sec, processors)


@pytest.fixture
def sensors() -> Sensors:
    return Sensors()


@pytest.fixture
def conditions(sensors: Sensors) -> Conditions:
    return Conditions(sensors)


def _after(
    conditions: Conditions, sensors: Sensors, seconds: int, others: float, own: float = 0.0
) -> str | None:
    verdict = conditions.verdict(MIND_LOAD)
    for _ in range(seconds):
        sensors.pass_by(1, others, own)
        verdict = conditions.verdict(MIND_LOAD)
    return verdict


def test_who_does_not_ask_is_not_held_and_costs_nothing(sensors: Sensors, conditions: Conditions) -> None:
    sensors.battery = True
    assert conditions.verdict(ANYTHING) is None
    assert sensors.looks == 0


def test_nothing_is_made_on_battery_if_asked(sensors: Sensors, conditions: Conditions) -> None:
    sensors.battery = True
    assert conditions.verdict(MIND_BATTERY) == "on battery"
    sensors.battery = False
    assert conditions.verdict(MIND_BATTERY) is None


def test_a_machine_without_a_battery_is_never_on_it(sensors: Sensors, conditions: Conditions) -> None:
    assert conditions.on_battery() is None
    assert conditions.verdict(MIND_BATTERY) is None


def test_what_others_use_is_the_share_of_all_processors(sensors: Sensors, conditions: Conditions) -> None:
    _after(conditions, sensors, 120, others=0.25, own=0.5)
    assert conditions.load_of_others() == pytest.approx(0.25, abs=0.01)


def test_nothing_is_made_while_others_are_busy(sensors: Sensors, conditions: Conditions) -> None:
    verdict = _after(conditions, sensors, 60, others=0.75)
    assert verdict == "other programs use 75% of the processors"


def test_our_own_work_never_holds_us(sensors: Sensors, conditions: Conditions) -> None:
    assert _after(conditions, sensors, 60, others=0.0, own=1.0) is None


def test_a_short_burst_does_not_hold(sensors: Sensors, conditions: Conditions) -> None:
    assert _after(conditions, sensors, 2, others=1.0) is None
    assert _after(conditions, sensors, 10, others=1.0) is not None


def test_it_does_not_go_to_and_fro_at_the_limit(sensors: Sensors, conditions: Conditions) -> None:
    assert _after(conditions, sensors, 120, others=0.55) is not None
    assert _after(conditions, sensors, 120, others=0.45) is not None
    assert _after(conditions, sensors, 120, others=0.35) is None
    assert _after(conditions, sensors, 120, others=0.45) is None


def test_looks_in_quick_succession_tell_the_same(sensors: Sensors, conditions: Conditions) -> None:
    _after(conditions, sensors, 60, others=0.5)
    load = conditions.load_of_others()
    sensors.pass_by(0.1, others=1.0)
    assert conditions.load_of_others() == load
    sensors.pass_by(0.9, others=1.0)
    assert conditions.load_of_others() > load


def test_how_often_it_is_asked_makes_no_difference() -> None:
    loads = []
    for step in (1, 5, 20):
        sensors = Sensors()
        conditions = Conditions(sensors)
        conditions.load_of_others()
        for _ in range(20 // step):
            sensors.pass_by(step, others=0.6)
            conditions.load_of_others()
        loads.append(conditions.load_of_others())
    assert loads == pytest.approx([loads[0]] * 3)


def test_who_stops_asking_begins_anew(sensors: Sensors, conditions: Conditions) -> None:
    _after(conditions, sensors, 60, others=1.0)
    assert conditions.verdict(ANYTHING) is None
    assert conditions.verdict(MIND_LOAD) is None


def test_a_clock_that_stands_or_goes_back_is_no_load(sensors: Sensors, conditions: Conditions) -> None:
    conditions.load_of_others()
    sensors.now = Times(10.0, 10.0, 0.0, PROCESSORS)
    assert conditions.load_of_others() == 0.0
    sensors.pass_by(100, others=0.5)
    assert conditions.load_of_others() == pytest.approx(0.5, abs=0.01)


# -- the real machine --------------------------------------------------------------------------------------


@pytest.fixture
def busy_stranger() -> Iterator[psutil.Process]:
    done = subprocess.run([sys.executable, "-c", ORPHAN], capture_output=True, check=True)
    stranger = psutil.Process(int(done.stdout))
    yield stranger
    stranger.kill()


def _spin(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_a_busy_process_that_is_not_ours_counts(busy_stranger: psutil.Process) -> None:
    machine = Machine()
    used = busy_stranger.cpu_times().user
    before = machine.times()
    time.sleep(1.5)
    after = machine.times()
    used = busy_stranger.cpu_times().user - used
    assert used > 0.2
    # Other processes come on top of it. Ticks of 10 ms, on each side.
    assert (after.busy - before.busy) - (after.own - before.own) > used - 0.2
    assert after.own - before.own < used


def test_our_own_work_and_our_childrens_does_not_count() -> None:
    machine = Machine()
    child = subprocess.Popen([sys.executable, "-c", BUSY])
    try:
        before = machine.times().own
        used = psutil.Process(child.pid).cpu_times().user
        _spin(0.5)
        used = psutil.Process(child.pid).cpu_times().user - used
        assert machine.times().own - before == pytest.approx(0.5 + used, abs=0.3)
    finally:
        child.kill()
        child.wait()


def test_what_a_child_used_still_counts_as_ours_when_it_has_ended() -> None:
    machine = Machine()
    before = machine.times().own
    child = multiprocessing.get_context("spawn").Process(target=_spin, args=(0.5,))
    child.start()
    child.join()
    child.close()
    assert machine.times().own - before >= 0.45


def test_a_grandchild_is_ours_too() -> None:
    grandparent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY!r}])"
    child = subprocess.Popen([sys.executable, "-c", grandparent])
    ours = psutil.Process(child.pid)
    try:
        while not (grandchildren := ours.children()):
            time.sleep(0.01)
        machine = Machine()
        before, used = machine.times().own, grandchildren[0].cpu_times().user
        time.sleep(1.0)
        used = grandchildren[0].cpu_times().user - used
        assert machine.times().own - before > used - 0.2
    finally:
        for process in [*ours.children(), ours]:
            process.kill()
        child.wait()


def test_the_machine_tells_of_its_processors_without_counting_any_twice() -> None:
    before, begun = Machine().times(), time.monotonic()
    time.sleep(1.0)
    after, passed = Machine().times(), time.monotonic() - begun
    assert after.processors == psutil.cpu_count()
    assert after.total - before.total == pytest.approx(passed * after.processors, rel=0.2)
    assert after.busy - before.busy <= after.total - before.total


@pytest.mark.parametrize(("plugged", "on_battery"), [(True, False), (False, True), (None, None)])
def test_the_battery_is_asked(
    plugged: bool | None, on_battery: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    battery = SimpleNamespace(power_plugged=plugged)
    monkeypatch.setattr(psutil, "sensors_battery", lambda: battery, raising=False)
    assert Machine().on_battery() is on_battery


def test_a_battery_that_cannot_be_asked_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise OSError("no such device")

    monkeypatch.setattr(psutil, "sensors_battery", broken, raising=False)
    assert Machine().on_battery() is None
    monkeypatch.delattr(psutil, "sensors_battery")
    assert Machine().on_battery() is None


def test_psutil_is_not_imported_before_somebody_asks() -> None:
    code = "import sys; from lofi_core.radio.power import Conditions; Conditions()"
    code += "; print('psutil' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
