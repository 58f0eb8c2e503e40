"""Is everybody told what happens, and does a mistake of theirs harm nobody else?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.nvim.core.scripted import event

if TYPE_CHECKING:
    from tests.nvim.core.driver import Editor
    from tests.nvim.core.scripted import ScriptedDaemon


def test_a_request_may_come_from_a_callback_of_libuv(scripted: ScriptedDaemon, caller: Editor) -> None:
    caller.lua("""
        local timer = vim.uv.new_timer()
        timer:start(0, 0, function()
          timer:close()
          require("lofi").request("ping", {}, test.answered("fast"))
        end)
    """)
    assert caller.answers("fast")[0]["result"]["status"] == "ok"


def test_callbacks_may_use_all_of_neovim(scripted: ScriptedDaemon, caller: Editor) -> None:
    caller.lua("require('lofi').on('volume_changed', function() vim.cmd('let g:heard = 1') end)")
    caller.lua("require('lofi').request('ping', {}, function() vim.cmd('let g:answered = 1') end)")
    caller.wait("vim.g.answered == 1")
    scripted.send(event("volume_changed", level=1.0))
    caller.wait("vim.g.heard == 1")
    assert caller.lua("return test.told") == []


def test_a_callback_that_throws_is_told_once_and_harms_nobody(
    scripted: ScriptedDaemon, caller: Editor
) -> None:
    caller.lua("""
        for _ = 1, 3 do
          require("lofi").request("ping", {}, function() error("my mistake") end)
        end
        require("lofi").request("ping", {}, test.answered("after"))
    """)
    caller.answers("after")
    caller.wait("#test.told > 0")
    (told,) = caller.lua("return test.told")
    assert "ping: an error in your callback:" in told["text"]
    assert "my mistake" in told["text"]


def test_a_listener_that_throws_does_not_keep_it_from_the_others(
    scripted: ScriptedDaemon, caller: Editor
) -> None:
    caller.lua("require('lofi').on('volume_changed', function() error('my mistake') end)")
    caller.lua("test.record('volume_changed')")
    caller.call("request", "ping", {})
    scripted.send(event("volume_changed", level=0.5) + event("volume_changed", level=0.6))
    caller.wait("#vim.tbl_filter(function(e) return e[1] == 'volume_changed' end, test.events) == 2")
    caller.wait("#test.told == 1")


def test_an_unsubscribed_listener_hears_nothing_more(scripted: ScriptedDaemon, caller: Editor) -> None:
    caller.lua("""
        local unsubscribe
        unsubscribe = require("lofi").on("volume_changed", function()
          test.heard = (test.heard or 0) + 1
          unsubscribe()
        end)
        test.record("volume_changed")
    """)
    caller.call("request", "ping", {})
    scripted.send(event("volume_changed", level=0.5) + event("volume_changed", level=0.6))
    caller.wait("#vim.tbl_filter(function(e) return e[1] == 'volume_changed' end, test.events) == 2")
    assert caller.lua("return test.heard") == 1


def test_a_listener_that_comes_during_an_event_hears_the_next_one(
    scripted: ScriptedDaemon, caller: Editor
) -> None:
    caller.lua("""
        require("lofi").on("volume_changed", function()
          if not test.came then
            test.came = true
            test.record("volume_changed")
          end
        end)
    """)
    caller.call("request", "ping", {})
    scripted.send(event("volume_changed", level=0.5) + event("volume_changed", level=0.6))
    caller.wait("#test.events == 3")
    assert caller.events("volume_changed") == [{"level": 0.6}]


def test_each_event_is_an_autocommand_too(scripted: ScriptedDaemon, caller: Editor) -> None:
    caller.lua("""
        vim.api.nvim_create_autocmd("User", { pattern = "LofiVolumeChanged", callback = function(args)
          test.heard = args.data
        end })
    """)
    caller.call("request", "ping", {})
    scripted.send(event("volume_changed", level=0.25))
    caller.wait("test.heard")
    assert caller.lua("return test.heard") == {"level": 0.25}


def test_an_event_nobody_knows_is_told_with_a_suggestion(caller: Editor) -> None:
    caller.lua("require('lofi').on('generation_complet', function() end)")
    caller.wait("#test.told == 1")
    (told,) = caller.lua("return test.told")
    assert "no event 'generation_complet' is known; did you mean 'generation_complete'?" in told["text"]
