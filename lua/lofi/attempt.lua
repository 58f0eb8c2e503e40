--- How does one get to a daemon that answers: connect, start one where there is none, say hello?
local connection = require("lofi.connection")
local daemon = require("lofi.daemon")
local encode = require("lofi.encode")
local errors = require("lofi.errors")
local log = require("lofi.log")

local M = {}

local HELLO_TIMEOUT_MS = 5000
-- A daemon on its way out may take a connection and drop it; a moment later nobody listens.
local FAREWELL_MS, MOST_FAREWELLS = 100, 5

---@class lofi.AttemptOptions
---@field path string the socket
---@field may_start fun(): boolean whether a daemon should be started where there is none
---@field on_event fun(name: string, fields: table)
---@field on_close fun(err: lofi.Error) when the connection of an attempt that succeeded ends

---@class lofi.Attempt
---@field private opts lofi.AttemptOptions
---@field private done fun(err: lofi.Error?, connection: lofi.Connection?, hello: lofi.Hello?)
---@field private given_up boolean
---@field private served boolean
---@field private started boolean
---@field private start_err? lofi.Error
---@field private farewells integer
local Attempt = {}
Attempt.__index = Attempt

--- Say hello, see whether one understands the other, and ask for all events.
---@param connected lofi.Connection
---@param done fun(err: lofi.Error?, hello: lofi.Hello?)
local function greet(connected, done)
  local version = tostring(vim.version())
  local params = assert(encode.encode({ client = { name = "neovim", version = version } }))
  connected:request("hello", params, HELLO_TIMEOUT_MS, function(err, hello)
    if err and (err.code == "METHOD_NOT_FOUND" or err.code == "INTERNAL_ERROR") then -- as another Neovim says, too
      local message = ("another program listens at %s: %s"):format(connected.path, err.message)
      err = errors.new("NOT_A_DAEMON", message, "set another socket in setup(), or LOFI_SOCKET")
    end
    err = err or daemon.mismatch(hello)
    if err then
      return done(err)
    end
    connected:request("subscribe", assert(encode.encode({})), HELLO_TIMEOUT_MS, function(refusal)
      done(refusal, hello)
    end)
  end)
end

---@private
function Attempt:start()
  self.started = true
  daemon.start(self.opts.path, function(err)
    if err then
      -- Another editor may have started one at the same time: then ours gave way to it.
      log.write("info", tostring(err))
    end
    self.start_err = err
    self:connect()
  end)
end

---@private
---@param connected lofi.Connection
function Attempt:greet(connected)
  greet(connected, function(err, hello)
    if self.given_up then
      connected:finish(errors.new("CLOSED", "the client was closed"))
    elseif not err then
      self.served = true
      self.done(nil, connected, hello)
    else
      connected:finish(err)
      self.farewells = self.farewells + 1
      if err.code == "CONNECTION_LOST" and self.farewells <= MOST_FAREWELLS then
        return vim.defer_fn(function()
          self:connect()
        end, FAREWELL_MS)
      end
      self.done(err)
    end
  end)
end

---@private
function Attempt:connect()
  if self.given_up then
    return
  end
  local handlers = {
    on_event = self.opts.on_event,
    on_close = function(err)
      if self.served and not self.given_up then
        self.opts.on_close(err)
      end
    end,
  }
  connection.open(self.opts.path, handlers, function(err, opened)
    if self.given_up then
      return opened and opened:finish(errors.new("CLOSED", "the client was closed"))
    elseif opened then
      return self:greet(opened)
    elseif err and err.code == "NO_DAEMON" and not self.started and self.opts.may_start() then
      return self:start()
    end
    self.done(self.start_err or err)
  end)
end

--- Have nothing come of it any more; what it started goes on.
function Attempt:give_up()
  self.given_up = true
end

--- Begin. `done` is called once, unless it is given up: with a connection that was greeted, or why there is none.
---@param opts lofi.AttemptOptions
---@param done fun(err: lofi.Error?, connection: lofi.Connection?, hello: lofi.Hello?)
---@return lofi.Attempt
function M.begin(opts, done)
  local fields =
    { opts = opts, done = done, given_up = false, served = false, started = false, farewells = 0 }
  local attempt = setmetatable(fields, Attempt)
  attempt:connect()
  return attempt
end

return M
