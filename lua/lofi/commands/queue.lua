--- `:Lofi queue` and `:Lofi cancel`.
local ask = require("lofi.ask")
local cmdline = require("lofi.cmdline")
local text = require("lofi.text")

local M = {}

---@param lines string[]
---@param title string
---@param jobs table[]
---@param detail fun(job: table): string
local function section(lines, title, jobs, detail)
  for i, job in ipairs(jobs) do
    if i == 1 then
      table.insert(lines, title)
    end
    table.insert(lines, ("  %s  %s"):format(text.fit(text.clean(job.prompt), 44), detail(job)))
  end
end

---@param queue table The result of `queue_status`.
---@param playlist table The result of `playlist_get`.
---@return string[]
function M.lines(queue, playlist)
  local lines = {}
  local function done(job)
    return vim.trim(("%d%%  %s"):format(job.percent, text.eta(job.eta_sec)))
  end
  section(lines, "Making", queue.running, done)
  section(lines, "Paused", queue.paused, done)
  section(lines, "Waiting", queue.pending, function(job)
    return job.priority == "high" and "high priority" or ""
  end)
  for i, track in ipairs(playlist.tracks) do
    if i == 1 then
      table.insert(lines, "Playlist")
    end
    local sign = playlist.position == i - 1 and "♪" or " "
    local prompt = text.fit(text.clean(track.prompt), 44)
    table.insert(lines, ("%s %s  %s"):format(sign, prompt, text.clock(track.duration_sec)))
  end
  return #lines > 0 and lines or { "Nothing is being made, and the playlist is empty." }
end

local function show()
  ask.ask("queue_status", {}, function(queue)
    ask.ask("playlist_get", {}, function(playlist)
      require("lofi.view").open("queue", M.lines(queue, playlist))
    end)
  end)
end

---@param line lofi.Line
function M.run(line)
  local verb = table.remove(line.words, 1)
  local wanted = cmdline.prompt(line.words)
  if verb == nil then
    show()
  elseif verb == "clear" and wanted == "" then
    ask.ask("queue_clear", {}, function(answer)
      require("lofi.notify").say(("%d waiting jobs cancelled"):format(answer.cancelled))
    end)
  elseif verb == "add" and wanted ~= "" then
    ask.track(wanted, function(track)
      ask.ask("playlist_add", { track_id = track.track_id }, function()
        require("lofi.notify").say("plays later: " .. text.clean(track.prompt))
      end)
    end)
  else
    require("lofi.notify").error({
      code = "INVALID_PARAMS",
      message = (":Lofi queue cannot '%s'"):format(verb),
      hint = ":Lofi queue [add TRACK | clear]",
    })
  end
end

--- The job that is meant: by its id or words of its prompt; without any, the first that runs or waits.
---@param jobs { id: string, prompt: string }[]
---@param wanted string
---@return { id: string, prompt: string }?
function M.pick(jobs, wanted)
  for _, job in ipairs(jobs) do
    if wanted == "" or vim.startswith(job.id, wanted) or job.prompt:lower():find(wanted:lower(), 1, true) then
      return job
    end
  end
end

--- What is in the making: this editor's jobs before those of others.
---@param go_on fun(jobs: { id: string, prompt: string }[])
local function in_the_making(go_on)
  local found = {}
  for _, job in ipairs(require("lofi.progress").jobs()) do
    if not require("lofi.jobs").ended(job) then
      table.insert(found, { id = job.id, prompt = job.prompt })
    end
  end
  ask.ask("queue_status", {}, function(queue)
    for _, kind in ipairs({ "running", "paused", "pending" }) do
      for _, job in ipairs(queue[kind]) do
        table.insert(found, { id = job.track_id, prompt = job.prompt })
      end
    end
    go_on(found)
  end)
end

---@param job { id: string, prompt: string }
---@param force boolean
local function cancel(job, force)
  local backend = job.id:match("^download:(.*)")
  if backend then
    return ask.ask("download_cancel", { backend = backend, force = force })
  end
  require("lofi").cancel({ track_id = job.id, force = force }, function(err, answer)
    if err then
      require("lofi.notify").error(err)
    elseif not answer.cancelled then
      local hint = "; :Lofi cancel --force ends it for them too"
      require("lofi.notify").say("others wait for it, so it goes on" .. hint, vim.log.levels.WARN)
    end
  end)
end

---@param line lofi.Line
function M.cancel(line)
  local force = #line.options == 1 and line.options[1].name == "force"
  if #line.options > 0 and not force then
    return require("lofi.notify").error({
      code = "INVALID_OPTION",
      message = (":Lofi cancel has no option --%s"):format(line.options[1].name),
      hint = ":Lofi cancel [TRACK] [--force]",
    })
  end
  local wanted = cmdline.prompt(line.words)
  in_the_making(function(jobs)
    local job = M.pick(jobs, wanted)
    if job then
      cancel(job, force)
    else
      local what = wanted == "" and "" or (" that matches '%s'"):format(wanted)
      require("lofi.notify").say("nothing is being made" .. what)
    end
  end)
end

return M
