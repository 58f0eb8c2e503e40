--- Brings the daemon's events to those who show them. Begins with the first use of the client.
local M = {}

local GENERATION = {
  "generation_accepted",
  "generation_queued",
  "generation_start",
  "generation_progress",
  "generation_paused",
  "generation_resumed",
  "generation_complete",
  "generation_error",
  "generation_cancelled",
  "download_progress",
  "download_complete",
  "download_error",
}
local PLAYBACK = {
  "playback_started",
  "playback_paused",
  "playback_resumed",
  "playback_buffering",
  "playback_ended",
  "radio_changed",
}

local attached = false

--- The job that the status line shows: the first that runs, else the first that waits.
local function show_job()
  local first
  for _, job in ipairs(require("lofi.progress").jobs()) do
    if job.state == "running" then
      first = job
      break
    elseif not first and not require("lofi.jobs").ended(job) then
      first = job
    end
  end
  require("lofi.statusline").job(first)
end

--- Find out what the track is called that plays; the player's events do not say.
local function name_track()
  local statusline = require("lofi.statusline")
  local track_id = statusline.nameless()
  if not track_id then
    return
  end
  require("lofi.client").request("tracks_get", { track_id = track_id }, function(err, track)
    if not err then
      statusline.name(track_id, track.prompt)
    end
  end, { autostart = false })
end

---@param fields table
---@param name string
local function on_generation(fields, name)
  require("lofi.progress").on_event(name, fields)
  require("lofi.statusline").on_event(name, fields)
  show_job()
  if name == "generation_complete" then
    require("lofi.known").stale("tracks")
  elseif vim.startswith(name, "download_") and name ~= "download_progress" then
    require("lofi.known").stale("backends")
  end
end

---@param fields table
---@param name string
local function on_playback(fields, name)
  require("lofi.statusline").on_event(name, fields)
  name_track()
  if name == "playback_ended" and fields.reason == "error" then
    require("lofi.notify").error(fields, "play:" .. fields.track_id)
  end
end

---@param fields table
local function on_device(fields)
  if not fields.device then
    require("lofi.notify").once(fields.message, vim.log.levels.WARN, "device")
  end
end

---@param fields { state: lofi.State }
local function on_state(fields)
  if fields.state ~= "connected" then
    return require("lofi.statusline").clear()
  end
  require("lofi.client").request("status", {}, function(err, status)
    if not err then
      require("lofi.statusline").adopt(status)
      name_track()
    end
  end, { autostart = false })
end

--- Listen to the daemon's events, once.
function M.attach()
  if attached then
    return
  end
  attached = true
  local events = require("lofi.events")
  local on = events.on
  for _, name in ipairs(GENERATION) do
    on(name, on_generation)
  end
  local known = events.names()
  for _, name in ipairs(PLAYBACK) do
    if vim.list_contains(known, name) then -- the radio is younger than the player
      on(name, on_playback)
    end
  end
  -- What others make may be what plays next: the status line learns its name.
  on("generation_start", function(fields, name)
    require("lofi.statusline").on_event(name, fields)
  end, { scope = "all" })
  on("audio_device_changed", on_device)
  on("state_changed", on_state)
end

return M
