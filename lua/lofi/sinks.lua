--- Progress in the command line, through vim.notify, or in fidget.nvim.
local jobs = require("lofi.jobs")
local text = require("lofi.text")

local M = {}

local handles = {} ---@type table<string, any> What vim.notify or fidget answered, by job.
local quarters = {} ---@type table<string, integer> How far a job was when it was last told.

---@param job lofi.Job
local function forget(job)
  if jobs.ended(job) then
    handles[job.id], quarters[job.id] = nil, nil
  end
end

--- One line, cut so that it asks for no Enter; kept out of `:messages`.
---@param job lofi.Job
---@param detail string
local function cmdline(job, detail)
  local mode = vim.api.nvim_get_mode()
  -- While somebody types a command or answers a prompt, the line is theirs.
  if mode.mode:match("^[cr]") or mode.blocking then
    return
  end
  local line = text.clean(job.prompt) .. "  " .. detail
  local room = vim.v.echospace - 6
  if vim.fn.strdisplaywidth(line) > room then
    local rest = room - vim.fn.strdisplaywidth(detail) - 2
    line = vim.trim(text.fit(text.clean(job.prompt), math.max(0, rest))) .. "  " .. detail
  end
  vim.api.nvim_echo({ { "lofi: " .. vim.trim(text.fit(line, room)) } }, false, {})
end

--- At the start, each quarter and the end. Who shows notifications as windows gets them replaced.
---@param job lofi.Job
---@param detail string
local function notification(job, detail)
  local quarter = jobs.ended(job) and 5 or math.floor(job.percent / 25)
  if quarters[job.id] == quarter then
    return
  end
  local first = quarters[job.id] == nil
  quarters[job.id] = quarter
  local handle = handles[job.id]
  if not (first or handle or jobs.ended(job)) then
    return -- the plain vim.notify cannot replace: twice is enough
  end
  local level = job.state == "failed" and vim.log.levels.ERROR or vim.log.levels.INFO
  local options = { title = "lofi", id = "lofi:" .. job.id, replace = handle }
  handles[job.id] = vim.notify(text.clean(job.prompt) .. "\n" .. detail, level, options)
end

---@param job lofi.Job
---@param detail string
local function fidget(job, detail)
  local handle = handles[job.id]
  if not handle then
    handle = require("fidget.progress").handle.create({
      title = text.clean(job.prompt),
      message = detail,
      percentage = job.percent,
      lsp_client = { name = "lofi" },
      cancellable = false,
    })
    handles[job.id] = handle
  end
  handle:report({ title = text.clean(job.prompt), message = detail, percentage = job.percent })
  if job.state == "failed" or job.state == "cancelled" then
    handle:cancel()
  elseif jobs.ended(job) then
    handle:finish()
  end
end

local SINKS = { cmdline = cmdline, notify = notification, fidget = fidget }

--- Tell of a job's change.
---@param how string "cmdline", "notify" or "fidget".
---@param job lofi.Job
---@param detail string
function M.tell(how, job, detail)
  if how == "fidget" and not pcall(require, "fidget.progress") then
    require("lofi.notify").once(
      'progress = "fidget" needs fidget.nvim, which is not installed',
      vim.log.levels.WARN
    )
    how = "cmdline"
  end
  local sink = SINKS[how]
  if sink then
    sink(job, detail)
  end
  forget(job)
end

return M
