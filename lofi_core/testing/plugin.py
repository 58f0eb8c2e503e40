"""The pytest plugin. Every pytest on this machine imports it, so it imports only what is there already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lofi_core.testing.conformance import Conformance

if TYPE_CHECKING:
    from lofi_core.testing.items import Examination


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of `pytest --lofi-backend NAME`."""
    group = parser.getgroup("lofi", "lofi-core backends")
    group.addoption(
        "--lofi-backend",
        action="append",
        default=[],
        metavar="NAME",
        help="Examine this installed backend. Can be repeated. Without paths nothing else is run.",
    )
    group.addoption("--lofi-duration", type=float, metavar="SEC", help="Length of the tracks that are made.")
    group.addoption("--lofi-model-dir", metavar="DIR", help="Where the backend's model files lie.")
    group.addoption(
        "--lofi-option",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="An option of the backend, for all tracks. Can be repeated.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Without paths on the command line, the backends are all there is to run."""
    options = config.option
    if not options.lofi_backend:
        return
    if len(options.lofi_backend) > 1 and (options.lofi_model_dir or options.lofi_option):
        raise pytest.UsageError(
            "--lofi-model-dir and --lofi-option are for one backend: name one --lofi-backend"
        )
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args = []


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Put the checks of `--lofi-backend` behind what else is run."""
    options = config.option
    for name in options.lofi_backend:
        wanted = Conformance(name, options.lofi_duration, options.lofi_model_dir, tuple(options.lofi_option))
        collector = _examination(session, name, wanted, nodeid=f"lofi-backend[{name}]")
        report = config.hook.pytest_make_collect_report(collector=collector)
        config.hook.pytest_collectreport(report=report)  # so that it is counted
        items.extend(report.result)


def pytest_pycollect_makeitem(
    collector: pytest.Module | pytest.Class, name: str, obj: object
) -> Examination | None:
    """A `Conformance` in a test file is a group of tests."""
    return _examination(collector, name, obj) if isinstance(obj, Conformance) else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell what was noted and is no failure."""
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    notes = [
        text
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, text in report.user_properties
        if name == "lofi-core"
    ]
    if notes:
        terminalreporter.section("notes about backends")
        for note in dict.fromkeys(notes):
            terminalreporter.line(note)


def _examination(
    parent: pytest.Session | pytest.Collector, name: str, conformance: Conformance, **more: str
) -> Examination:
    from lofi_core.testing.items import Examination  # with the checks, which few runs need

    examination: Examination = Examination.from_parent(parent, name=name, conformance=conformance, **more)
    return examination
