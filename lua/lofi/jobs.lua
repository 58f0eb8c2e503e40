--- What is being made or downloaded, as far as the events tell. Pure: events in, jobs out.
local M = {}

---@class (exact) lofi.Job One thing that takes time, of this editor.
---@field id string The track id, or `download:BACKEND`.
---@field kind "track"|"download"
---@field prompt string Or the name of what is downloaded.
---@field state "queued"|"running"|"paused"|"done"|"failed"|"cancelled"
---@field percent integer
---@field stage string
---@field eta_sec number?
---@field position integer? In the queue; 0 runs next.
---@field note string? Why it waits, where that is not the queue.
---@field code string? Of the error.
---@field seconds number? How long the finished track is.
---@field took_sec number? How long its making took.
---@field cached boolean? It was in the library already.

---@class (exact) lofi.Jobs
---@field by_id table<string, lofi.Job>
---@field order string[] Ids, oldest first.

---@return lofi.Jobs
function M.new()
  return { by_id = {}, order = {} }
end

local ENDED = { done = true, failed = true, cancelled = true }

---@param job lofi.Job
---@return boolean
function M.ended(job)
  return ENDED[job.state] == true
end

---@param jobs lofi.Jobs
---@param id string
---@param kind "track"|"download"
---@return lofi.Job
local function the_job(jobs, id, kind)
  local job = jobs.by_id[id]
  if not job or M.ended(job) then
    if job then
      M.drop(jobs, id)
    end
    job = { id = id, kind = kind, prompt = "", state = "queued", percent = 0, stage = "" }
    jobs.by_id[id] = job
    table.insert(jobs.order, id)
  end
  return job
end

---@type table<string, fun(job: lofi.Job, fields: table)>
local CHANGES = {
  -- The plugin's own: the daemon has taken the request, and perhaps it runs already for somebody else.
  generation_accepted = function(job, fields)
    job.prompt = fields.prompt
    if fields.status == "generating" then
      job.state = "running"
    else
      job.position = fields.position
    end
  end,
  generation_queued = function(job, fields)
    -- A running job that comes again has to wait for memory; its note says so.
    if job.state ~= "running" or fields.note then
      job.position, job.note = fields.position, fields.note
    end
  end,
  generation_start = function(job, fields)
    job.state, job.prompt, job.note = "running", fields.prompt, nil
  end,
  generation_progress = function(job, fields)
    job.state, job.note = "running", nil
    job.percent, job.stage, job.eta_sec = fields.percent, fields.stage, fields.eta_sec
  end,
  generation_paused = function(job)
    job.state, job.eta_sec = "paused", nil
  end,
  generation_resumed = function(job)
    job.state = job.percent > 0 and "running" or "queued"
  end,
  generation_complete = function(job, fields)
    job.state, job.prompt, job.percent, job.eta_sec = "done", fields.prompt, 100, nil
    job.seconds, job.cached = fields.duration_sec, fields.cached
    job.took_sec = not fields.cached and fields.generation_time_sec or nil
  end,
  generation_error = function(job, fields)
    job.state, job.code, job.eta_sec = "failed", fields.code, nil
  end,
  generation_cancelled = function(job)
    job.state, job.eta_sec = "cancelled", nil
  end,
  download_progress = function(job, fields)
    job.state, job.prompt = "running", fields.backend
    job.percent, job.stage, job.eta_sec = fields.overall_percent, fields.component, fields.eta_sec
  end,
  download_complete = function(job, fields)
    job.state, job.prompt, job.percent, job.eta_sec = "done", fields.backend, 100, nil
  end,
  download_error = function(job, fields)
    job.state, job.prompt, job.code, job.eta_sec = "failed", fields.backend, fields.code, nil
  end,
}

--- Take in one event.
---@param jobs lofi.Jobs
---@param name string
---@param fields table
---@return lofi.Job? changed Nil when the event is of no job.
function M.apply(jobs, name, fields)
  local change = CHANGES[name]
  if not change then
    return nil
  end
  local download = vim.startswith(name, "download_")
  local id = download and "download:" .. fields.backend or fields.track_id
  local job = the_job(jobs, id, download and "download" or "track")
  change(job, fields)
  return job
end

--- Forget a job.
---@param jobs lofi.Jobs
---@param id string
function M.drop(jobs, id)
  jobs.by_id[id] = nil
  jobs.order = vim.tbl_filter(function(other)
    return other ~= id
  end, jobs.order)
end

--- The jobs, oldest first.
---@param jobs lofi.Jobs
---@return lofi.Job[]
function M.list(jobs)
  return vim.tbl_map(function(id)
    return jobs.by_id[id]
  end, jobs.order)
end

return M
