"""Picking a track, and what can be done with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import events_until_end

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import DaemonProcess
    from tests.nvim.conftest import Lua, Watch
    from tests.nvim.watched import Watched

# Stands for the user, who chooses what a test says: the first item that holds the text.
CHOOSER = """
    test.offered, test.wanted = {}, ...
    vim.ui.select = function(items, options, choose)
      local labels = vim.tbl_map(options.format_item or tostring, items)
      table.insert(test.offered, { prompt = options.prompt, labels = labels })
      local wanted = table.remove(test.wanted, 1)
      for i, label in ipairs(labels) do
        if wanted and label:find(wanted, 1, true) then
          return choose(items[i], i)
        end
      end
      choose(nil)
    end
"""


@pytest.fixture
def tracks(served: DaemonProcess) -> list[dict[str, Any]]:
    """Three tracks of the library, newest first."""
    with served.client() as client:
        made: list[dict[str, Any]] = []
        for number, prompt in enumerate(["picked one", "picked two, with rain", "picked three"]):
            asked = client.call("generate", prompt=prompt, duration_sec=2, backend="sine", seed=number)
            if asked["status"] != "cached":
                events_until_end(client, asked["job_id"])
            made.insert(0, client.call("tracks_get", track_id=asked["track_id"]))
    return made


@pytest.fixture
def editor(served: DaemonProcess, watch: Watch, tracks: list[dict[str, Any]]) -> Watched:
    return watch(served.socket, 80, 24)


def pick(editor: Watched, query: str, *wanted: str) -> list[dict[str, Any]]:
    """Open the picker and choose; answers what was offered."""
    editor.lua(CHOOSER, list(wanted))
    editor.command(f"Lofi tracks {query}")
    editor.wait("#test.offered >= math.max(1, a[1])", len(wanted))
    offered: list[dict[str, Any]] = editor.lua("return test.offered")
    return offered


def test_tracks_are_offered_newest_first_with_their_length(editor: Watched) -> None:
    (offered,) = pick(editor, "picked")
    first, second, third = offered["labels"]
    assert first.split() == ["picked", "three", "0:02", "sine"]
    assert second.startswith("  picked two, with rain ")
    assert third.split()[:2] == ["picked", "one"]


def test_a_query_narrows_them(editor: Watched) -> None:
    (offered,) = pick(editor, "with rain")
    assert [label.split()[1] for label in offered["labels"]] == ["two,"]


def test_a_query_that_nothing_matches_is_answered_with_words(editor: Watched) -> None:
    editor.command("Lofi tracks no such words")
    editor.wait("#test.told > 0")
    assert editor.told() == ["no track matches 'no such words'"]


def test_while_one_chooses_what_to_do_the_track_is_shown(editor: Watched) -> None:
    editor.lua("""
        vim.ui.select = function(items, options, choose)
          if options.kind == "lofi.track" then choose(items[1]) else test.choose = choose end
        end
    """)
    editor.command("Lofi tracks picked two")
    shown = editor.wait_until_seen("picked two, with rain", "sine 1, 0:02", "seed 1", "LUFS")
    assert "██████████" in shown
    editor.lua("test.choose(nil)")
    editor.wait_until_gone("seed 1")


def test_a_track_is_played(served: DaemonProcess, editor: Watched, tracks: list[dict[str, Any]]) -> None:
    editor.lua("test.record('playback_started')")
    pick(editor, "picked", "three", "play")
    editor.wait("#test.events > 0")
    assert editor.events("playback_started")[0]["track_id"] == tracks[0]["track_id"]


def test_a_track_is_queued(served: DaemonProcess, editor: Watched, tracks: list[dict[str, Any]]) -> None:
    pick(editor, "picked", "picked one", "queue")
    editor.wait("#test.told > 0")
    assert editor.told() == ["plays later: picked one"]
    with served.client() as client:
        queued = [track["track_id"] for track in client.call("playlist_get")["tracks"]]
    assert tracks[2]["track_id"] in queued


def test_a_favourite_has_a_heart_and_can_lose_it(editor: Watched) -> None:
    pick(editor, "picked", "picked one", "favourite")
    editor.wait("#test.told > 0")
    offered = pick(editor, "picked", "picked one", "favourite")
    assert offered[0]["labels"][2].startswith("♥ picked one")
    editor.wait("#test.told > 1")
    assert editor.told() == ["a favourite now: picked one", "no favourite any more: picked one"]


def test_deleting_asks_first(served: DaemonProcess, editor: Watched, tracks: list[dict[str, Any]]) -> None:
    offered = pick(editor, "picked", "picked three", "delete", "no")
    assert offered[2] == {"prompt": "Delete 'picked three'?", "labels": ["no", "delete it"]}
    pick(editor, "picked", "picked three", "delete", "delete it")
    editor.wait("#test.told > 0")
    assert editor.told() == ["deleted: picked three"]
    assert not Path(tracks[0]["path"]).exists()


def test_a_prompt_is_copied(editor: Watched) -> None:
    pick(editor, "picked", "picked two", "copy")
    editor.wait("vim.fn.getreg('\"') == 'picked two, with rain'")


def test_another_like_it_is_made_with_another_seed(editor: Watched) -> None:
    editor.lua("test.record('generation_accepted')")
    pick(editor, "picked", "picked two", "another")
    editor.wait("#test.events > 0")
    (accepted,) = editor.events("generation_accepted")
    assert (accepted["prompt"], accepted["backend"]) == ("picked two, with rain", "sine")
    assert accepted["seed"] != 1


def test_a_copy_is_exported_and_a_file_that_is_there_is_asked_about(editor: Watched, home: Path) -> None:
    editor.lua("vim.ui.input = function(options, go_on) test.default = options.default; go_on(test.path) end")
    editor.lua("test.path = ...", str(home / "copy.wav"))
    pick(editor, "picked", "picked two", "export")
    editor.wait("#test.told > 0")
    assert (home / "copy.wav").stat().st_size > 100_000
    assert editor.lua("return vim.fs.basename(test.default)") == "picked-two-with-rain.flac"
    offered = pick(editor, "picked", "picked two", "export", "overwrite")
    assert offered[2]["prompt"].endswith("copy.wav exists")
    editor.wait("#test.told > 1")


@pytest.mark.parametrize("folder", ["`touch sprung`", "$(touch sprung)", "%", "#", "*"])
def test_a_folder_is_only_a_name_whatever_it_says(lua: Lua, tmp_path: Path, folder: str) -> None:
    place = tmp_path / folder
    place.mkdir()
    asked = lua(
        """
        local before, asked, folder = package.loaded["lofi.ask"], nil, vim.fn.getcwd()
        package.loaded["lofi.ask"] = { ask = function(_, params) asked = params.path end }
        package.loaded["lofi.picker.actions"] = nil
        vim.api.nvim_set_current_dir(...)
        vim.ui.input = function(options, go_on) go_on(options.default) end
        for _, action in ipairs(require("lofi.picker.actions").LIST) do
          if action.title:find("export") then
            action.run({ track_id = "x", prompt = "rain `touch sprung`" })
          end
        end
        vim.api.nvim_set_current_dir(folder)
        package.loaded["lofi.ask"], package.loaded["lofi.picker.actions"] = before, nil
        return asked
        """,
        str(place),
    )
    assert asked == str(place / "rain-touch-sprung.flac")
    assert list(tmp_path.rglob("sprung")) == []


def test_a_long_library_comes_page_by_page(lua: Lua) -> None:
    """A daemon with 250 tracks would take minutes to fill; the answers are of its form."""
    offered, asked = lua("""
        local asked, before = {}, package.loaded["lofi.ask"]
        package.loaded["lofi.ask"] = { ask = function(_, params, go_on)
          table.insert(asked, { params.limit, params.offset })
          local tracks = {}
          for i = params.offset + 1, math.min(250, params.offset + params.limit) do
            local track = { track_id = tostring(i), prompt = "track " .. i, duration_sec = 1, backend = "b" }
            table.insert(tracks, track)
          end
          go_on({ tracks = tracks, total = 250 })
        end }
        local offered, select = {}, vim.ui.select
        vim.ui.select = function(items, options, choose)
          table.insert(offered, { #items, options.format_item(items[#items]) })
          if #offered < 3 then choose(items[#items]) end
        end
        require("lofi.picker").open("")
        vim.ui.select, package.loaded["lofi.ask"] = select, before
        return { offered, asked }
    """)
    assert [count for count, _ in offered] == [101, 201, 250]
    assert [label for _, label in offered[:2]] == ["… 150 more", "… 50 more"]
    assert asked == [[100, 0], [100, 100], [100, 200]]


TRACK = {
    "track_id": "ab" * 16,
    "prompt": "rainy night, jazzy rhodes, vinyl, and a long prompt that goes on",
    "backend": "procedural",
    "model_version": "2",
    "duration_sec": 90,
    "seed": 7,
    "options": {"tempo": 82},
    "loudness_lufs": -14.02,
    "true_peak_dbtp": -1.04,
    "created_at": "2026-01-02T03:04:05Z",
    "generation_time_sec": 3.2,
    "size_bytes": 4_200_000,
    "favourite": True,
    "recipe": {"extra": {"music": {"key": "d minor", "tempo_bpm": 82}}, "licence": "CC-BY-NC-4.0"},
}


def test_a_preview_has_prompt_waveform_and_recipe(lua: Lua) -> None:
    lines = lua(
        """
        local shown
        package.loaded["lofi"] = { request = function(_, params, go_on)
          go_on(nil, { peaks = vim.fn["repeat"]({ 0, 0.5, 1 }, params.bins / 3) })
        end }
        require("lofi.picker.preview").lines(..., 30, function(lines) shown = lines end)
        package.loaded["lofi"] = nil
        return shown
    """,
        TRACK,
    )
    assert lines == [
        "♥ rainy night, jazzy rhodes,",
        "vinyl, and a long prompt that",
        "goes on",
        "",
        "  █" * 10,
        " ▄█" * 10,
        "▁██" * 10,
        "",
        "procedural 2, 1:30",
        "seed 7",
        "d minor, 82 bpm",
        "tempo 82",
        "-14.0 LUFS, peak -1.0 dBTP",
        "2026-01-02, made in 4 s",
        "licence CC-BY-NC-4.0",
        "4.2 MB",
    ]


@pytest.fixture
def done(lua: Lua) -> Iterator[Lua]:
    """Adapters whose picker is a stand-in with the calls of the real one, and actions that are noted."""
    lua("""
        _G.done = {}
        for _, action in ipairs(require("lofi.picker.actions").LIST) do
          action.run = function(track) table.insert(done, { action.key, track.prompt }) end
        end
        require("lofi.picker.preview").fill = function(_, track)
          table.insert(done, { "seen", track.prompt })
        end
        _G.spec = {
          title = "lofi tracks",
          tracks = { { prompt = "one" }, { prompt = "two", title = "named" } },
          label = function(track) return "label of " .. track.prompt end,
        }
    """)
    yield lua
    lua("""
        for name in pairs(package.loaded) do
          for _, ours in ipairs({ "lofi.picker", "snacks", "telescope", "fzf-lua" }) do
            package.loaded[name] = not vim.startswith(name, ours) and package.loaded[name] or nil
          end
        end
        _G.done, _G.spec = nil, nil
    """)


def test_snacks_gets_items_a_preview_and_keys(done: Lua) -> None:
    seen = done("""
        package.loaded["snacks.picker"] = { pick = function(options) _G.picked = options end }
        assert(require("lofi.picker").choose() == "snacks")
        require("lofi.picker.snacks").open(spec)
        local item = picked.items[2]
        local context = { item = item, buf = 0, win = 0, preview = { reset = function() end } }
        picked.preview(context)
        local picker = { close = function() end }
        picked.actions.confirm(picker, item)
        picked.actions[picked.win.input.keys["<a-d>"][1]](picker, item)
        vim.wait(20)
        return { item.text, picked.format(item), done }
    """)
    assert seen == ["two named", [["label of two"]], [["seen", "two"], ["p", "two"], ["d", "two"]]]


def test_telescope_gets_a_finder_a_previewer_and_maps(done: Lua) -> None:
    seen = done("""
        local selected
        local loaded = package.loaded
        loaded["telescope.actions"] = {
          close = function() end,
          select_default = { replace = function(_, run) _G.enter = run end },
        }
        loaded["telescope.actions.state"] = { get_selected_entry = function() return selected end }
        loaded["telescope.finders"] = { new_table = function(options) return options end }
        loaded["telescope.config"] = { values = { generic_sorter = function() return "sorter" end } }
        loaded["telescope.previewers"] = { new_buffer_previewer = function(options) return options end }
        loaded["telescope.pickers"] = { new = function(_, options)
          _G.picked = options
          return { find = function() _G.found = true end }
        end }
        assert(require("lofi.picker").choose() == "telescope")
        require("lofi.picker.telescope").open(spec)
        selected = picked.finder.entry_maker(picked.finder.results[2])
        picked.previewer.define_preview({ state = { bufnr = 0, winid = 0 } }, selected)
        local maps = {}
        picked.attach_mappings(1, function(_, key, run) maps[key] = run end)
        enter()
        maps["<M-q>"]()
        return { found, selected.display, selected.ordinal, done }
    """)
    assert seen == [True, "label of two", "two named", [["seen", "two"], ["p", "two"], ["q", "two"]]]


def test_fzf_lua_gets_numbered_lines_and_keys(done: Lua) -> None:
    seen = done("""
        local loaded = package.loaded
        loaded["fzf-lua"] = { fzf_exec = function(lines, options) _G.lines, _G.picked = lines, options end }
        local base = { new = function() end }
        function base:extend() return setmetatable({ super = base }, { __index = base }) end
        loaded["fzf-lua.previewer.builtin"] = { base = base }
        assert(require("lofi.picker").choose() == "fzf")
        require("lofi.picker.fzf").open(spec)
        local previewer = picked.previewer
        previewer.get_tmp_buffer = function() return 0 end
        previewer.set_preview_buf = function() end
        previewer:populate_preview_buf(lines[2])
        picked.actions.enter({ lines[2] })
        picked.actions["alt-e"]({ lines[1] })
        return { lines, done }
    """)
    assert seen == [["1\tlabel of one", "2\tlabel of two"], [["seen", "two"], ["p", "two"], ["e", "one"]]]
