"""How is the radio turned on and off, and told what one likes?"""

from __future__ import annotations

from typing import Any

import click

from lofi_core.cli.options import Command, Globals, Group, pass_globals
from lofi_core.cli.output import clean, clock, print_fields, print_json, print_table, seconds
from lofi_core.rpc.client import Client

HOW_MADE = {"library": "from the library", "bridge": "a bridge", "again": "once more"}


class _RadioGroup(Group):
    """Whatever is no command of the radio is what it shall play: `radio "slow rain"` is `radio start …`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if self._first_word(ctx, args) not in {*self.commands, "--help", "-h"}:
            args = ["start", *args]
        return super().parse_args(ctx, args)

    def _first_word(self, ctx: click.Context, args: list[str]) -> str | None:
        """The first argument that is none of the shared options nor the value of one."""
        takes_value = {
            name: not option.is_flag
            for option in self.get_params(ctx)
            if isinstance(option, click.Option) and option.name != "help"
            for name in option.opts
        }
        words = iter(args)
        for word in words:
            name, equals, _ = word.partition("=")
            if name not in takes_value:
                return word
            if takes_value[name] and not equals:
                next(words, None)
        return None


@click.group(cls=_RadioGroup)
def radio() -> None:
    """Music that goes on and on: `lofi-core radio "rainy night, jazzy rhodes"`.

    Without a command it is turned on, as with `start`.
    """


@radio.command(cls=Command)
@click.argument("prompts", metavar="[PROMPT]...", nargs=-1)
@click.option("-p", "--preset", metavar="NAME", help="In place of prompts: see `lofi-core radio presets`.")
@click.option("-b", "--backend", metavar="NAME", help="What makes it: see `lofi-core backends`.")
@click.option(
    *("-O", "--option", "given"),
    multiple=True,
    metavar="KEY=VALUE",
    help="An option of the backend. As often as needed.",
)
@click.option("-d", "--duration", type=float, metavar="SEC", help="Length of each piece.")
@click.option("--crossfade", type=float, metavar="SEC", help="How long pieces overlap: 0 to 12 seconds.")
@click.option("--sleep", "sleep_min", type=float, metavar="MIN", help="Fade out after so many minutes.")
@click.option("--detach", is_flag=True, help="Return at once; without it a terminal shows what plays.")
@click.option("--no-autostart", is_flag=True, help="Exit with 3 when the daemon is not running.")
@pass_globals
def start(
    options: Globals,
    /,
    *,
    prompts: tuple[str, ...],
    given: tuple[str, ...],
    detach: bool,
    no_autostart: bool,
    **rest: Any,
) -> None:
    """Turn the radio on: pieces of PROMPT, or of several in turn, one after another.

    Without PROMPT and --preset: what the configuration's schedule has for this hour, else the last station,
    else the preset of the configuration.
    """
    from lofi_core.cli.connect import connect
    from lofi_core.cli.now_playing import can_show, show_what_plays
    from lofi_core.cli.on_air import OnAir

    request = _request(prompts, **rest)
    shows = not detach and not options.json and can_show()
    with connect(options.settings(), autostart=not no_autostart, verbose=options.verbose) as client:
        if shows:
            client.call("subscribe", events=["playback_", "volume_", "radio_"])
        if given:
            request["options"] = _options(client, request.get("backend"), given)
        answer = client.call("radio_start", **request)
        _tell(answer, as_json=options.json)
        if shows:
            show_what_plays(client, OnAir)


@radio.command(cls=Command)
@pass_globals
def stop(options: Globals) -> None:
    """Turn the radio off. What it made stays in the library."""
    _simple(options, "radio_stop")


@radio.command(cls=Command)
@pass_globals
def status(options: Globals) -> None:
    """Show what plays, what is ready, and what is being made."""
    _simple(options, "radio_status")


@radio.command(cls=Command)
@pass_globals
def like(options: Globals) -> None:
    """Mark what plays as a favourite, and hear it again some time."""
    _simple(options, "radio_like")


@radio.command(cls=Command)
@pass_globals
def dislike(options: Globals) -> None:
    """Leave what plays, and never hear it again."""
    _simple(options, "radio_dislike")


@radio.command(cls=Command)
@pass_globals
def more(options: Globals) -> None:
    """Make the next pieces like the one that plays."""
    _simple(options, "radio_more")


@radio.command(cls=Command)
@click.argument("minutes", metavar="MINUTES|off")
@pass_globals
def sleep(options: Globals, minutes: str) -> None:
    """Fade out and turn the radio off in MINUTES; `off` plays on."""
    _simple(options, "radio_sleep", sleep_min=None if minutes == "off" else _minutes(minutes))


@radio.command(cls=Command)
@pass_globals
def presets(options: Globals) -> None:
    """List the presets: those that came with it, and your own."""
    with Client(options.socket_path()) as client:
        answer = client.call("radio_presets")
    if options.json:
        print_json(answer)
        return
    rows = [(preset["name"], preset["title"], "; ".join(preset["prompts"])) for preset in answer["presets"]]
    print_table(("preset", "title", "prompts"), rows)
    for problem in answer.get("errors", []):
        click.echo(clean(problem), err=True)


def _request(
    prompts: tuple[str, ...],
    *,
    preset: str | None,
    backend: str | None,
    duration: float | None,
    crossfade: float | None,
    sleep_min: float | None,
) -> dict[str, Any]:
    """The params of `radio_start`, without those that were not given."""
    if prompts and preset:
        raise click.UsageError("give prompts or --preset, not both")
    params = {
        "prompts": list(prompts) or None,
        "preset": preset,
        "backend": backend,
        "duration_sec": duration,
        "crossfade_sec": crossfade,
        "sleep_min": sleep_min,
    }
    return {name: value for name, value in params.items() if value is not None}


def _options(client: Client, backend: str | None, given: tuple[str, ...]) -> dict[str, Any]:
    from lofi_core.cli.backend_options import parsed_options
    from lofi_core.cli.generate_there import chosen_backend

    return parsed_options(given, chosen_backend(client, backend).get("options"))


def _minutes(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no number of minutes", param_hint="MINUTES") from None


def _simple(options: Globals, method: str, **params: Any) -> None:
    with Client(options.socket_path()) as client:
        answer = client.call(method, **params)
    _tell(answer, as_json=options.json)


def _tell(answer: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(answer)
    elif answer["state"] == "off":
        click.echo("the radio is off")
    else:
        print_fields(_fields(answer))


def _fields(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """The status in words. What is not so is left out."""
    station, now, making = answer["station"], answer["now"], answer["making"]
    name = station.get("preset") or "; ".join(station["prompts"])
    told = {
        "radio": f"{name} ({station['backend']})",
        "state": answer["state"],
        "now": _now(now) if now else None,
        "ahead": f"{clock(answer['ahead_sec'])} in {answer['ahead']}" if answer["ahead"] else "nothing yet",
        "making": _making(making) if making else None,
        "held": answer["held"],
        "speed": _speed(answer),
        "played": _played(answer),
        "sleep": f"in {seconds(answer['sleep_in_sec'])}" if answer["sleep_in_sec"] is not None else None,
        "schedule": answer["slot"],
    }
    return [(field, text) for field, text in told.items() if text]


def _now(now: dict[str, Any]) -> str:
    how = HOW_MADE.get(now["source"])
    liked = "  ♥" if now["liked"] else ""
    return f"{now['prompt']}{f' ({how})' if how else ''}{liked}"


def _making(making: dict[str, Any]) -> str:
    left = f", {seconds(making['eta_sec'])} left" if making["eta_sec"] is not None else ""
    return f"{making['prompt']}: {making['percent']} %{left}"


def _speed(answer: dict[str, Any]) -> str | None:
    if answer["speed"] is None:
        return None
    word = "" if answer["keeps_up"] else ": slower than it is heard, so others come in between"
    return f"{answer['speed']:.2g} x real time{word}"


def _played(answer: dict[str, Any]) -> str | None:
    counts = {
        "": answer["played"],
        "bridges": answer["bridges"],
        "again": answer["again"],
        "failed": answer["failures"],
    }
    parts = [f"{count} {name}".strip() for name, count in counts.items() if count]
    return ", ".join(parts)
