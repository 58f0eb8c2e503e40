--- `:Lofi status, backends, tracks, download, health`.
local ask = require("lofi.ask")
local cmdline = require("lofi.cmdline")
local text = require("lofi.text")

local M = {}

---@param playback table
---@param name string?
---@return string
local function playing(playback, name)
  if playback.state == "stopped" then
    return "nothing"
  end
  local place = text.clock(playback.position_sec)
  if playback.duration_sec then
    place = place .. "/" .. text.clock(playback.duration_sec)
  end
  local what = name and text.clean(name) or playback.track_id or ""
  return ("%s  %s  %s"):format(playback.state, place, vim.trim(text.fit(what, 40)))
end

---@param status table The result of `status`.
---@param name string? The prompt of what plays.
---@return string[]
function M.status_lines(status, name)
  local lines = {
    ("lofi-core  %s, process %d, up %s, %s"):format(
      status.version,
      status.pid,
      text.clock(status.uptime_sec),
      text.bytes(status.rss_bytes)
    ),
    "socket     " .. status.socket,
    ("playing    %s"):format(playing(status.playback, name)),
    ("volume     %d%%"):format(status.playback.volume * 100 + 0.5),
    ("queue      %d of %d wait"):format(status.queue.length, status.queue.capacity),
    ("library    %d tracks, %s"):format(status.tracks.count, text.bytes(status.tracks.bytes)),
    "loaded     " .. (#status.models_loaded > 0 and table.concat(status.models_loaded, ", ") or "no model"),
  }
  if type(status.radio) == "table" then
    table.insert(lines, 4, "radio      " .. tostring(status.radio.state))
  end
  for _, job in ipairs(status.running) do
    local eta = text.eta(job.eta_sec)
    table.insert(
      lines,
      vim.trim(("making     %d%%  %s  %s"):format(job.percent, text.fit(text.clean(job.prompt), 40), eta))
    )
  end
  return lines
end

function M.status()
  ask.ask("status", {}, function(status)
    local track = status.playback.state ~= "stopped" and status.playback.track_id
    if not track then
      return require("lofi.view").open("status", M.status_lines(status))
    end
    -- A track that is being made is not in the library; its id has to do then.
    require("lofi").request("tracks_get", { track_id = track }, function(_, found)
      require("lofi.view").open("status", M.status_lines(status, found and found.prompt))
    end)
  end)
end

--- Why a backend does not work, and what to do.
---@param backend table
---@return string?
local function reason(backend)
  if backend.error then
    return text.clean(backend.error)
  elseif backend.status == "not_installed" then
    return (":Lofi download %s gets its model"):format(backend.type)
  end
end

---@param answer table The result of `get_backends`.
---@return string[]
function M.backend_lines(answer)
  local lines = {}
  for _, backend in ipairs(answer.backends) do
    local mark = backend.type == answer.default_backend and "*" or " "
    local range = ""
    if backend.min_duration_sec then
      range = ("%g to %g s"):format(backend.min_duration_sec, backend.max_duration_sec)
    end
    local line = ("%s %-12s %-14s %-12s %s"):format(
      mark,
      backend.type,
      backend.status,
      range,
      text.clean(backend.name or "")
    )
    table.insert(lines, (line:gsub("%s+$", "")))
    local why = reason(backend)
    if why then
      table.insert(lines, "    " .. why)
    end
  end
  table.insert(lines, "")
  table.insert(lines, "* makes what names no backend")
  return lines
end

function M.backends()
  require("lofi").get_backends(function(err, answer)
    if err then
      return require("lofi.notify").error(err)
    end
    require("lofi.known").put("backends", answer)
    require("lofi.view").open("backends", M.backend_lines(answer))
  end)
end

---@param line lofi.Line
function M.tracks(line)
  require("lofi.picker").open(cmdline.prompt(line.words))
end

---@param line lofi.Line
function M.download(line)
  local backend, variant = line.words[1], line.words[2]
  if not backend or #line.words > 2 then
    return require("lofi.notify").error({
      code = "INVALID_PARAMS",
      message = ":Lofi download takes a backend, and perhaps one of its variants",
      hint = ":Lofi backends lists them",
    })
  end
  require("lofi").download({ backend = backend, variant = variant }, function(err, answer)
    require("lofi.known").stale("backends")
    if err then
      require("lofi.notify").error(err)
    elseif answer.already_installed then
      require("lofi.notify").say(("the files of %s are all there"):format(backend))
    end
  end)
end

function M.health()
  vim.cmd.checkhealth("lofi")
end

return M
