--- What plays and what is being made, as one string that is there already when the status line asks.
---
--- It holds no `%`, so that it means the same in 'statusline', lualine and heirline, evaluated once or twice.
local text = require("lofi.text")

local M = {}

local CELLS = 24 -- of a prompt
local MOST_PROMPTS = 100

local state = {
  playback = "stopped", ---@type "stopped"|"playing"|"paused"|"buffering"
  track = nil, ---@type string?
  radio = false,
  job = nil, ---@type lofi.Job?
  prompts = {}, ---@type table<string, string>
  remembered = {}, ---@type string[] Their track ids, oldest first.
}
local line = ""
local asked = false -- whether anybody shows it

--- What to show: "" when nothing plays and nothing is made. A field access; it may be called for every redraw.
---@return string
function M.get()
  asked = true
  return line
end

---@param prompt string?
---@return string
local function short(prompt)
  local sign = text.clean(prompt):gsub("%%", "％")
  return vim.trim(text.fit(sign, CELLS))
end

--- Remember what a track is called. The player names it by its id only, and perhaps an hour after it was made.
---@param track_id string
---@param prompt string
local function remember(track_id, prompt)
  if not state.prompts[track_id] then
    table.insert(state.remembered, track_id)
    if #state.remembered > MOST_PROMPTS then
      state.prompts[table.remove(state.remembered, 1)] = nil
    end
  end
  state.prompts[track_id] = prompt
end

---@return string
local function compose()
  local parts = {}
  if state.playback ~= "stopped" then
    local sign = state.playback == "paused" and "⏸" or state.playback == "buffering" and "…" or "♪"
    local prompt = short(state.prompts[state.track])
    table.insert(parts, vim.trim(sign .. (state.radio and " radio " or " ") .. prompt))
  end
  local job = state.job
  if job then
    local eta = text.eta(job.eta_sec)
    local same = job.id == state.track and state.playback ~= "stopped"
    table.insert(parts, text.block(job.percent / 100) .. (same and "" or " " .. short(job.prompt)))
    if eta ~= "" then
      table.insert(parts, eta)
    end
  end
  return table.concat(parts, " ")
end

local function refresh()
  local before = line
  line = compose()
  if asked and line ~= before then
    vim.cmd.redrawstatus()
  end
end

local PLAYBACK = {
  playback_started = "playing",
  playback_resumed = "playing",
  playback_paused = "paused",
  playback_buffering = "buffering",
  playback_ended = "stopped",
}

--- Take in an event of the player, the radio or a job.
---@param name string
---@param fields table
function M.on_event(name, fields)
  if fields.prompt and fields.track_id then
    remember(fields.track_id, fields.prompt)
  end
  if PLAYBACK[name] then
    -- The end of the one track comes before or after the start of the next.
    if name ~= "playback_ended" or fields.track_id == state.track then
      state.playback, state.track = PLAYBACK[name], fields.track_id
    end
  elseif name == "radio_changed" then
    state.radio = fields.state ~= "off"
  end
  refresh()
end

--- Say what a track is called; the player's events name it by its id only.
---@param track_id string
---@param prompt string
function M.name(track_id, prompt)
  remember(track_id, prompt)
  refresh()
end

--- The track that plays, when its name is not known.
---@return string? track_id
function M.nameless()
  if state.playback ~= "stopped" and state.track and not state.prompts[state.track] then
    return state.track
  end
end

--- Show the job that runs, or none.
---@param job lofi.Job?
function M.job(job)
  state.job = job and (job.state == "running" or job.state == "queued" or job.state == "paused") and job
    or nil
  refresh()
end

--- Take over the daemon's answer to `status`, on every new connection.
---@param status table
function M.adopt(status)
  local playback = status.playback or {}
  state.playback = playback.state or "stopped"
  state.track = playback.track_id
  state.radio = type(status.radio) == "table" and status.radio.state ~= "off"
  refresh()
end

--- The daemon is gone: nothing plays, as far as one can tell.
function M.clear()
  state.playback, state.track, state.radio, state.job = "stopped", nil, false, nil
  refresh()
end

return M
