"""Is all of MPRIS there, with the types that the specification gives it?"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from tests.mpris.desktop import PLAYER, ROOT

if TYPE_CHECKING:
    from tests.mpris.desktop import Widget

# From the specification, 2.2. Optional members that are for windows are left out: Fullscreen, DesktopEntry.
SPECIFIED = {
    ROOT: {
        "methods": {"Raise": "", "Quit": ""},
        "signals": {},
        "properties": {
            "CanQuit": "b read",
            "CanRaise": "b read",
            "HasTrackList": "b read",
            "Identity": "s read",
            "SupportedUriSchemes": "as read",
            "SupportedMimeTypes": "as read",
        },
    },
    PLAYER: {
        "methods": {
            "Next": "",
            "Previous": "",
            "Pause": "",
            "PlayPause": "",
            "Stop": "",
            "Play": "",
            "Seek": "x",
            "SetPosition": "ox",
            "OpenUri": "s",
        },
        "signals": {"Seeked": "x"},
        "properties": {
            "PlaybackStatus": "s read",
            "LoopStatus": "s readwrite",
            "Rate": "d readwrite",
            "Shuffle": "b readwrite",
            "Metadata": "a{sv} read",
            "Volume": "d readwrite",
            "Position": "x read",
            "MinimumRate": "d read",
            "MaximumRate": "d read",
            "CanGoNext": "b read",
            "CanGoPrevious": "b read",
            "CanPlay": "b read",
            "CanPause": "b read",
            "CanSeek": "b read",
            "CanControl": "b read",
        },
    },
}
NOT_SUPPORTED = "org.freedesktop.DBus.Error.NotSupported"


def types(element: ET.Element) -> str:
    return "".join(arg.attrib["type"] for arg in element.findall("arg"))


@pytest.mark.parametrize("name", SPECIFIED)
def test_an_interface_has_the_members_of_the_specification(widget: Widget, name: str) -> None:
    interface = ET.fromstring(widget.introspect()).find(f"interface[@name='{name}']")
    assert interface is not None
    assert {
        "methods": {method.attrib["name"]: types(method) for method in interface.findall("method")},
        "signals": {signal.attrib["name"]: types(signal) for signal in interface.findall("signal")},
        "properties": {
            prop.attrib["name"]: f"{prop.attrib['type']} {prop.attrib['access']}"
            for prop in interface.findall("property")
        },
    } == SPECIFIED[name]


def test_it_says_who_it_is(widget: Widget) -> None:
    assert widget.get_all(ROOT) == {
        "CanQuit": False,
        "CanRaise": False,
        "HasTrackList": False,
        "Identity": "lofi-core",
        "SupportedUriSchemes": [],
        "SupportedMimeTypes": [],
    }


def test_an_empty_playlist_can_do_nothing_and_says_so(widget: Widget) -> None:
    assert widget.get_all() == {
        "PlaybackStatus": "Stopped",
        "LoopStatus": "None",
        "Rate": 1.0,
        "Shuffle": False,
        "Metadata": {},
        "Volume": 1.0,
        "Position": 0,
        "MinimumRate": 1.0,
        "MaximumRate": 1.0,
        "CanGoNext": False,
        "CanGoPrevious": False,
        "CanPlay": False,
        "CanPause": False,
        "CanSeek": False,
        "CanControl": True,
    }


@pytest.mark.parametrize("method", ["Raise", "Quit"])
def test_there_is_no_window_and_the_desktop_cannot_end_the_daemon(widget: Widget, method: str) -> None:
    error, _text = widget.refusal(method, interface=ROOT)
    assert error == NOT_SUPPORTED
    assert widget.get("PlaybackStatus") == "Stopped"


def test_files_of_others_are_not_played(widget: Widget) -> None:
    error, text = widget.refusal("OpenUri", "s", "file:///music/a.mp3")
    assert error == NOT_SUPPORTED
    assert "file:///music/a.mp3" in text
