"""Which backends work, and what is to be done about those that do not?"""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

import msgspec

from lofi_core.cli.doctor.child import run_child
from lofi_core.cli.doctor.finding import Area, Finding
from lofi_core.hookspecs import ENTRY_POINT_GROUP
from lofi_core.names import canonical_name
from lofi_core.suggest import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lofi_core.cli.doctor.patient import Patient

LOAD_SEC = 10.0
_NO_MODULE = re.compile(r"ModuleNotFoundError: No module named '([\w.]+)'")
_BACKENDS, _MODELS = Area("backends"), Area("models")


def check_backends(patient: Patient) -> Iterator[Finding]:
    """Each backend, then its model files."""
    found = {entry.name: entry for entry in entry_points(group=ENTRY_POINT_GROUP)}
    config = patient.settings.config
    reports = list(_reports(patient, sorted(found)))
    default = canonical_name(config.default_backend)
    if default not in map(canonical_name, found):
        close = suggestion(default, found) or f"installed: {', '.join(sorted(found)) or 'none'}"
        yield _BACKENDS.problem(f"default_backend {config.default_backend!r} is not installed", close)
    if not found:
        yield _BACKENDS.problem("none is installed, not even procedural", "install lofi-core again")
    for report in reports:
        if report["name"] == "procedural":
            patient.shortest_sec = report.get("min_duration_sec")
        yield _told(report, is_default=canonical_name(report["name"]) == default)
    for report in reports:
        for variant in report.get("variants", ()):
            yield from _of_files(report["name"], variant)


def _reports(patient: Patient, names: list[str]) -> Iterator[dict[str, Any]]:
    """What is told of each. One that takes its process down, or hangs, is told of, and the rest go on."""
    while names:
        task = {
            "names": names,
            "backends": msgspec.to_builtins(patient.settings.config.backends),
            "models": str(patient.settings.paths.models),
            "runtime": msgspec.to_builtins(patient.settings.config.runtime),
        }
        outcome = run_child("lofi_core.cli.doctor.backends_child", task, LOAD_SEC)
        reports = {report["name"]: report for report in outcome.reports}
        yield from (reports[name] for name in names if reports.get(name, {}).get("status"))
        begun = [name for name in names if name in reports and not reports[name].get("status")]
        if not begun:
            if outcome.end:
                culprit = names[0]
                yield {"name": culprit, "package": None, "status": "error", "error": outcome.end}
            return
        yield reports[begun[0]] | {"status": "error", "error": outcome.end or "it says nothing"}
        names = names[names.index(begun[0]) + 1 :]


def _told(report: dict[str, Any], *, is_default: bool) -> Finding:
    name, package = report["name"], report.get("package")
    told = f"{name}{' (the default)' if is_default else ''}"
    if package:
        told += f", {package} {report.get('package_version')}"
    match report["status"]:
        case "error":
            return _BACKENDS.problem(f"{told}: {report['error']}", _remedy(report["error"], name, package))
        case "disabled":
            text = f"{told}: the configuration turns it off"
            remedy = f"set backends.{name}.enabled to true, or another default_backend"
            return _BACKENDS.problem(text, remedy) if is_default else _BACKENDS.ok(text)
        case "not_installed" if is_default:
            return _BACKENDS.problem(f"{told}: its model files are not here", report["hint"])
        case "not_installed":
            return _BACKENDS.ok(f"{told}: its model files are not here", report["hint"])
        case _:
            return _BACKENDS.ok(f"{told}: works")


def _remedy(error: str, name: str, package: str | None) -> str:
    of = f"the package {package}" if package else "its package"
    if match := _NO_MODULE.search(error):
        return f"{of} needs {match[1]!r}, which is not installed: install {package or 'it'} again with pip"
    return f"mend or uninstall {of}, or set backends.{canonical_name(name)}.enabled to false"


def _of_files(backend: str, variant: dict[str, Any]) -> Iterator[Finding]:
    name, place = f"{backend}:{variant['name']}", variant["directory"]
    again = f"`lofi-core pull {name}` fetches again what is wrong"
    if variant["presence"] == "partial":
        yield _MODELS.warning(
            f"{name}: a part of its files is in {place}", f"`lofi-core pull {name}` goes on there"
        )
    elif variant["wrong"]:
        path, why = next(iter(variant["wrong"].items()))
        more = f", and {len(variant['wrong']) - 1} more" if len(variant["wrong"]) > 1 else ""
        yield _MODELS.problem(f"{name}: {path} in {place} {why}{more}", again)
    else:
        yield _MODELS.ok(f"{name} in {place}{_trust(variant)}")


def _trust(variant: dict[str, Any]) -> str:
    """Who vouches for files that the manifest knows no digest of."""
    first_use, nobody = variant["first_use"], variant["nobody"]
    told = ""
    if first_use:
        told += f"; {first_use} files were pinned on first use: what came then counts, nobody else vouches"
    if nobody:
        told += f"; {nobody} files were put there by hand, and nobody vouches for them"
    return told
