"""Does each request get exactly one answer, whatever the other side does?"""

from __future__ import annotations

import itertools
import os
import socket
from typing import TYPE_CHECKING, Any

import msgpack
import pytest

from tests.nvim.core.scripted import event, refusal, response

if TYPE_CHECKING:
    from pathlib import Path

    from tests.nvim.core.conftest import Listen, OpenEditor
    from tests.nvim.core.driver import Editor
    from tests.nvim.core.scripted import ScriptedDaemon

NEVER_ANSWERED = b""


def states(editor: Editor) -> list[str]:
    return [fields["state"] for fields in editor.events("state_changed")]


def test_a_connection_is_made_by_the_first_request(scripted: ScriptedDaemon, caller: Editor) -> None:
    assert caller.state() == "off"
    assert caller.call("request", "ping", {})["result"]["status"] == "ok"
    assert states(caller) == ["starting", "connected"]
    sent = [method for _, method, _ in scripted.requests]
    assert (sent[:2], sent[-1]) == (["hello", "subscribe"], "ping")


def test_who_calls_is_told_to_the_daemon(scripted: ScriptedDaemon, caller: Editor) -> None:
    caller.call("request", "ping", {})
    ((_, _, [params]), *_) = scripted.requests
    assert params["client"]["name"] == "neovim"
    assert params["client"]["version"].startswith("0.")


def test_requests_that_wait_for_the_connection_keep_their_order(
    scripted: ScriptedDaemon, caller: Editor
) -> None:
    for number in range(5):
        caller.begin("many", "request", "ping", {"number": number})
    caller.answers("many", 5)
    sent = [params for _, method, params in scripted.requests if method == "ping"]
    assert sent == [[{"number": number}] for number in range(5)]


def test_answers_find_their_request_in_any_order(scripted: ScriptedDaemon, caller: Editor) -> None:
    scripted.answers |= {"first": NEVER_ANSWERED, "second": NEVER_ANSWERED}
    caller.begin("first", "request", "first", {})
    caller.begin("second", "request", "second", {})
    caller.call("request", "ping", {})
    ids = {method: msgid for msgid, method, _ in scripted.requests}
    scripted.send(response(ids["second"], {"n": 2}) + response(ids["first"], {"n": 1}))
    assert caller.answers("first") == [{"result": {"n": 1}}]
    assert caller.answers("second") == [{"result": {"n": 2}}]


def test_an_answer_after_its_timeout_is_dropped(scripted: ScriptedDaemon, caller: Editor) -> None:
    scripted.answers["slow"] = NEVER_ANSWERED
    caller.lua("require('lofi').request('slow', {}, test.answered('slow'), { timeout_ms = 30 })")
    (answer,) = caller.answers("slow")
    assert answer["err"]["code"] == "TIMEOUT"
    assert answer["err"]["message"] == "the daemon did not answer 'slow' within 0.03 s"
    assert answer["err"]["hint"].startswith("`:Lofi log` shows what it is doing; timeout_ms in setup()")
    ids = {method: msgid for msgid, method, _ in scripted.requests}
    scripted.send(response(ids["slow"], {}))
    caller.call("request", "ping", {})
    assert len(caller.answers("slow")) == 1
    assert caller.state() == "connected"


def test_each_of_many_requests_is_answered_once_whatever_breaks(
    scripted: ScriptedDaemon, caller: Editor
) -> None:
    scripted.answers["slow"] = NEVER_ANSWERED
    ask = """
        for _ = 1, 5 do
          require("lofi").request("ping", {}, test.answered("many"))
          require("lofi").request("slow", {}, test.answered("many"), { timeout_ms = math.random(1, 40) })
        end
        vim.wait(...)
    """
    for round_ in range(20):
        caller.lua(ask, round_ % 4 * 3)
        if round_ % 3 == 0:
            scripted.hang_up()
    caller.answers("many", 200)
    caller.call("request", "ping", {})
    assert len(caller.answers("many", 200)) == 200


def test_half_a_message_is_waited_for(scripted: ScriptedDaemon, caller: Editor) -> None:
    halves: list[bytes] = []

    def half(msgid: int, _: Any) -> bytes:
        whole = response(msgid, {"text": "x" * 100})
        halves.append(whole[40:])
        return whole[:40]

    scripted.answers["half"] = half
    caller.begin("half", "request", "half", {})
    caller.wait("require('lofi.client').state() == 'connected'")
    while not halves:
        caller.lua("vim.wait(5)")
    scripted.send(halves[0])
    assert caller.answers("half") == [{"result": {"text": "x" * 100}}]


def test_a_connection_that_ends_answers_all_that_wait_once(scripted: ScriptedDaemon, caller: Editor) -> None:
    scripted.answers["slow"] = NEVER_ANSWERED
    caller.call("request", "ping", {})
    for _ in range(3):
        caller.begin("slow", "request", "slow", {})
    scripted.hang_up()
    codes = [answer["err"]["code"] for answer in caller.answers("slow", 3)]
    assert codes == ["CONNECTION_LOST"] * 3
    caller.wait("require('lofi.client').state() == 'connected'")
    assert len(caller.answers("slow", 3)) == 3


def test_whoever_is_told_of_the_end_may_ask_again_at_once(scripted: ScriptedDaemon, caller: Editor) -> None:
    scripted.answers["slow"] = NEVER_ANSWERED
    caller.call("request", "ping", {})
    caller.lua("""
        require("lofi").request("slow", {}, function(err)
          test.code = err.code
          require("lofi").request("ping", {}, test.answered("again"))
        end)
    """)
    scripted.hang_up()
    assert caller.answers("again")[0]["result"]["status"] == "ok"
    assert caller.lua("return test.code") == "CONNECTION_LOST"


def test_a_lost_connection_comes_back_by_itself(scripted: ScriptedDaemon, caller: Editor) -> None:
    caller.call("request", "ping", {})
    scripted.hang_up()
    caller.wait("#test.events == 4")
    assert states(caller) == ["starting", "connected", "lost", "connected"]


def test_events_come_after_a_reconnection_too(scripted: ScriptedDaemon, caller: Editor) -> None:
    caller.lua("test.record('volume_changed')")
    caller.call("request", "ping", {})
    scripted.hang_up()
    caller.wait("#test.events == 4")
    scripted.send(event("volume_changed", level=0.5))
    caller.wait("#test.events == 5")
    assert caller.events("volume_changed") == [{"level": 0.5}]


def test_a_request_during_the_outage_does_not_wait_for_the_next_try(
    listen: Listen, caller: Editor, home: Path
) -> None:
    first = listen()
    caller.call("request", "ping", {})
    first.stop()
    (home / "s.sock").unlink()
    caller.wait("require('lofi.client').state() == 'lost'")
    assert caller.call("request", "ping", {})["err"]["code"] == "NO_DAEMON"
    assert caller.state() == "off"


@pytest.mark.parametrize(
    "garbage",
    [b"\xc1", b"HTTP/1.1 400 Bad Request\r\n\r\n", msgpack.packb([1, 2]), msgpack.packb({"a": 1}), b"\x01"],
)
def test_what_is_no_msgpack_rpc_is_no_daemon(
    scripted: ScriptedDaemon, caller: Editor, garbage: bytes
) -> None:
    scripted.answers["hello"] = garbage
    err = caller.call("request", "ping", {})["err"]
    assert err["code"] == "NOT_A_DAEMON"
    assert "another program may own that socket" in err["hint"]


def test_an_answer_that_is_too_deep_for_neovim_is_an_error(scripted: ScriptedDaemon, caller: Editor) -> None:
    deep: Any = 1
    for _ in range(60):
        deep = {"a": deep}
    scripted.answers["deep"] = lambda msgid, _: response(msgid, deep)
    err = caller.call("request", "deep", {})["err"]
    assert err["message"] == "the answer is nested deeper than Neovim can read"
    scripted.send(bytes(msgpack.packb([2, "deep_event", [deep]])))
    assert caller.call("request", "ping", {})["result"]["status"] == "ok"


def test_text_that_is_no_utf8_comes_as_it_is(scripted: ScriptedDaemon, caller: Editor) -> None:
    scripted.answers["bytes"] = lambda msgid, _: b"\x94\x01" + msgpack.packb(msgid) + b"\xc0\xa2\xff\xfe"
    caller.lua(
        "require('lofi').request('bytes', {}, function(_, text) test.bytes = { text:byte(1, -1) } end)"
    )
    caller.wait("test.bytes")
    assert caller.lua("return test.bytes") == [255, 254]


def test_an_error_without_a_request_is_everybodys(scripted: ScriptedDaemon, caller: Editor) -> None:
    scripted.answers["slow"] = NEVER_ANSWERED
    scripted.answers["bad"] = refusal(0, "PARSE_ERROR: this is no msgpack-RPC message")
    caller.call("request", "ping", {})
    caller.begin("slow", "request", "slow", {})
    caller.begin("bad", "request", "bad", {})
    assert caller.answers("slow")[0]["err"]["code"] == "PARSE_ERROR"
    assert caller.answers("bad")[0]["err"]["code"] == "PARSE_ERROR"


@pytest.mark.parametrize(("protocol", "remedy"), [(2, "update the plugin"), (0, "update lofi-core")])
def test_another_version_of_the_wire_is_explained(
    listen: Listen, caller: Editor, protocol: int, remedy: str
) -> None:
    listen(protocol=protocol)
    err = caller.call("request", "ping", {})["err"]
    assert err["code"] == "VERSION_MISMATCH"
    assert f"lofi-core 9.9, pid 1) speaks protocol {protocol}, and this plugin speaks 1" in err["message"]
    assert err["hint"].startswith(remedy)
    assert caller.lua("return require('lofi.client').info().error.code") == "VERSION_MISMATCH"


def test_a_method_that_an_older_daemon_lacks_is_explained(scripted: ScriptedDaemon, caller: Editor) -> None:
    for method in ("job_get", "no_such"):
        scripted.answers[method] = lambda msgid, _: refusal(msgid, "METHOD_NOT_FOUND: no method")
    assert caller.call("request", "job_get", {})["err"] == {
        "code": "METHOD_NOT_FOUND",
        "message": "lofi-core 9.9 (pid 1) has no 'job_get' yet",
        "hint": "update lofi-core, then end the old daemon with `lofi-core shutdown`",
    }
    assert caller.call("request", "no_such", {})["err"]["message"] == "no method"


def test_another_neovim_at_the_socket_is_no_daemon(open_editor: OpenEditor, home: Path) -> None:
    other = open_editor(home / "none.sock")
    caller = open_editor(other.listens)
    err = caller.call("request", "ping", {})["err"]
    assert err["code"] == "NOT_A_DAEMON"
    assert "another program listens at" in err["message"]


def test_a_program_that_never_says_hello_is_given_up(home: Path, caller: Editor) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(home / "s.sock"))
        silent.listen()
        err = caller.call("request", "ping", {})["err"]
    assert err["message"] == "the daemon did not answer 'hello' within 5 s"


def test_a_daemon_on_its_way_out_is_tried_again(scripted: ScriptedDaemon, caller: Editor) -> None:
    greet = scripted.answers["hello"]
    assert callable(greet)
    calls = itertools.count()

    def drop_the_first(msgid: int, params: Any) -> bytes:
        if next(calls) == 0:
            scripted.hang_up()
            return b""
        return greet(msgid, params)

    scripted.answers["hello"] = drop_the_first
    assert caller.call("request", "ping", {})["result"]["status"] == "ok"
    assert states(caller) == ["starting", "connected"]


def test_no_callback_is_called_before_its_request_returns(caller: Editor) -> None:
    caller.lua("""
        require("lofi").setup({ socket = ("/x"):rep(200) })
        require("lofi").request("ping", {}, function(err)
          test.order, test.err = test.order or "early", err
        end)
        test.order = test.order or "late"
    """)
    caller.wait("test.err")
    assert caller.lua("return test.order") == "late"
    assert "the socket path is 400 bytes long" in caller.lua("return test.err.message")


def test_without_a_daemon_the_error_says_how_to_start_one(caller: Editor) -> None:
    assert caller.call("status")["err"] == {
        "code": "NO_DAEMON",
        "message": f"no daemon listens at {caller.lua('return vim.env.LOFI_SOCKET')}",
        "hint": "`lofi-core serve --detach` starts one",
    }
    assert states(caller) == ["starting", "off"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file to another user")
def test_a_socket_of_another_user_is_not_used(scripted: ScriptedDaemon, caller: Editor, home: Path) -> None:
    os.chown(home / "s.sock", 12345, 12345)
    err = caller.call("request", "ping", {})["err"]
    assert err["code"] == "NOT_PERMITTED"
    assert "belongs to user 12345, not to you" in err["message"]
    assert scripted.requests == []


def test_a_prompt_that_is_no_utf8_is_refused_by_name(caller: Editor) -> None:
    caller.lua("require('lofi').generate({ prompt = 'caf\\233' }, test.answered('bad'))")
    (answer,) = caller.answers("bad")
    assert answer["err"]["code"] == "INVALID_PARAMS"
    assert answer["err"]["message"] == 'prompt is no UTF-8 text: "caf\\233"'
    assert caller.state() == "off"


def test_params_over_the_wires_limit_are_refused(caller: Editor) -> None:
    caller.lua("require('lofi').request('ping', { x = ('x'):rep(2^20) }, test.answered('big'))")
    (answer,) = caller.answers("big")
    assert answer["err"]["message"] == "the params of 'ping' are 1048584 bytes long, and 1 MiB is the most"


def test_another_socket_in_setup_ends_the_old_connection(
    scripted: ScriptedDaemon, caller: Editor, home: Path
) -> None:
    scripted.answers["slow"] = NEVER_ANSWERED
    caller.call("request", "ping", {})
    caller.begin("slow", "request", "slow", {})
    caller.lua("require('lofi').setup({ autostart = false, socket = ... })", str(home / "other.sock"))
    assert caller.answers("slow")[0]["err"]["code"] == "CLOSED"
    assert caller.call("request", "ping", {})["err"]["code"] == "NO_DAEMON"
