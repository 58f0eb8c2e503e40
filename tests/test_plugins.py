"""Backends are found, broken ones are shown, disabled ones never touched."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lofi_core.backend import BackendSpec, GenerateRequest, Stage
from lofi_core.config import BackendConfig
from lofi_core.errors import BackendNotInstalled, BackendNotReady, InvalidBackend
from lofi_core.events import QueueChanged
from lofi_core.plugins import PluginHost
from tests.conftest import InstallBackend, StartDaemon, events_until_end

GOOD = """
    from lofi_core import BackendSpec, Schedule, Stage, Step, hookimpl

    @hookimpl
    def describe_backend():
        return BackendSpec("good", "Good", 8000, 1, 1, 60, model_version="1")

    @hookimpl
    def make_schedule(request):
        return Schedule([Stage("a", 1)])

    @hookimpl
    def generate(request):
        yield Step("a", 0)
"""


def with_options(struct: str) -> str:
    spec = GOOD.replace('="1")', '="1", options=Options)')
    return "from msgspec import Struct\n" + struct + "\n" + textwrap.dedent(spec)


MUTE = """
    class Mute(Exception):
        def __str__(self):
            raise RuntimeError("no words")

    raise Mute
"""


@pytest.fixture
def site(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    directory = home / "site"
    directory.mkdir()
    monkeypatch.syspath_prepend(str(directory))
    yield directory
    for name in [name for name in sys.modules if name.endswith("_module")]:
        del sys.modules[name]


def test_the_embedded_backend_comes_through_the_public_entry_point() -> None:
    record = PluginHost().find("procedural")
    assert (record.package, record.status) == ("lofi-core", "ready")


def test_an_installed_package_is_found_with_its_version() -> None:
    record = PluginHost().find("sine")
    assert (record.package, record.package_version) == ("lofi-sine", "1.0")


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("raise RuntimeError('no libfoo')", "RuntimeError: no libfoo"),
        ("import sys; sys.exit(1)", "SystemExit: 1"),
        (MUTE, "Mute"),
        ("raise ImportError('x' * 9_000_000)", "ImportError: xxx"),
        ("import there_is_no_such_module", "there_is_no_such_module"),
        ("def f(:", "SyntaxError"),
        ("x = 1", "implements no describe_backend"),
        (GOOD.replace("def generate(request)", "def generatte(request)"), "generatte"),
        (GOOD.replace("8000, 1,", "8000, 7,"), "channels is 7"),
        (GOOD.replace("8000, 1, 1, 60", "8000, 1, 60, 1"), "60 to 1 s"),
        (GOOD.replace('return BackendSpec("good"', 'return ("good"'), "SyntaxError"),
        (GOOD.replace("return BackendSpec(", "return 3  # ("), "answered int"),
        (GOOD.replace("def generate(request)", "def generate(request, volume)"), "volume"),
        (GOOD.replace('"Good"', r'"\udcff"'), "title is '\\udcff'; must be"),
        (GOOD.replace('"Good"', '"x" * 9_000_000'), "title has 9000000 characters"),
        (GOOD.replace('="1")', '="1", licence=object())'), "licence is <object"),
        (GOOD.replace('="1")', '="1", streaming=object())'), "streaming is <object"),
        (GOOD.replace('="1")', '="1", own_process="yes")'), "own_process is 'yes'; must be"),
        (GOOD.replace('="1")', '="1", options=dict)'), "options is <class 'dict'>"),
        (with_options("class Options(Struct, array_like=True): pass"), "array_like"),
        (with_options(r"class Options(Struct): a: str = '\udcff'"), "UnicodeEncodeError"),
        (with_options("class Options(Struct): a: int = 2**70"), "OverflowError"),
    ],
)
def test_a_broken_plugin_is_shown_with_its_reason_and_harms_nobody(
    site: Path, install_backend: InstallBackend, source: str, error: str
) -> None:
    install_backend("good", source)
    host = PluginHost()
    record = host.records["good"]
    assert (record.status, record.spec, record.options_schema) == ("error", None, None)
    assert error in (record.error or "")
    assert len(record.error or "") <= 4_000
    assert host.find("procedural").status == "ready"
    with pytest.raises(BackendNotReady, match="broken"):
        host.usable("good")


def test_a_disabled_backend_is_never_imported(site: Path, install_backend: InstallBackend) -> None:
    install_backend("good", "raise SystemExit('imported')")
    host = PluginHost({"good": BackendConfig(enabled=False)})
    assert host.records["good"].status == "disabled"
    assert "lofi_good_module" not in sys.modules
    with pytest.raises(BackendNotReady, match="disabled"):
        host.usable("good")


def test_a_backend_whose_model_files_are_missing_names_them_until_they_are_there(
    site: Path, install_backend: InstallBackend, home: Path
) -> None:
    files = 'models=[ModelFiles("small", ["decoder.onnx"])])'
    source = GOOD.replace('model_version="1")', 'model_version="1", ' + files)
    install_backend("good", source.replace("import BackendSpec", "import BackendSpec, ModelFiles"))
    host = PluginHost(models_dir=home)
    assert host.records["good"].status == "not_installed"
    with pytest.raises(BackendNotInstalled, match=r"decoder\.onnx"):
        host.usable("good")
    home.joinpath("good").mkdir()
    home.joinpath("good", "decoder.onnx").touch()
    assert host.usable("good")[0].status == "ready"


VARIANTS = """
    from lofi_core import BackendSpec, ModelFile, ModelFiles, Schedule, Stage, Step, hookimpl

    @hookimpl
    def describe_backend(model_dir, variant):
        models = [ModelFiles("mono", ["a.onnx"]), ModelFiles("stereo", [ModelFile("a.onnx", size_bytes=3)])]
        channels = 2 if variant == "stereo" else 1
        return BackendSpec("two", "Two", 8000, channels, 1, 60, model_version=f"{variant}", models=models)

    @hookimpl
    def make_schedule(request, model_dir):
        return Schedule([Stage("all", 1)], state=model_dir, weights="int8")

    @hookimpl
    def generate(request):
        yield Step("all", 0)
"""


def put(file: Path, content: str = "abc") -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)


def test_a_backend_describes_itself_anew_when_its_files_come(
    site: Path, install_backend: InstallBackend, home: Path
) -> None:
    install_backend("two", VARIANTS)
    host = PluginHost(models_dir=home)
    put(home / "two" / "stereo" / "a.onnx")
    record, spec = host.usable("two")
    assert (spec.channels, spec.model_version) == (2, "stereo")
    assert record.files_dir == home / "two" / "stereo"


def test_the_schedule_is_told_where_the_files_of_the_configured_variant_lie(
    site: Path, install_backend: InstallBackend, home: Path
) -> None:
    install_backend("two", VARIANTS)
    put(home / "two" / "mono" / "a.onnx")
    put(home / "two" / "stereo" / "a.onnx")
    host = PluginHost({"two": BackendConfig(variant="stereo")}, models_dir=home)
    host.usable("two")
    schedule = host.make_schedule("two", GenerateRequest("x", 5.0, 1))
    assert schedule.state == home / "two" / "stereo"


@pytest.mark.parametrize(("content", "variant"), [("abc", "stereo"), ("abcd", "mono")])
def test_the_size_tells_which_variant_lies_in_the_model_directory_itself(
    site: Path, install_backend: InstallBackend, home: Path, content: str, variant: str
) -> None:
    install_backend("two", VARIANTS)
    put(home / "two" / "a.onnx", content)
    assert PluginHost(models_dir=home).usable("two")[1].model_version == variant


def test_a_second_package_cannot_take_a_name(site: Path, install_backend: InstallBackend) -> None:
    install_backend("procedural", GOOD, package="aaa-usurper")
    host = PluginHost()
    assert [record.status for record in host.records.values()].count("error") == 1
    assert host.find("procedural").spec is not None


def test_an_unknown_backend_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(InvalidBackend, match="proceedural") as refusal:
        PluginHost().find("proceedural")
    assert refusal.value.hint == "did you mean 'procedural'?"


@pytest.mark.parametrize("name", ["ace_step", "ace-step", "acestep", "ACE-Step"])
def test_ace_step_has_many_spellings(site: Path, install_backend: InstallBackend, name: str) -> None:
    install_backend("ace_step", GOOD)
    assert PluginHost().find(name).name == "ace_step"


def test_a_misspelt_hook_is_told_with_the_one_that_was_meant(
    site: Path, install_backend: InstallBackend
) -> None:
    install_backend("good", GOOD.replace("def generate(", "def generat("))
    assert PluginHost().records["good"].error == (
        "TypeError: there is no hook 'generat'; did you mean 'generate'?"
    )


def test_an_option_without_a_default_makes_a_plugin_broken(
    site: Path, install_backend: InstallBackend
) -> None:
    install_backend("good", with_options("class Options(Struct): volume: float"))
    error = PluginHost().records["good"].error or ""
    assert error == "TypeError: options: Missing required argument 'volume'; each needs a default"


def test_describing_the_installed_backends_imports_nothing_heavy() -> None:
    code = (
        "import sys; from lofi_core.plugins import PluginHost; PluginHost();"
        "print(*{'numpy', 'scipy', 'soundfile', 'onnxruntime', 'torch'} & set(sys.modules))"
    )
    heavy = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert heavy.strip() == ""


def test_every_plugin_that_wants_to_sees_every_event(site: Path, install_backend: InstallBackend) -> None:
    observer = "\n    seen = []\n    @hookimpl\n    def observe_event(event):\n        seen.append(event)\n"
    install_backend("good", GOOD + observer)
    PluginHost().observe(QueueChanged(3))
    module: Any = sys.modules["lofi_good_module"]
    assert module.seen == [QueueChanged(3)]


def test_an_observer_that_raises_is_none_of_our_business(site: Path, install_backend: InstallBackend) -> None:
    observer = "\n    @hookimpl\n    def observe_event(event):\n        raise ValueError\n"
    install_backend("good", GOOD + observer)
    PluginHost().observe(QueueChanged(3))


def test_a_spec_that_is_out_of_range_says_which_value(site: Path) -> None:
    with pytest.raises(ValueError, match="sample_rate is 3 Hz"):
        BackendSpec("x", "X", 3, 1, 1, 9, model_version="1")


def test_a_stage_that_no_event_could_name_or_count_is_refused() -> None:
    with pytest.raises(TypeError, match="name is "):
        Stage("\udcff", 1)
    with pytest.raises(ValueError, match="name has 5000 characters"):
        Stage("x" * 5_000, 1)
    with pytest.raises(ValueError, match="has 1180591620717411303424 steps"):
        Stage("a", 2**70)


def test_a_pip_installed_backend_generates_through_the_daemon(start_daemon: StartDaemon, home: Path) -> None:
    source = Path(__file__).parent / "lofi_sine"
    lines = sum(len(file.read_text().splitlines()) for file in source.glob("*.*"))
    assert lines <= 40
    tampered = home / "source"
    tampered.mkdir()
    for file in ("pyproject.toml", "lofi_sine.py"):
        text = (source / file).read_text().replace("lofi_sine", "lofi_tone").replace("sine", "tone")
        tampered.joinpath(file.replace("sine", "tone")).write_text(text)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--target", str(home / "site"), str(tampered)], check=True)
    client = start_daemon().client()
    assert "tone" in [backend["type"] for backend in client.call("get_backends")["backends"]]
    job = client.call("generate", prompt="a", backend="tone", duration_sec=2)
    assert events_until_end(client, job["job_id"])[-1].name == "generation_complete"


def test_the_daemon_shows_broken_and_disabled_backends(
    start_daemon: StartDaemon, install_backend: InstallBackend
) -> None:
    install_backend("crash", "raise RuntimeError('no libfoo')")
    client = start_daemon(LOFI_BACKENDS_SINE_ENABLED="false").client()
    shown = {backend["type"]: backend for backend in client.call("get_backends")["backends"]}
    assert shown["crash"]["status"] == "error"
    assert shown["crash"]["error"] == "RuntimeError: no libfoo"
    assert shown["crash"]["sample_rate"] is None
    assert shown["sine"]["status"] == "disabled"


def test_onnx_runtime_reports_nothing_to_its_makers(home: Path) -> None:
    """It would leave what it means to send in the cache directory."""
    pytest.importorskip("onnxruntime")
    script = "from lofi_core.plugins import PluginHost; PluginHost(); import onnxruntime"
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "ORT_"))}
    subprocess.run([sys.executable, "-c", script], env=environ | {"HOME": str(home)}, check=True, timeout=60)
    assert not [path for path in home.rglob("*") if "icrosoft" in str(path)]
