--- Which jobs did editors ask for whose end nobody has seen?
---
--- One small file in `stdpath("state")` for each job of each editor, so that no two write to the same one. It is
--- written when the job is accepted and removed when its end was told; what an editor leaves behind, the next one
--- asks about.
local M = {}

local KEPT_SEC = 7 * 24 * 3600 -- a daemon forgets, too

---@class lofi.Unfinished
---@field job_id string
---@field track_id string
---@field prompt string
---@field seed integer
---@field socket string of the daemon that has it
---@field pid integer the editor that asked
---@field asked_at integer seconds since 1970
---@field told? boolean whether the user was told that it is lost

---@return string
local function directory()
  return vim.fs.joinpath(vim.fn.stdpath("state") --[[@as string]], "lofi", "jobs")
end

--- This editor's file for a job.
---@param job_id string
---@return string
local function file_of(job_id)
  local name = ("%s.%d.json"):format(job_id:gsub("[^%w_-]", ""), vim.uv.os_getpid())
  return vim.fs.joinpath(directory(), name)
end

--- Note a job. Music is made without the note, too: a problem goes to the log only.
---@param job lofi.Unfinished
function M.save(job)
  local ok, problem = pcall(function()
    vim.fn.mkdir(directory(), "p", tonumber("700", 8))
    local file = assert(io.open(file_of(job.job_id), "w"))
    file:write(vim.json.encode(job))
    file:close()
  end)
  if not ok then
    require("lofi.log").write("warn", "a job cannot be noted: " .. tostring(problem))
  end
end

---@param job_id string
function M.remove(job_id)
  os.remove(file_of(job_id))
end

--- Whether the editor of a note still runs.
---@param pid integer
---@return boolean
local function is_alive(pid)
  return pid ~= vim.uv.os_getpid() and vim.uv.kill(pid, 0) == 0
end

---@param path string
---@return lofi.Unfinished?
local function read(path)
  local file = io.open(path)
  local text = file and file:read("*a")
  if file then
    file:close()
  end
  local ok, job = pcall(vim.json.decode, text or "")
  return ok and type(job) == "table" and type(job.job_id) == "string" and job or nil
end

--- Take over what editors that are gone left behind with this daemon. No other editor gets the same.
---@param socket string
---@return lofi.Unfinished[]
function M.take_over(socket)
  local found = {}
  for name in vim.fs.dir(directory()) do
    local path = vim.fs.joinpath(directory(), name)
    local job = name:match("%.json$") and read(path)
    if job and os.time() - (job.asked_at or 0) > KEPT_SEC then
      os.remove(path)
    elseif job and job.socket == socket and not is_alive(job.pid or 0) then
      if os.rename(path, file_of(job.job_id)) then -- of two editors, one succeeds
        job.pid = vim.uv.os_getpid()
        M.save(job)
        found[job.job_id] = job -- two that are gone may have asked for the same
      end
    end
  end
  return vim.tbl_values(found)
end

return M
