"""Is there something to play on, as the player sees it?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_core.cli.doctor.child import run_child
from lofi_core.cli.doctor.finding import Area, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lofi_core.cli.doctor.patient import Patient

ANSWER_SEC = 8.0  # a player starts meanwhile
NULL = "null"
_AREA = Area("sound")


def check_sound(patient: Patient) -> Iterator[Finding]:
    """The device in use: the daemon's, else that of a player which is started to look."""
    if patient.serves is not None:
        wanted = patient.call("status", ANSWER_SEC)["playback"]["device"]
        devices = patient.call("audio_devices", ANSWER_SEC)
        used, there = devices["current"], [device["name"] for device in devices["available"]]
    else:
        wanted = patient.settings.config.audio.device
        looked = run_child("lofi_core.cli.doctor.sound_child", {"device": wanted}, ANSWER_SEC)
        report = looked.reports[-1] if looked.reports else {}
        if "available" not in report:
            remedy = report.get("hint") or "install lofi-core again: pip install --force-reinstall lofi-core"
            yield _AREA.problem(f"the player does not work: {report.get('error') or looked.end}", remedy)
            return
        used, there = report["current"], report["available"]
    real = [name for name in there if name != NULL]
    listed = ", ".join(real) or "none"
    if wanted == NULL:
        yield _AREA.ok(f"the null device, as configured: nothing is heard; there are: {listed}")
    elif used is None:
        remedy = "plug one in or start the sound server; or set audio.device to 'null' to do without"
        yield _AREA.warning("there is no audio device: tracks are made, and none is heard", remedy)
    elif wanted not in {"default", used, *there}:
        remedy = "`lofi-core devices` lists them, `lofi-core config set audio.device NAME` sets one"
        yield _AREA.warning(f"audio.device {wanted!r} is not there, and {used} stands in", remedy)
    else:
        yield _AREA.ok(f"{used}; there are: {listed}")
