--- Music from a sentence, without leaving the editor: the functions for users and for other plugins.
---
--- Nothing here blocks. What takes time takes a callback `cb(err, result)`, called exactly once, on the main loop;
--- `err` is nil or has `code`, `message` and perhaps `hint`. Nothing is started before the first call that needs
--- the daemon, and only those that make or play something start it.
local M = {}

--- These ask what is, or end something: without a daemon there is nothing to start one for.
local NEVER_START = {
  cancel = true,
  job_get = true,
  job_pause = true,
  job_resume = true,
  pause = true,
  ping = true,
  queue_clear = true,
  queue_status = true,
  radio_dislike = true,
  radio_like = true,
  radio_more = true,
  radio_sleep = true,
  radio_status = true,
  radio_stop = true,
  seek = true,
  shutdown = true,
  skip = true,
  status = true,
  stop = true,
  unload_backend = true,
  volume_get = true,
}

---@alias lofi.Callback fun(err: lofi.Error?, result: any)

--- What comes before the callback may be left out.
local function optional(value, callback)
  if type(value) == "function" and callback == nil then
    return nil, value
  end
  return value, callback
end

--- Names of events, as lofi.nvim has them: `lofi.EVENTS.GENERATION_COMPLETE`.
---@type table<string, string>
M.EVENTS = setmetatable({}, {
  __index = function(_, name)
    local event = name:lower()
    return vim.tbl_contains(require("lofi.events").names(), event) and event or nil
  end,
})

--- Settings. Need not be called; a mistake is told, and the rest holds.
---@param opts? lofi.Config
function M.setup(opts)
  local config = require("lofi.config")
  local before = package.loaded["lofi.client"] and config.get().socket
  for _, problem in ipairs(config.setup(opts)) do
    require("lofi.notify").once("setup: " .. problem, vim.log.levels.WARN)
  end
  if package.loaded["lofi.client"] and config.get().socket ~= before then
    require("lofi.client").close()
  end
end

--- Ask the daemon for any of its methods (`docs/rpc.md`).
---@param method string
---@param params? table
---@param callback? lofi.Callback
---@param opts? lofi.RequestOptions
function M.request(method, params, callback, opts)
  opts = opts or { autostart = not NEVER_START[method] }
  require("lofi.client").request(method, params, callback, opts)
end

--- Make a track. The callback gets it when it is on disk (the fields of `generation_complete`), or the error; a cancel
--- is the error `CANCELLED`. What the daemon takes is its business: it names what is wrong.
---@param opts lofi.GenerateParams|string a prompt will do
---@param callback? fun(err: lofi.Error?, track: lofi.GenerationComplete?)
function M.generate(opts, callback)
  if type(opts) == "string" then
    opts = { prompt = opts }
  elseif type(opts) ~= "table" then
    opts = {} -- the daemon says what is missing
  end
  local config = require("lofi.config").get()
  local defaults = { backend = config.backend, duration_sec = config.duration_sec }
  require("lofi.generation").generate(vim.tbl_extend("keep", opts, defaults), callback)
end

--- Give up a track: that of an id, else the one that is being made for this editor.
---@param track? string|{ track_id?: string, job_id?: string, force?: boolean }
---@param callback? fun(err: lofi.Error?, result: lofi.Cancelled?)
function M.cancel(track, callback)
  track, callback = optional(track, callback)
  local generation = require("lofi.generation")
  if track == nil then
    track = generation.current_track()
  end
  if track == nil then
    local err = require("lofi.errors").new("UNKNOWN_JOB", "nothing is being made for this editor")
    return callback
      and vim.schedule(function()
        require("lofi.events").protect("cancel", callback, err)
      end)
  end
  generation.cancel(type(track) == "table" and track or { track_id = track }, callback)
end

--- Whether anything is being made, or waits to be, for this editor.
---@return boolean
function M.is_generating()
  return package.loaded["lofi.generation"] ~= nil and require("lofi.generation").is_generating()
end

--- The id of the track that is being made for this editor.
---@return string?
function M.current_track()
  return package.loaded["lofi.generation"] and require("lofi.generation").current_track() or nil
end

--- Call a function at every event of that name: the daemon's (`docs/rpc.md`), `state_changed` and
--- `generation_accepted`. Generation events are those of this editor's jobs, unless `scope` is "all".
---@param event string
---@param callback fun(fields: table, name: string)
---@param opts? { scope?: "own"|"all" }
---@return fun() unsubscribe
function M.on(event, callback, opts)
  return require("lofi.events").on(event, callback, opts)
end

--- What plays and what is being made, for the status line: from memory, and "" when there is nothing to tell.
---@return string
function M.statusline()
  return require("lofi.statusline").get()
end

--- What can make music here.
---@param callback fun(err: lofi.Error?, result: lofi.Backends?)
function M.get_backends(callback)
  M.request("get_backends", {}, callback)
end

--- Play a track; without one, go on with what was played.
---@param track? string track id
---@param callback? fun(err: lofi.Error?, result: lofi.PlayState?)
function M.play(track, callback)
  track, callback = optional(track, callback)
  M.request("play", { track_id = track }, callback)
end

--- Hold the sound where it is.
---@param callback? fun(err: lofi.Error?, result: lofi.PlayState?)
function M.pause(callback)
  M.request("pause", {}, callback)
end

--- Pause what plays; go on with what does not.
---@param callback? fun(err: lofi.Error?, result: lofi.PlayState?)
function M.toggle(callback)
  M.request("toggle", {}, callback)
end

--- Go silent. The daemon stays, and what is being made is made.
---@param callback? fun(err: lofi.Error?, result: lofi.PlayState?)
function M.stop(callback)
  M.request("stop", {}, callback)
end

--- Go to the next track; the radio's is there at once.
---@param callback? fun(err: lofi.Error?, result: lofi.PlayState?)
function M.skip(callback)
  M.request("skip", {}, callback)
end

--- Set the volume, or without a level ask for it.
---@param level? number 0 to 1
---@param callback? fun(err: lofi.Error?, result: lofi.Volume?)
function M.volume(level, callback)
  level, callback = optional(level, callback)
  if level == nil then
    return M.request("volume_get", {}, callback)
  end
  M.request("volume_set", { level = level }, callback)
end

local RADIO = { stop = true, status = true, like = true, dislike = true, more = true, presets = true }

--- The radio. Nothing: go on with the last station; a text: a preset of that name, else a prompt; a list: prompts; a
--- table with names: the params of `radio_start`; "stop", "status", "like", "dislike", "more", "presets": that.
---@param what? string|string[]|table
---@param callback? lofi.Callback
function M.radio(what, callback)
  what, callback = optional(what, callback)
  if type(what) == "string" and RADIO[what] then
    return M.request("radio_" .. what, {}, callback)
  elseif type(what) == "table" then
    return M.request("radio_start", vim.islist(what) and #what > 0 and { prompts = what } or what, callback)
  elseif what == nil then
    return M.request("radio_start", {}, callback)
  end
  M.request("radio_presets", {}, function(_, answer)
    local is_preset = false
    for _, preset in ipairs(answer and answer.presets or {}) do
      is_preset = is_preset or preset.name == what
    end
    M.request("radio_start", is_preset and { preset = what } or { prompts = { what } }, callback)
  end)
end

--- The daemon at a glance. Never starts one: without it the error is `NO_DAEMON`.
---@param callback fun(err: lofi.Error?, result: lofi.Status?)
function M.status(callback)
  M.request("status", {}, callback)
end

--- A page of the library, newest first.
---@param opts? lofi.TracksListParams
---@param callback? fun(err: lofi.Error?, result: lofi.Tracks?)
function M.tracks(opts, callback)
  opts, callback = optional(opts, callback)
  M.request("tracks_list", opts, callback)
end

--- Download the model files of a backend. The callback comes when they are there.
---@param backend string|lofi.DownloadBackendParams
---@param callback? fun(err: lofi.Error?, result: table?)
function M.download(backend, callback)
  require("lofi.downloads").download(type(backend) == "table" and backend or { backend = backend }, callback)
end

return M
