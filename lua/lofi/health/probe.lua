--- How long does a health check wait for what only comes later? Each question here has an end, whoever hangs.
local errors = require("lofi.errors")

local M = {}

local ANSWER_MS = 5000 -- for what a daemon has in memory
local HELLO_MS = 8000 -- the greeting itself takes five seconds at most
local START_MS = 30000
local MAKE_MS = 20000 -- for a few seconds of music
local VERSION_MS = 10000 -- a cold disk and a slow Python

--- As long as it should take, and no longer than the user lets an answer take.
---@param limit_ms integer
---@return integer
local function patience(limit_ms)
  return math.min(limit_ms, require("lofi.config").get().timeout_ms --[[@as integer]])
end

--- Begin something and let the editor work until it calls back.
---@param limit_ms integer
---@param what string for the error
---@param begin fun(done: fun(err: lofi.Error?, result: any))
---@return lofi.Error? err
---@return any result
function M.wait(limit_ms, what, begin)
  local answer ---@type { err: lofi.Error?, result: any }?
  begin(function(err, result)
    answer = answer or { err = err, result = result }
  end)
  local _, why = vim.wait(limit_ms, function()
    return answer ~= nil
  end, 10)
  if answer then
    return answer.err, answer.result
  elseif why == -2 then
    return errors.new("CANCELLED", what .. " was interrupted")
  end
  local message = ("%s took longer than %g s"):format(what, limit_ms / 1000)
  return errors.new("TIMEOUT", message, "`:Lofi log` shows what the daemon is doing")
end

--- Ask the daemon that runs.
---@param method string
---@param params? table
---@return lofi.Error? err
---@return any result
function M.ask(method, params)
  local limit_ms = patience(ANSWER_MS)
  return M.wait(limit_ms + 500, ("the answer to '%s'"):format(method), function(done)
    local opts = { autostart = false, timeout_ms = limit_ms }
    require("lofi.client").request(method, params or {}, done, opts)
  end)
end

--- Greet the daemon, and perhaps start it first.
---@param autostart boolean
---@return lofi.Error? err
---@return lofi.Hello? hello
function M.hello(autostart)
  local what = autostart and "the start of a daemon" or "the daemon's greeting"
  local start_ms = require("lofi.config").get().start_timeout_ms --[[@as integer]]
  local limit_ms = autostart and math.min(START_MS, start_ms + 500) or patience(HELLO_MS)
  return M.wait(limit_ms, what, function(done)
    local opts = { autostart = autostart, timeout_ms = patience(ANSWER_MS) }
    require("lofi.client").request("hello", {}, done, opts)
  end)
end

--- What a program says of its version.
---@param command string[]
---@return lofi.Error? err
---@return string? version
function M.version(command)
  local words = vim.list_extend(vim.deepcopy(command), { "--version" })
  local ok, started = pcall(vim.system, words, { text = true })
  if not ok then -- the file is there, and the interpreter in its first line is not
    local problem = tostring(started):gsub("^.-:%d+: ", "") -- where in Neovim's own code it came up
    local message = ("%s cannot be run: %s"):format(command[1], problem)
    return errors.new("START_FAILED", message, "its Python may be gone: install lofi-core again")
  end
  local limit_ms = patience(VERSION_MS)
  local done = started:wait(limit_ms)
  local version = (done.stdout or ""):match("%d+%.%d+[%w.+-]*")
  local line = table.concat(words, " ")
  if done.code == 124 then
    local message = ("`%s` says nothing within %g s"):format(line, limit_ms / 1000)
    return errors.new("START_FAILED", message, "run it in a terminal, or install lofi-core again")
  elseif done.code ~= 0 or not version then
    local said = vim.trim((done.stderr or "") .. (done.stdout or "")):match("[^\n]*$")
    local message = ("`%s` ended with status %d: %s"):format(line, done.code, said)
    return errors.new("START_FAILED", message, "run it in a terminal, or install lofi-core again")
  end
  return nil, version
end

--- Hear of the end of every track, anybody's.
---@param see fun(track_id: string, err: lofi.Error?, track: lofi.GenerationComplete?)
---@return fun() unsubscribe
local function follow(see)
  local unsubscribes = {}
  local function on(name, err_of)
    unsubscribes[#unsubscribes + 1] = require("lofi.events").on(name, function(fields)
      local err = err_of and err_of(fields)
      see(fields.track_id, err, not err and fields or nil)
    end, { scope = "all" })
  end
  on("generation_complete")
  on("generation_error", function(fields)
    return errors.new(fields.code, fields.message, fields.hint)
  end)
  on("generation_cancelled", function()
    return errors.new("CANCELLED", "somebody cancelled it")
  end)
  return function()
    for _, unsubscribe in ipairs(unsubscribes) do
      unsubscribe()
    end
  end
end

---@class lofi.Timed
---@field sec number how long it took, from the question on
---@field track lofi.GenerationComplete

--- Have a backend make the shortest track that it can, and throw it away. The job is not one of this editor's own,
--- so nothing shows it.
---@param backend lofi.Backend
---@return lofi.Error? err
---@return lofi.Timed? timed
function M.generation(backend)
  local function request(method, params, callback)
    local opts = { autostart = false, timeout_ms = patience(ANSWER_MS) }
    require("lofi.client").request(method, params, callback, opts)
  end
  local begun, wanted = vim.uv.hrtime(), nil ---@type integer, string?
  local ended = {} ---@type table<string, any[]> the end may come before the answer
  local unsubscribe ---@type fun()
  local err, track = M.wait(patience(MAKE_MS), "making music with " .. backend.type, function(done)
    unsubscribe = follow(function(track_id, failure, made)
      ended[track_id] = { failure, made }
      if track_id == wanted then
        done(failure, made)
      end
    end)
    local wish = {
      prompt = "a moment of quiet, for :checkhealth",
      backend = backend.type,
      duration_sec = math.max(1, backend.min_duration_sec or 1),
      cache = false,
    }
    request("generate", wish, function(refusal, accepted)
      if refusal then
        return done(refusal)
      end
      wanted = accepted.track_id
      if ended[wanted] then
        done(ended[wanted][1], ended[wanted][2])
      end
    end)
  end)
  local sec = (vim.uv.hrtime() - begun) / 1e9
  unsubscribe()
  if wanted then
    request(track and "tracks_delete" or "cancel", { track_id = wanted })
  end
  return err, track and { sec = sec, track = track } or nil
end

return M
