--- How far the jobs are, shown as the user likes it: `progress` in setup().
local float = require("lofi.float")
local jobs = require("lofi.jobs")
local text = require("lofi.text")

local M = {}

local LINGER_MS = 2000 -- how long a finished job stays to be read
local FRAME_MS = 80 -- changes that come faster are shown together
local MOST_JOBS = 4

local state = { jobs = jobs.new(), due = false, warned = false, sinks = {} }

---@param job lofi.Job
---@return string detail, string group
local function outcome(job)
  if job.state == "failed" then
    return "✗ " .. (job.code or "failed"), "LofiFailed"
  elseif job.state == "cancelled" then
    return "cancelled", "LofiDetail"
  elseif job.kind == "download" then
    return "✓ installed", "LofiDone"
  elseif job.cached then
    return "✓ " .. text.clock(job.seconds or 0) .. ", from the library", "LofiDone"
  end
  local took = job.took_sec and ", made in " .. text.eta(job.took_sec) or ""
  return "✓ " .. text.clock(job.seconds or 0) .. took, "LofiDone"
end

---@param job lofi.Job
---@return string
local function waiting(job)
  if job.note then
    return "waits: " .. text.clean(job.note)
  elseif job.state == "paused" then
    return ("paused at %d%%"):format(job.percent)
  elseif (job.position or 0) > 0 then
    return ("waits, %d before it"):format(job.position)
  end
  return "begins"
end

--- What a job says beside its prompt, in one line.
---@param job lofi.Job
---@return string
function M.detail(job)
  if jobs.ended(job) then
    return (outcome(job))
  elseif job.state ~= "running" then
    return waiting(job)
  end
  local parts = { ("%2d%%"):format(job.percent), text.clean(job.stage), text.eta(job.eta_sec) }
  return table.concat(
    vim.tbl_filter(function(part)
      return part ~= ""
    end, parts),
    "  "
  )
end

--- Two lines: the prompt; and the bar with its numbers, or how it ended.
---@param job lofi.Job
---@param cells integer
---@return string[] lines, lofi.Mark[] marks Whose lines count from 0.
function M.lines(job, cells)
  local prompt = text.fit(" " .. (text.clean(job.prompt) ~= "" and text.clean(job.prompt) or "…"), cells)
  local marks = { { line = 0, from = 0, to = #prompt, group = "LofiPrompt" } }
  if job.state ~= "running" then
    local detail, group = waiting(job), "LofiDetail"
    if jobs.ended(job) then
      detail, group = outcome(job)
    end
    detail = text.fit(" " .. detail, cells)
    marks[2] = { line = 1, from = 0, to = #detail, group = group }
    return { prompt, detail }, marks
  end
  local bar = text.bar(job.percent, math.max(4, math.floor(cells / 3)))
  local second = text.fit(" " .. bar .. " " .. M.detail(job), cells)
  marks[2] = { line = 1, from = 1, to = math.min(#second, 1 + #bar), group = "LofiBar" }
  marks[3] = { line = 1, from = math.min(#second, 1 + #bar), to = #second, group = "LofiDetail" }
  return { prompt, second }, marks
end

--- All lines of the float: the newest jobs, and how many more there are.
---@param list lofi.Job[]
---@param cells integer
---@param rows integer
---@return string[] lines, lofi.Mark[] marks
function M.stack(list, cells, rows)
  local shown = math.min(#list, MOST_JOBS, math.floor(rows / 2))
  local hidden = #list - shown
  if hidden > 0 and shown * 2 + 1 > rows then
    shown, hidden = shown - 1, hidden + 1
  end
  local lines, marks = {}, {}
  for i = 1, math.max(0, shown) do
    local two, theirs = M.lines(list[i], cells)
    for _, mark in ipairs(theirs) do
      mark.line = mark.line + #lines
      table.insert(marks, mark)
    end
    vim.list_extend(lines, two)
  end
  if hidden > 0 and rows > 0 then
    local more = text.fit((" and %d more"):format(hidden), cells)
    table.insert(marks, { line = #lines, from = 0, to = #more, group = "LofiDetail" })
    table.insert(lines, more)
  end
  return lines, marks
end

---@return string|fun(job: lofi.Job)|false
local function chosen()
  return require("lofi.config").get().progress
end

local function draw_float()
  state.due = false
  local list = jobs.list(state.jobs)
  if #list == 0 or chosen() ~= "float" then
    float.leave_the_screen()
    state.followed = false
    return
  end
  if not state.followed then
    state.followed = true
    float.follow_the_screen(M.redraw)
  end
  local lines, marks = M.stack(list, float.cells(), float.rows())
  float.show(lines, marks, require("lofi.config").get().progress_position or "bottom")
end

--- Draw the float soon; what changes until then is drawn with it.
function M.redraw()
  if not state.due then
    state.due = true
    vim.defer_fn(draw_float, FRAME_MS)
  end
end

---@param job lofi.Job
local function tell(job)
  local how = chosen()
  if type(how) == "function" then
    local ok, why = pcall(how, vim.deepcopy(job))
    if not ok then
      require("lofi.notify").once("progress: " .. tostring(why), vim.log.levels.ERROR)
    end
  elseif how == "float" then
    M.redraw()
  elseif how and how ~= "none" then
    require("lofi.sinks").tell(how, job, M.detail(job))
  end
end

--- Take in an event of a job of this editor.
---@param name string
---@param fields table
function M.on_event(name, fields)
  local job = jobs.apply(state.jobs, name, fields)
  if not job then
    return
  end
  tell(job)
  if jobs.ended(job) then
    vim.defer_fn(function()
      if state.jobs.by_id[job.id] == job then
        jobs.drop(state.jobs, job.id)
        M.redraw()
      end
    end, LINGER_MS)
  end
end

--- What this editor has in the making, oldest first.
---@return lofi.Job[]
function M.jobs()
  return jobs.list(state.jobs)
end

return M
