"""Is it told how good ETAs were, where somebody looks?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cli.test_cli_commands import BACKENDS, STATUS

if TYPE_CHECKING:
    from tests.cli.conftest import Run
    from tests.cli.scripted import ScriptedDaemon

ETA = {"jobs": 20, "median_error": 0.123}


def test_status_tells_how_good_etas_were(run: Run, scripted: ScriptedDaemon) -> None:
    scripted.answers["status"] = STATUS | {"eta": ETA}
    assert "ETA was   within 12 % (median of the last 20)" in run("status").out.splitlines()
    scripted.answers["status"] = STATUS | {"eta": None}
    assert "ETA" not in run("status").out


def test_backends_tells_it_of_each(run: Run, scripted: ScriptedDaemon) -> None:
    first, *others = BACKENDS["backends"]
    scripted.answers["get_backends"] = BACKENDS | {"backends": [first | {"eta": ETA}, *others]}
    told = [line for line in run("backends").out.splitlines() if "ETA" in line]
    assert told == ["procedural: the ETA was within 12 % (median of the last 20)"]
