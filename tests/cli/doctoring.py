"""One check of the doctor, or the whole command, and what it found."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from lofi_core import __version__
from lofi_core.cli.doctor.finding import Area, Finding
from lofi_core.cli.doctor.patient import Patient, admit
from lofi_core.cli.options import Globals
from lofi_core.rpc.methods import PROTOCOL
from tests.cli.conftest import Start

Check = Callable[[Patient], Iterable[Finding]]


class Report(NamedTuple):
    """What the command printed with --json."""

    exit_status: int
    findings: list[Finding]
    err: str

    def of(self, area: str) -> list[Finding]:
        return [finding for finding in self.findings if finding.area == area]

    @property
    def problems(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.status == "problem"]


def examined(lofi: Start, *arguments: str, **variables: str) -> Report:
    process = lofi("doctor", "--json", *arguments, **variables)
    out, err = process.communicate(timeout=60)
    document = json.loads(out)
    findings = [Finding(**finding) for finding in document["findings"]]
    assert document["ok"] is (process.returncode == 0)
    return Report(process.returncode, findings, err)


def found(check: Check) -> list[Finding]:
    """What one check finds, as the command would have it."""
    patient = admit(Globals())
    return list(Area("test").guarded(lambda: check(patient)))


def the_problem(check: Check) -> Finding:
    """The one thing that is not right."""
    (finding,) = [finding for finding in found(check) if finding.status != "ok"]
    return finding


def pretend_installed(site: Path, *names: str) -> None:
    for name in names:
        info = site / f"{name.replace('-', '_')}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")


def hello(**other: object) -> dict[str, object]:
    return {"version": __version__, "protocol": PROTOCOL, "pid": 7} | other
