"""Who is examined: which configuration is in force, though it may be the one that is broken?"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lofi_core.cli.doctor.finding import Area, Finding
from lofi_core.errors import InvalidParams, LofiError
from lofi_core.paths import SocketPathTooLong, config_place, home_dir

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lofi_core.cli.options import Globals
    from lofi_core.config import Settings

_AREA = Area("configuration")


@dataclass
class Patient:
    """What the checks share.

    Attributes:
        settings: as they are; the defaults in place of what is wrong with them.
        has_socket: its path can be used.
        serves: what a daemon that answers says to `hello`.
        newest: when the youngest track was made, ISO 8601.
        shortest_sec: what `procedural` makes at least.
    """

    settings: Settings
    has_socket: bool = True
    serves: dict[str, Any] | None = None
    newest: str | None = None
    shortest_sec: float | None = None
    findings: list[Finding] = field(default_factory=list)

    def call(self, method: str, timeout_sec: float, **params: Any) -> Any:
        """Ask the daemon.

        Raises:
            LofiError: it refuses, or does not answer.
        """
        from lofi_core.rpc.client import Client

        with Client(self.settings.paths.socket, timeout_sec) as client:
            return client.call(method, **params)


def admit(options: Globals) -> Patient:
    """The patient, with what is wrong with its configuration.

    Raises:
        LofiError: not even the places are known, as for a user without a home.
    """
    from msgspec.structs import replace

    from lofi_core.settings import load_settings

    flags, environ = options.flags(), dict(os.environ)
    findings: list[Finding] = []
    has_socket = True
    while True:
        try:
            settings = load_settings(flags, environ)
            break
        except SocketPathTooLong as error:
            if not has_socket:
                raise
            findings.append(Area("socket").refused(error))
            has_socket = False
            flags = replace(flags, socket=Path(os.devnull))
        except InvalidParams as error:
            if any(finding.area == _AREA.name for finding in findings):
                raise
            findings.append(_AREA.refused(error))
            flags = replace(flags, config=Path(os.devnull))
            environ = _places_only(environ)
    place = config_place(os.environ, home_dir(os.environ), options.config)
    paths = replace(settings.paths, config=place.path)  # where it is, though it was not read
    sources = settings.sources | {"paths.config": place.source}
    return Patient(replace(settings, paths=paths, sources=sources), has_socket, findings=findings)


def _places_only(environ: dict[str, str]) -> dict[str, str]:
    places = {"LOFI_SOCKET", "LOFI_DATA_DIR"}
    return {name: value for name, value in environ.items() if not name.startswith("LOFI_") or name in places}


def check_configuration(patient: Patient) -> Iterator[Finding]:
    """The file, and what of it can be wrong though it is read."""
    paths, sources = patient.settings.paths, patient.settings.sources
    yield from patient.findings
    if not any(finding.area == _AREA.name for finding in patient.findings):
        told = (
            f"{paths.config} is valid" if paths.config.exists() else f"no {paths.config}: all as by default"
        )
        variables = sum(source.startswith("LOFI_") for source in sources.values())
        values = "one comes from a variable" if variables == 1 else f"{variables} come from variables"
        yield _AREA.ok(f"{told}; {values}" if variables else told)
    if os.environ.get("LOFI_PLAYER_TAP"):
        yield _AREA.warning(
            "LOFI_PLAYER_TAP is set, which is for tests: all sound goes into a file", "unset it"
        )
    yield from _check_presets(patient)


def _check_presets(patient: Patient) -> Iterator[Finding]:
    """Those that the radio will want, and the user's own."""
    from lofi_core.radio.presets import find_preset, presets_dir

    directory = presets_dir(patient.settings.paths.config)
    radio = patient.settings.config.radio
    named = {radio.preset, *(slot.preset for slot in radio.schedule if slot.preset)}
    for name in sorted(named | {file.stem for file in directory.glob("*.toml")}):
        try:
            find_preset(name, directory)
        except LofiError as error:
            yield Area("presets").refused(error)
