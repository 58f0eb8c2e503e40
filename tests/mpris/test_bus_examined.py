"""Does the doctor find the daemon on the session bus?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_core.cli.doctor.desktop import check_desktop
from lofi_core.cli.doctor.patient import admit
from lofi_core.cli.options import Globals

if TYPE_CHECKING:
    import pytest

    from tests.conftest import DaemonProcess
    from tests.mpris.desktop import SessionBus


def test_the_doctor_sees_who_is_on_the_bus(
    bus: SessionBus, daemon: DaemonProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
    daemon.wait_for_log("on the session bus")
    patient = admit(Globals())
    assert [one.text for one in check_desktop(patient)] == ["org.mpris.MediaPlayer2.lofi on the session bus"]
    daemon.stop()
    (finding,) = check_desktop(patient)
    assert (finding.status, finding.text) == ("ok", "the session bus answers; a daemon puts itself there")
    patient.serves = {"pid": 1}
    (finding,) = check_desktop(patient)
    assert (finding.status, finding.text) == ("warning", "the daemon is not on the session bus")
