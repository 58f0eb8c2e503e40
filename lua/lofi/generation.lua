--- What has this editor asked the daemon to make, and who waits for it?
---
--- Every request ends with exactly one call of its callback: the finished track, the error, or the cancel; across a
--- broken connection, too.
local client = require("lofi.client")
local errors = require("lofi.errors")
local events = require("lofi.events")
local unfinished = require("lofi.unfinished")

local M = {}

---@class lofi.Own a track that this editor asked for
---@field track_id string
---@field job_id? string nil when the library had it
---@field prompt string
---@field seed integer
---@field running boolean
---@field callbacks fun(err: lofi.Error?, track: lofi.GenerationComplete?)[]

---@type table<string, lofi.Own> by track id
local own = {}
---@type string[] track ids, oldest first
local order = {}
local asking = 0 -- requests that are not accepted yet

---@param accepted lofi.Accepted
---@param prompt string
---@return lofi.Own
local function enlist(accepted, prompt)
  local entry = own[accepted.track_id]
  if not entry then
    entry =
      { track_id = accepted.track_id, prompt = prompt, seed = accepted.seed, callbacks = {}, running = false }
    own[accepted.track_id] = entry
    order[#order + 1] = accepted.track_id
  end
  entry.job_id = accepted.job_id or entry.job_id
  entry.running = entry.running or accepted.status == "generating"
  return entry
end

---@param entry lofi.Own
local function note(entry, told)
  if entry.job_id then
    unfinished.save({
      job_id = entry.job_id,
      track_id = entry.track_id,
      prompt = entry.prompt,
      seed = entry.seed,
      socket = client.info().socket,
      pid = vim.uv.os_getpid(),
      asked_at = os.time(),
      told = told,
    })
  end
end

--- A track has come to its end: tell listeners, then those who asked for it.
---@param entry lofi.Own
---@param event string
---@param fields table
---@param err? lofi.Error
local function settle(entry, event, fields, err)
  if own[entry.track_id] ~= entry then
    return -- it was settled while this was on its way
  end
  own[entry.track_id] = nil
  order = vim.tbl_filter(function(track_id)
    return track_id ~= entry.track_id
  end, order)
  if entry.job_id then
    unfinished.remove(entry.job_id)
  end
  events.emit(event, fields, true)
  for _, callback in ipairs(entry.callbacks) do
    events.protect("generate", callback, err, not err and fields or nil)
  end
end

--- A track will never come.
---@param entry lofi.Own
---@param err lofi.Error
local function fail(entry, err)
  local fields = { track_id = entry.track_id, job_id = entry.job_id }
  settle(entry, "generation_error", vim.tbl_extend("error", fields, err), err)
end

---@param entry lofi.Own
---@param err lofi.Error why
---@return lofi.Error
local function lost(entry, err)
  local hint = ("ask again, with seed = %d for the same track"):format(entry.seed)
  return errors.new(err.code, err.message .. " before the track was done", hint)
end

--- What a job ended with, told as the event that nobody heard.
---@param entry lofi.Own
---@param status lofi.JobStatus
local function catch_up(entry, status)
  if status.state == "complete" then
    client.request("tracks_get", { track_id = entry.track_id }, function(err, track)
      if err then
        return fail(entry, err)
      end
      local fields = { job_id = entry.job_id, cached = false }
      for _, name in ipairs(require("lofi.protocol").fields.generation_complete) do
        fields[name] = fields[name] == nil and track[name] or fields[name]
      end
      settle(entry, "generation_complete", fields)
    end)
  elseif status.state == "error" then
    local problem = status.error or { code = "INTERNAL_ERROR", message = "the job failed" }
    fail(entry, errors.new(problem.code, problem.message, problem.hint))
  elseif status.state == "cancelled" then
    local fields = { track_id = entry.track_id, job_id = entry.job_id }
    settle(entry, "generation_cancelled", fields, errors.new("CANCELLED", "the track was cancelled"))
  end
end

---@param err lofi.Error
---@return boolean
local function is_unknown(err)
  return err.code == "UNKNOWN_JOB" or err.code == "UNKNOWN_TRACK"
end

--- Ask how a job stands whose events may have been missed.
---@param entry lofi.Own
local function inquire(entry)
  local params = entry.job_id and { job_id = entry.job_id } or { track_id = entry.track_id }
  client.request("job_get", params, function(err, status)
    if not err then
      entry.running = status.state == "running"
      catch_up(entry, status)
    elseif is_unknown(err) then
      fail(entry, lost(entry, errors.new("JOB_LOST", "the daemon was started anew")))
    end -- else the connection broke again, and the next one asks
  end, { autostart = false })
end

--- Say what became of a job that an editor asked for which is gone.
---@param job lofi.Unfinished
---@param err? lofi.Error
---@param path? string of the finished track
local function tell(job, err, path)
  local notify = require("lofi.notify")
  if path then
    notify.say(("“%s”, asked for earlier, is made: %s"):format(job.prompt, path))
  elseif err and err.code ~= "CANCELLED" and not job.told then
    local message = ("“%s”, asked for earlier: %s"):format(job.prompt, err.message)
    notify.error(errors.new(err.code, message, err.hint), job.track_id)
  end
end

--- See to a job of an editor that is gone: tell its end, or wait for it in that editor's stead.
---@param job lofi.Unfinished
local function adopt(job)
  client.request("job_get", { job_id = job.job_id }, function(err, status)
    if own[job.track_id] or (err and not is_unknown(err)) then
      return -- asked for anew, or the connection broke and the next one asks
    elseif status and (status.state == "queued" or status.state == "running" or status.state == "paused") then
      local entry = enlist(job --[[@as lofi.Accepted]], job.prompt)
      table.insert(entry.callbacks, function(failure, track)
        tell(job, failure, track and track.path)
      end)
      return
    end
    unfinished.remove(job.job_id)
    if err then
      err = errors.new(
        "JOB_LOST",
        "the daemon ended before the track was done",
        "ask again, with seed = " .. job.seed
      )
    elseif status.state == "error" then
      err = errors.new(status.error.code, status.error.message, status.error.hint)
    end
    tell(job, err, status and status.path)
  end, { autostart = false })
end

--- The client has a connection: see what became of the jobs while there was none.
function M.on_connected()
  for _, track_id in ipairs(vim.list_slice(order)) do
    inquire(own[track_id])
  end
  local socket = client.info().socket
  for _, job in ipairs(socket and unfinished.take_over(socket) or {}) do
    if not own[job.track_id] then
      adopt(job)
    end
  end
end

--- The client has no connection any more, and no hope of one.
---@param err lofi.Error
function M.abandon(err)
  for _, track_id in ipairs(vim.list_slice(order)) do
    local entry = own[track_id]
    fail(entry, lost(entry, err))
    note(entry, true) -- should it be made all the same, the next connection tells
  end
end

local ENDS = { generation_complete = true, generation_error = true, generation_cancelled = true }

--- Take in an event of the daemon, and pass it on.
---@param name string
---@param fields table
---@param leaving? string why the daemon ends, when it said that it does
function M.on_event(name, fields, leaving)
  local of_a_job = vim.startswith(name, "generation_")
  local entry = of_a_job and own[fields.track_id] or nil
  if not entry or not ENDS[name] then
    if entry and name == "generation_start" then
      entry.running = true
    end
    return events.emit(name, fields, not of_a_job or entry ~= nil)
  end
  local err ---@type lofi.Error?
  if name == "generation_error" then
    err = errors.new(fields.code, fields.message, fields.hint)
  elseif name == "generation_cancelled" then
    err = errors.new("CANCELLED", "the track was cancelled")
    if leaving then
      err = lost(entry, errors.new("SHUTTING_DOWN", ("the daemon ended (%s)"):format(leaving)))
    end
  end
  settle(entry, name, fields, err)
end

--- For a track whose end nobody else hears of.
---@param err? lofi.Error
local function tell_failure(err)
  if err and err.code ~= "CANCELLED" then
    require("lofi.notify").error(err)
  end
end

--- Ask for a track.
---@param params table
---@param callback? fun(err: lofi.Error?, track: lofi.GenerationComplete?)
function M.generate(params, callback)
  callback = callback or tell_failure
  asking = asking + 1
  client.request("generate", params, function(err, accepted)
    asking = asking - 1
    if err then
      return callback(err)
    end
    local entry = enlist(accepted, params.prompt)
    table.insert(entry.callbacks, callback)
    note(entry)
    events.emit("generation_accepted", vim.tbl_extend("keep", { prompt = params.prompt }, accepted), true)
  end)
end

--- Withdraw this editor's interest in a track. Where others still want it, it goes on for them.
---@param params { track_id?: string, job_id?: string, force?: boolean }
---@param callback? fun(err: lofi.Error?, result: lofi.Cancelled?)
function M.cancel(params, callback)
  client.request("cancel", params, function(err, answer)
    local entry = answer and own[answer.track_id]
    if entry and not answer.cancelled then
      -- Others want it; or it has just ended, and its event comes before the answer to one more request.
      client.request("ping", {}, function(lost_err)
        local fields = { track_id = entry.track_id, job_id = entry.job_id }
        local withdrawn = errors.new("CANCELLED", "the track was cancelled here; others still want it")
        return not lost_err and settle(entry, "generation_cancelled", fields, withdrawn)
      end, { autostart = false })
    end
    if callback then
      callback(err, answer)
    end
  end, { autostart = false })
end

---@return boolean
function M.is_generating()
  return asking > 0 or #order > 0
end

--- The track that is being made for this editor, else the one that is next.
---@return string? track_id
function M.current_track()
  for _, track_id in ipairs(order) do
    if own[track_id].running then
      return track_id
    end
  end
  return order[1]
end

return M
