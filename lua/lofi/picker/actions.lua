--- What can be done with a track that was picked.
local ask = require("lofi.ask")
local text = require("lofi.text")

local M = {}

---@class (exact) lofi.Action
---@field title string
---@field key string With Alt, in pickers that have keys; Enter plays.
---@field run fun(track: table)

---@param message string
---@param track table
local function say(message, track)
  require("lofi.notify").say(("%s: %s"):format(message, text.clean(track.title or track.prompt)))
end

---@param question string
---@param yes string
---@param go_on fun()
local function confirm(question, yes, go_on)
  vim.ui.select({ "no", yes }, { prompt = question, kind = "lofi.confirm" }, function(choice)
    if choice == yes then
      go_on()
    end
  end)
end

--- The library is another now.
local function changed()
  require("lofi.known").stale("tracks")
end

---@param track table
local function delete(track)
  confirm(("Delete '%s'?"):format(text.clean(track.title or track.prompt)), "delete it", function()
    ask.ask("tracks_delete", { track_id = track.track_id }, function()
      changed()
      say("deleted", track)
    end)
  end)
end

---@param track table
local function favour(track)
  local favourite = not track.favourite
  ask.ask("tracks_update", { track_id = track.track_id, favourite = favourite }, function()
    changed()
    say(favourite and "a favourite now" or "no favourite any more", track)
  end)
end

---@param track table
local function copy_prompt(track)
  -- Where there is a clipboard; the unnamed register is there always.
  pcall(vim.fn.setreg, "+", track.prompt)
  vim.fn.setreg('"', track.prompt)
  say("copied", track)
end

--- A file name out of a prompt.
---@param prompt string
---@return string
function M.file_name(prompt)
  local name = prompt:lower():gsub("[^%w\128-\255]+", "-"):gsub("^%-+", ""):gsub("%-+$", "")
  name = vim.fn.strcharpart(name, 0, 60)
  return name == "" and "track" or name
end

---@param track table
local function export(track)
  local default = vim.fs.joinpath(vim.fn.getcwd(), M.file_name(track.title or track.prompt) .. ".flac")
  vim.ui.input({ prompt = "Export to: ", default = default, completion = "file" }, function(path)
    if not path or vim.trim(path) == "" then
      return
    end
    path = vim.fn.fnamemodify(vim.trim(path), ":p") -- expand() would run what stands in backticks
    local function write(overwrite)
      local params = { track_id = track.track_id, path = path, overwrite = overwrite }
      ask.ask("tracks_export", params, function(answer)
        require("lofi.notify").say(("%s, %s"):format(answer.path, text.bytes(answer.size_bytes)))
      end)
    end
    if vim.uv.fs_stat(path) then
      confirm(path .. " exists", "overwrite it", function()
        write(true)
      end)
    else
      write(false)
    end
  end)
end

---@type lofi.Action[]
M.LIST = {
  {
    title = "play",
    key = "p",
    run = function(track)
      ask.ask("play", { track_id = track.track_id })
    end,
  },
  {
    title = "queue: play it later",
    key = "q",
    run = function(track)
      ask.ask("playlist_add", { track_id = track.track_id }, function()
        say("plays later", track)
      end)
    end,
  },
  { title = "favourite, or no longer", key = "f", run = favour },
  {
    title = "make another like it",
    key = "m",
    run = function(track)
      require("lofi.commands.make").another(track)
    end,
  },
  { title = "copy the prompt", key = "y", run = copy_prompt },
  { title = "export a copy", key = "e", run = export },
  { title = "delete", key = "d", run = delete },
}

return M
