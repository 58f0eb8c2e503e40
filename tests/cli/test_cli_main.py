"""Do exit statuses, errors and start-up behave?"""

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

import lofi_core
from lofi_core.cli import main as main_module
from lofi_core.cli.main import COMMANDS, cli
from lofi_core.cli.summaries import SUMMARIES
from lofi_core.errors import InvalidBackend, InvalidParams
from tests.cli.conftest import Run
from tests.cli.scripted import ScriptedDaemon

HEAVY = {"anyio", "asyncio", "httpx", "numpy", "pluggy", "rich", "soundfile", "sqlite3"}


def test_version_is_the_packages(run: Run) -> None:
    assert run("--version") == (0, f"lofi-core {lofi_core.__version__}\n", "")


def test_help_names_every_command(run: Run) -> None:
    out = run("--help").out
    assert all(f"\n  {name} " in out for name in COMMANDS)


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["status"], ["pause"], ["volume"], ["skip"], ["generate", "--help"]],
    ids=" ".join,
)
def test_what_is_typed_often_imports_nothing_heavy(arguments: list[str]) -> None:
    script = f"""
import sys
from lofi_core.cli.main import main
main({arguments})
print(sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == "[]"


def test_the_help_imports_no_commands_and_no_client() -> None:
    script = """
import sys
from lofi_core.cli.main import main
main(["--help"])
print(*sorted(name for name in sys.modules if name.startswith("lofi_core.")), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    imported = {name.removeprefix("lofi_core.") for name in done.stderr.split()}
    assert imported == {"cli", "cli.main", "cli.options", "cli.output", "cli.summaries", "errors", "paths"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["status"],
        ["queue"],
        ["cancel", "x"],
        ["backends"],
        ["tracks", "list"],
        ["shutdown"],
        ["generate", "x", "--no-autostart"],
        ["pull", "x", "--no-autostart"],
        ["rm", "x"],
    ],
    ids=" ".join,
)
def test_without_a_daemon_a_command_exits_3_and_says_so(run: Run, arguments: list[str]) -> None:
    for shown in (arguments, [*arguments, "--json"]):
        exit_status, out, err = run(*shown)
        assert (exit_status, out) == (3, "")
        assert err.startswith("NO_DAEMON: no daemon listens at ")
        assert "hint: lofi-core serve --detach starts one" in err


def test_a_refusal_exits_1_with_code_and_hint(run: Run, scripted: ScriptedDaemon) -> None:
    scripted.answers["status"] = InvalidParams("no", "yes")
    assert run("status") == (1, "", "INVALID_PARAMS: no\nhint: yes\n")
    assert run("status", "--json") == (1, "", "INVALID_PARAMS: no\nhint: yes\n")


@pytest.mark.parametrize(
    "arguments", [["--nope"], ["generate"], ["generate", "x", "-d", "long"], ["tracks", "nope"]], ids=" ".join
)
def test_bad_usage_exits_2(run: Run, arguments: list[str]) -> None:
    exit_status, out, err = run(*arguments)
    assert (exit_status, out) == (2, "")
    assert "Usage: lofi-core" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["generate", "x", "-o", ""],
        ["tracks", "export", "x", ""],
        ["--socket", "", "status"],
        ["--config", "", "config", "show"],
        ["--data-dir", "", "config", "show"],
    ],
    ids=" ".join,
)
def test_an_empty_path_does_not_become_the_current_directory(run: Run, arguments: list[str]) -> None:
    exit_status, out, err = run(*arguments)
    assert (exit_status, out) == (2, "")
    assert "the path is empty" in err


def test_whether_a_path_may_be_used_is_not_a_question_of_usage(
    run: Run, scripted: ScriptedDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    scripted.answers["queue_status"] = {"running": [], "pending": [], "paused": []}
    assert run("--socket", str(scripted.path), "queue").exit_status == 0


def test_a_misspelt_command_gets_a_suggestion(run: Run) -> None:
    assert "there is no command 'statsu'; did you mean 'status'?" in run("statsu").err


@pytest.mark.parametrize("place", ["before", "after"])
def test_shared_options_stand_before_or_after_the_command(run: Run, environ: Path, place: str) -> None:
    shared = ["--data-dir", str(environ / "other"), "--json"]
    arguments = [*shared, "config", "show"] if place == "before" else ["config", "show", *shared]
    assert json.loads(run(*arguments).out)["paths.data"]["value"] == str(environ / "other")


def test_a_socket_path_over_the_limit_says_so(run: Run) -> None:
    exit_status, _, err = run("--socket", "/" + "x" * 200, "status")
    assert exit_status == 1
    assert "the socket path is 201 bytes long" in err


def test_an_error_cannot_steer_the_terminal(run: Run, scripted: ScriptedDaemon) -> None:
    scripted.answers["status"] = InvalidParams("evil \x1b[2J \u202e text")
    assert run("status").err == "INVALID_PARAMS: evil \\x1b[2J \\u202e text\n"


def _break(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def broken(**_: object) -> None:
        raise error

    monkeypatch.setattr(cli, "main", lambda *_args, **_kwargs: broken())


def test_a_bug_is_told_without_a_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    _break(monkeypatch, ZeroDivisionError("division by zero"))
    exit_status, _, err = run("status")
    assert exit_status == 1
    assert err.startswith(
        "INTERNAL_ERROR: ZeroDivisionError: division by zero\nhint: run it again with --verbose"
    )


def test_a_bug_shows_its_traceback_when_asked(run: Run, scripted: ScriptedDaemon) -> None:
    scripted.answers["status"] = {"not": "a status"}
    err = run("--verbose", "status").err
    assert "Traceback" in err
    assert "INTERNAL_ERROR: KeyError: 'queue'" in err


def test_an_interrupt_exits_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    _break(monkeypatch, KeyboardInterrupt())
    assert run("status") == (130, "", "interrupted\n")


def test_a_full_disk_is_told_in_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    _break(monkeypatch, OSError(28, "No space left on device"))
    assert run("status") == (1, "", "SYSTEM_ERROR: No space left on device\n")


def test_a_reader_that_left_is_no_error_to_talk_about(environ: Path) -> None:
    command = f"{sys.executable} -m lofi_core config show | true"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", ">&- 2>&-"])
def test_a_closed_standard_stream_is_no_bug(environ: Path, closed: str) -> None:
    command = f"{sys.executable} -m lofi_core config path --json {closed}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(run: Run, shell: str) -> None:
    exit_status, out, _ = run("completion", shell)
    assert exit_status == 0
    assert "_LOFI_CORE_COMPLETE" in out


def test_completion_completes_commands(environ: Path) -> None:
    variables = "_LOFI_CORE_COMPLETE=bash_complete COMP_WORDS='lofi-core que' COMP_CWORD=1"
    command = f"{variables} {sys.executable} -m lofi_core"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.stdout == "plain,queue\n"


def test_the_help_shows_each_commands_own_words() -> None:
    commands = {name: cli.get_command(click.Context(cli), name) for name in COMMANDS}
    assert {
        name: command.get_short_help_str(1000) for name, command in commands.items() if command
    } == SUMMARIES


def test_every_command_is_a_click_command() -> None:
    context = click.Context(cli)
    assert all(isinstance(cli.get_command(context, name), click.Command) for name in main_module.COMMANDS)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("sine", "the daemon knows no backend 'sine': it was installed later\nhint: `lofi-core shutdown`; "),
        ("nosuch", "no backend 'nosuch' is installed\nhint: installed: procedural\n"),
    ],
)
def test_a_backend_that_was_installed_after_the_daemon_had_started_is_told_apart(
    run: Run, scripted: ScriptedDaemon, name: str, told: str
) -> None:
    refusal = InvalidBackend(f"no backend {name!r} is installed", "installed: procedural")
    scripted.answers["unload_backend"] = refusal
    done = run("unload", name)
    assert (done.exit_status, done.err.startswith(f"INVALID_BACKEND: {told}")) == (1, True), done.err
