"""Does the doctor find what is broken, say what to do, and never fall over it?"""

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from lofi_core import __version__
from lofi_core.cli.doctor import examine, places
from lofi_core.cli.doctor.finding import Area, Finding
from lofi_core.cli.doctor.patient import Patient, admit, check_configuration
from lofi_core.cli.options import Globals
from tests.cli.conftest import Run, Start
from tests.cli.doctoring import examined, found, pretend_installed, the_problem
from tests.conftest import DaemonProcess, InstallBackend


def test_what_is_sound_is_found_so_and_left_alone(lofi: Start, environ: Path, tmp_path: Path) -> None:
    far = tmp_path / ("x" * 100)  # too far for a socket
    far.mkdir()
    report = examined(lofi, TMPDIR=str(far))
    assert (report.exit_status, report.problems, report.err) == (0, [], "")
    (generation,) = report.of("generation")
    assert " s of procedural took " in generation.text
    assert "times real time" in generation.text
    assert report.of("sound")[0].text.startswith("the null device")
    assert [one.text for one in report.of("backends") if "procedural (the default)" in one.text]
    left = {str(path.relative_to(environ)) for path in environ.rglob("*")}
    assert not [path for path in left if "lofi" in path or path in {"s", "data"}]


def test_a_daemon_that_runs_is_asked(lofi: Start, at_daemon: DaemonProcess) -> None:
    report = examined(lofi, "--quick")
    assert report.problems == []
    assert (report.exit_status, report.of("generation")) == (0, [])
    assert f"lofi-core {__version__}, pid {at_daemon.process.pid}, answers in" in report.of("daemon")[0].text
    assert at_daemon.client().call("status")["tracks"]["count"] == 0


def test_with_everything_broken_at_once_each_thing_is_told_with_its_remedy(
    lofi: Start, environ: Path, install_backend: InstallBackend
) -> None:
    site = install_backend("clumsy", "from lofi_core import hookimpl\n@hookimpl\ndef generat(): pass")
    install_backend("crashing", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    install_backend("leaving", "import sys; sys.exit('bye')")
    install_backend("wanting", "import no_such_module")
    pretend_installed(site, "onnxruntime", "onnxruntime-gpu")
    (site / "numpy.py").write_text("raise RuntimeError('not today')")
    config = environ / "config" / "lofi"
    config.mkdir(parents=True)
    (config / "config.toml").write_text("que_capacity = 1")
    (environ / "data").mkdir()
    (environ / "data" / "index.db").write_bytes(b"no database" * 1000)
    (environ / "data" / "jobs.db").write_bytes(b"no database" * 1000)
    (environ / "data" / "radio.json").write_text("{")
    (environ / "data" / "models").write_text("a file where a directory belongs")
    os.mkfifo(environ / "s")
    bus = "unix:path=/nonexistent"
    report = examined(
        lofi, PYTHONPATH=f"{site}:{os.environ.get('PYTHONPATH', '')}", DBUS_SESSION_BUS_ADDRESS=bus
    )
    assert (report.exit_status, report.err) == (1, "")
    told = {finding.area for finding in report.problems}
    broken = {"configuration", "onnxruntime", "socket", "models directory", "library", "data", "backends"}
    assert told >= broken | {"generation"}
    assert [finding for finding in report.problems if not finding.remedy] == []
    assert not [finding for finding in report.findings if "Traceback" in finding.text]
    texts = " ".join(finding.text for finding in report.of("backends"))
    assert "crashing: its process was ended by SIGSEGV" in texts
    assert "there is no hook 'generat'; did you mean 'generate'?" in texts
    hints = {one.text.partition(",")[0]: one.remedy for one in report.of("backends")}
    assert (hints["clumsy"] or "").startswith("mend or uninstall the package lofi-clumsy")
    assert "needs 'no_such_module', which is not installed" in (hints["wanting"] or "")
    assert [one.status for one in report.of("media keys")] == ["warning"]


def test_people_read_lines_and_their_hints(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOFI_QUEUE_CAPACITY", "many")
    monkeypatch.setattr(examine, "_slow_ones", lambda _: [(Area("disk"), list)])
    exit_status, out, err = run("doctor", "--quick")
    assert (exit_status, err) == (1, "")
    assert "\nproblem  configuration: queue_capacity is 'many' in LOFI_QUEUE_CAPACITY; must be" in out
    assert out.startswith("ok       python: ")
    assert out.splitlines()[-1].startswith("1 problem")


def test_a_variable_nobody_knows_is_a_problem_and_the_rest_is_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LOFI_NONSENSE", "1")
    assert "unknown variable LOFI_NONSENSE" in the_problem(check_configuration).text
    assert found(places.check_places)


def test_a_configuration_that_cannot_be_read_is_looked_at_where_it_is(environ: Path) -> None:
    (environ / "config" / "lofi" / "config.toml").mkdir(parents=True)
    finding = the_problem(check_configuration)
    assert finding.text.endswith("config.toml: Is a directory")
    assert finding.remedy
    assert str(environ / "config" / "lofi") in [one.text for one in found(places.check_places)]


def test_a_socket_path_over_the_limit_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOFI_SOCKET", "/" + "x" * 200)
    finding = the_problem(check_configuration)
    assert (finding.area, finding.status) == ("socket", "problem")
    assert "201 bytes long" in finding.text
    assert not admit(Globals()).has_socket


def test_a_preset_with_a_mistake_is_found_before_the_radio_wants_it(environ: Path) -> None:
    presets = environ / "config" / "lofi" / "presets"
    presets.mkdir(parents=True)
    (presets / "mine.toml").write_text("prompts = 5")
    assert "prompts is 5" in the_problem(check_configuration).text


def test_a_check_that_fails_itself_is_one_more_finding() -> None:
    def check(_patient: Patient) -> Iterable[Finding]:
        yield Area("test").ok("so far")
        raise ZeroDivisionError("a bug")

    assert [one.status for one in found(check)] == ["ok", "problem"]
