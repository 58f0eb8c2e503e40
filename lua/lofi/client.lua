--- The one client of this editor: which daemon it talks to, how it gets there, and what happens when that goes away.
---
--- States: `off` (nothing was asked yet, or it was given up), `starting` (connecting, or starting the daemon),
--- `connected`, `lost` (the connection broke; it is tried again for a minute). Each change is the event
--- `state_changed`. A request in any state but `connected` begins an attempt and waits for it.
local attempt = require("lofi.attempt")
local connection = require("lofi.connection")
local daemon = require("lofi.daemon")
local encode = require("lofi.encode")
local errors = require("lofi.errors")
local events = require("lofi.events")
local log = require("lofi.log")

local M = {}

-- How long to wait before each new attempt; it is given up after the last.
local BACKOFF_MS = { 50, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000, 10000, 10000, 10000, 10000 }
-- A daemon that restarts is back by this attempt; if nobody listens then, the jobs it had are gone.
local JOBS_GONE_AFTER = 5

---@alias lofi.State "off"|"starting"|"connected"|"lost"

---@class lofi.RequestOptions
---@field autostart? boolean false: an error where no daemon runs, instead of a start
---@field timeout_ms? integer instead of the configured one

---@class lofi.Queued a request that waits for a connection
---@field method string
---@field params string encoded
---@field timeout_ms integer
---@field callback fun(err: lofi.Error?, result: any)

local self = {
  state = "off", ---@type lofi.State
  connection = nil, ---@type lofi.Connection?
  hello = nil, ---@type lofi.Hello?
  err = nil, ---@type lofi.Error? why there is no connection
  queue = {}, ---@type lofi.Queued[]
  attempt = nil, ---@type lofi.Attempt? the last one, which the connection came from
  may_start = false, -- whether anybody who waits would have the daemon started
  lost_err = nil, ---@type lofi.Error? why the connection broke, until there is another
  leaving = nil, ---@type string? why the daemon said that it ends
  retry = nil, ---@type uv.uv_timer_t?
}

---@param state lofi.State
---@param err? lofi.Error
local function enter(state, err)
  local previous = self.state
  self.state, self.err = state, err
  if state ~= previous then
    log.write("info", ("%s → %s%s"):format(previous, state, err and " (" .. tostring(err) .. ")" or ""))
    events.emit("state_changed", { state = state, previous = previous, error = err }, true)
  end
end

local function stop_retrying()
  if self.retry then
    self.retry:stop()
    self.retry:close()
    self.retry = nil
  end
end

--- There is no connection, and nobody tries: whoever waits for something is told why.
---@param err? lofi.Error
---@param told? lofi.Error what those are told, where that is no fault
local function turn_off(err, told)
  local queue = self.queue
  self.queue, self.may_start = {}, false -- first: whoever hears of it may ask anew
  enter("off", err)
  require("lofi.generation").abandon(self.lost_err or told or err)
  for _, request in ipairs(queue) do
    request.callback(told or err)
  end
end

local connect -- below, because a broken connection is tried again

--- Try again after the connection broke, without starting a daemon: nobody asked for one.
---@param tries integer how often it was tried
---@param err lofi.Error
local function retry_later(tries, err)
  stop_retrying()
  if tries == JOBS_GONE_AFTER then
    require("lofi.generation").abandon(self.lost_err or err)
  end
  if tries >= #BACKOFF_MS then
    return turn_off(err)
  end
  self.retry = assert(vim.uv.new_timer())
  self.retry:start(BACKOFF_MS[tries + 1], 0, function()
    vim.schedule(function()
      if self.state == "lost" then
        stop_retrying()
        connect(tries + 1)
      end
    end)
  end)
end

---@param err lofi.Error
local function on_close(err)
  if self.leaving then
    err = errors.new(
      "SHUTTING_DOWN",
      ("the daemon ended (%s)"):format(self.leaving),
      "ask again: it is started anew"
    )
  end
  local left = self.leaving ~= nil
  self.connection, self.hello, self.leaving, self.lost_err = nil, nil, nil, err
  if left then
    turn_off(err)
  else
    enter("lost", err)
    if self.state == "lost" then -- a listener may have asked for something
      retry_later(0, err)
    end
  end
end

---@param name string
---@param fields table
local function on_event(name, fields)
  if name == "shutting_down" then
    self.leaving = fields.reason or "it was told to"
  end
  require("lofi.generation").on_event(name, fields, self.leaving)
end

---@param connected lofi.Connection
---@param hello lofi.Hello
local function serve(connected, hello)
  self.connection, self.hello, self.leaving, self.lost_err = connected, hello, nil, nil
  local queue = self.queue
  self.queue, self.may_start = {}, false
  enter("connected")
  require("lofi.generation").on_connected()
  for _, request in ipairs(queue) do
    connected:request(request.method, request.params, request.timeout_ms, request.callback)
  end
end

---@param tries integer? how often it was tried to come back; nil when somebody waits
connect = function(tries)
  stop_retrying()
  if self.attempt then
    self.attempt:give_up()
  end
  local path, err = require("lofi.socket").path()
  if not path then
    return vim.schedule(function() -- no callback is called before its request returns
      turn_off(err)
    end)
  end
  if not tries then
    enter("starting")
  end
  local opts = {
    path = path,
    on_event = on_event,
    on_close = on_close,
    may_start = function()
      return self.may_start
    end,
  }
  self.attempt = attempt.begin(opts, function(failure, connected, hello)
    if connected then
      serve(connected, hello --[[@as lofi.Hello]])
    elseif tries and failure and failure.code == "NO_DAEMON" then
      retry_later(tries, failure)
    else
      turn_off(failure)
    end
  end)
end

--- Ask the daemon for something. The callback is called exactly once, later, on the main loop.
---@param method string
---@param params? table
---@param callback? fun(err: lofi.Error?, result: any)
---@param opts? lofi.RequestOptions
function M.request(method, params, callback, opts)
  if vim.in_fast_event() then
    return vim.schedule(function()
      M.request(method, params, callback, opts)
    end)
  end
  require("lofi.ui").attach()
  opts = opts or {}
  local config = require("lofi.config").get()
  local function answer(err, result)
    if err and err.code == "METHOD_NOT_FOUND" and self.hello then
      err = daemon.older(err, method, self.hello)
    end
    if callback then
      events.protect(method, callback, err, result)
    elseif err then
      log.write("warn", ("%s: %s"):format(method, tostring(err)))
    end
  end
  local bytes, err = encode.encode(params or {})
  if bytes and #bytes > connection.MAX_REQUEST_BYTES - 1024 then
    local message = ("the params of '%s' are %d bytes long, and 1 MiB is the most"):format(method, #bytes)
    err = errors.new("INVALID_PARAMS", message)
  end
  if err or not bytes then
    return vim.schedule(function()
      answer(err)
    end)
  end
  local timeout_ms = opts.timeout_ms or config.timeout_ms --[[@as integer]]
  if self.state == "connected" then
    return self.connection:request(method, bytes, timeout_ms, answer)
  end
  table.insert(self.queue, { method = method, params = bytes, timeout_ms = timeout_ms, callback = answer })
  self.may_start = self.may_start or (config.autostart and opts.autostart ~= false) or false
  if self.state ~= "starting" then
    connect()
  end
end

---@return lofi.State
function M.state()
  return self.state
end

---@class lofi.ConnectionInfo
---@field state lofi.State
---@field error? lofi.Error why there is no connection
---@field daemon? lofi.Hello what the daemon said of itself
---@field socket? string

--- What is known of the daemon, without asking it.
---@return lofi.ConnectionInfo
function M.info()
  return {
    state = self.state,
    error = self.err,
    daemon = self.hello,
    socket = (require("lofi.socket").path()),
  }
end

--- Let go of the daemon, which goes on with what it was asked. Requests under way get the error CLOSED.
function M.close()
  stop_retrying()
  if self.attempt then
    self.attempt:give_up()
  end
  local err = errors.new("CLOSED", "the plugin closed the connection", "ask again")
  local connected = self.connection
  self.connection, self.hello, self.leaving = nil, nil, nil
  if connected then
    connected:finish(err)
  end
  turn_off(nil, err)
end

return M
