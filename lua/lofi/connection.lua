--- One connection to one daemon: requests and their answers, events, and its end.
---
--- What libuv calls runs in a fast context, where most of Neovim may not be used: bytes are cut and decoded there,
--- and all else, every callback included, runs on the main loop, in the order in which it came in.
local encode = require("lofi.encode")
local errors = require("lofi.errors")
local frames = require("lofi.frames")
local log = require("lofi.log")

local M = {}

M.MAX_REQUEST_BYTES = 1024 * 1024 -- the daemon closes the connection at more
local LAST_ID = 2 ^ 32 - 1

---@class lofi.Waiting a request that is not answered yet
---@field method string
---@field callback fun(err: lofi.Error?, result: any)
---@field timer uv.uv_timer_t

---@class lofi.Connection
---@field path string
---@field private pipe uv.uv_pipe_t
---@field private frames lofi.Frames
---@field private unpack fun(bytes: string): any
---@field private waiting table<integer, lofi.Waiting>
---@field private last_id integer
---@field private closed boolean
---@field private on_event fun(name: string, fields: table)
---@field private on_close fun(err: lofi.Error)
local Connection = {}
Connection.__index = Connection

---@param path string
---@param problem string
---@return lofi.Error
local function not_a_daemon(path, problem)
  local message = ("what listens at %s is no lofi-core daemon: %s"):format(path, problem)
  return errors.new(
    "NOT_A_DAEMON",
    message,
    "another program may own that socket; set another one in setup()"
  )
end

--- nil (`vim.NIL`, which is true in a condition) is absence in what users get. Lists keep it: a hole would end them.
local function without_nil(value)
  if value == vim.NIL then
    return nil
  elseif type(value) == "table" then
    for key, entry in pairs(value) do
      if entry == vim.NIL and type(key) == "string" then
        value[key] = nil
      elseif type(entry) == "table" then
        without_nil(entry)
      end
    end
  end
  return value
end

--- Decode one message. A message that is too deep for Neovim keeps its head only.
---@private
---@param frame lofi.Frame
---@return any message
function Connection:decoded(frame)
  if frame.depth <= frames.MAX_DEPTH then
    return (self.unpack(frame.bytes))
  end
  local first, second = unpack((vim.mpack.Unpacker()("\146" .. frame.bytes:sub(2))))
  if first == 1 then
    local problem = "INTERNAL_ERROR: the answer is nested deeper than Neovim can read"
    return { 1, second, { 0, problem }, vim.NIL }
  end
  return { 2, "", {} } -- an event that nobody can be told of
end

---@private
---@param chunk string
function Connection:receive(chunk)
  local ok, problem = pcall(function()
    for _, frame in ipairs(self.frames:feed(chunk)) do
      local message = self:decoded(frame)
      vim.schedule(function()
        self:handle(message)
      end)
    end
  end)
  if not ok then
    self:finish_soon(not_a_daemon(self.path, tostring(problem)))
  end
end

--- Whether a value is a response or a notification as the daemon sends them.
local function is_sound(message)
  if type(message) ~= "table" then
    return false
  elseif message[1] == 1 then
    local err = message[3]
    local sound = err == vim.NIL or (type(err) == "table" and type(err[2]) == "string")
    return #message == 4 and type(message[2]) == "number" and sound
  end
  local params = message[3]
  return message[1] == 2 and type(message[2]) == "string" and type(params) == "table"
end

---@private
function Connection:handle(message)
  if self.closed then
    return
  elseif not is_sound(message) then
    self:finish(not_a_daemon(self.path, "it sent something else than msgpack-RPC"))
  elseif message[1] == 2 then
    local fields = without_nil(message[3][1])
    self.on_event(message[2], type(fields) == "table" and fields or {})
  else
    local id, err = message[2], message[3] ~= vim.NIL and errors.from_text(message[3][2]) or nil
    local waiting = self:take(id)
    if waiting then
      waiting.callback(err, not err and without_nil(message[4]) or nil)
    elseif err and id == 0 then -- about the connection as a whole: refused, or unreadable
      self:finish(err)
    else
      log.write("debug", ("an answer to request %d came after its timeout"):format(id))
    end
  end
end

--- The request of an id, which is settled by that. nil when it was before.
---@private
---@return lofi.Waiting?
function Connection:take(id)
  local waiting = self.waiting[id]
  if waiting then
    self.waiting[id] = nil
    waiting.timer:stop()
    waiting.timer:close()
  end
  return waiting
end

---@private
---@return integer
function Connection:next_id()
  repeat
    self.last_id = self.last_id < LAST_ID and self.last_id + 1 or 1
  until not self.waiting[self.last_id]
  return self.last_id
end

--- Ask for something. The callback is called once, on the main loop: with the answer, the daemon's error, TIMEOUT,
--- or with why the connection ended.
---@param method string
---@param params string the encoded map
---@param timeout_ms integer
---@param callback fun(err: lofi.Error?, result: any)
function Connection:request(method, params, timeout_ms, callback)
  if self.closed then
    return vim.schedule(function()
      callback(errors.new("CONNECTION_LOST", "the connection to the daemon is closed", "ask again"))
    end)
  end
  local id = self:next_id()
  local timer = assert(vim.uv.new_timer())
  self.waiting[id] = { method = method, callback = callback, timer = timer }
  timer:start(timeout_ms, 0, function()
    vim.schedule(function()
      if self:take(id) then
        local message = ("the daemon did not answer '%s' within %g s"):format(method, timeout_ms / 1000)
        local hint = "`:Lofi log` shows what it is doing; timeout_ms in setup() gives it longer"
        callback(errors.new("TIMEOUT", message, hint))
      end
    end)
  end)
  -- [0, id, method, [params]]
  local bytes = "\148\0" .. encode.encode(id) .. encode.encode(method) .. "\145" .. params
  self.pipe:write(bytes, function(problem)
    if problem then -- a closed pipe ends its reading side too, which may still hold the reason
      log.write("debug", "writing to the daemon: " .. problem)
    end
  end)
end

---@return boolean
function Connection:is_open()
  return not self.closed
end

--- End it; requests under way get the error. Does nothing the second time.
---@param err lofi.Error
function Connection:finish(err)
  if self.closed then
    return
  end
  self.closed = true
  if not self.pipe:is_closing() then
    self.pipe:close()
  end
  self.on_close(err) -- first: whoever is told of it may ask anew, and needs another connection
  local ids = vim.tbl_keys(self.waiting)
  table.sort(ids)
  for _, id in ipairs(ids) do
    local waiting = self:take(id)
    if waiting then
      waiting.callback(err)
    end
  end
end

--- End it behind what has come in already.
---@private
function Connection:finish_soon(err)
  vim.schedule(function()
    self:finish(err)
  end)
end

--- Who owns the socket. Whoever could put theirs in place of ours would hear every prompt.
---@param path string
---@return lofi.Error?
local function foreign(path)
  local found = vim.uv.fs_lstat(path)
  if found and found.uid ~= vim.uv.getuid() then
    local message = ("the socket %s belongs to user %d, not to you"):format(path, found.uid)
    return errors.new("NOT_PERMITTED", message, "set another socket in setup(), or LOFI_SOCKET")
  end
end

---@param path string
---@param problem string as libuv names it
---@return lofi.Error
local function refused(path, problem)
  local name = problem:match("^%u+") or problem
  if name == "ENOENT" or name == "ECONNREFUSED" or name == "ENOTDIR" then
    return errors.new("NO_DAEMON", "no daemon listens at " .. path, "`lofi-core serve --detach` starts one")
  elseif name == "EACCES" or name == "EPERM" then
    local hint = "it or a directory above it is another user's; set another socket in setup(), or LOFI_SOCKET"
    return errors.new("NOT_PERMITTED", "you may not use the socket " .. path, hint)
  elseif name == "ENOTSOCK" then
    return not_a_daemon(path, "it is no socket")
  end
  return errors.new("CONNECT_FAILED", ("cannot connect to %s: %s"):format(path, problem))
end

---@class lofi.ConnectionHandlers
---@field on_event fun(name: string, fields: table) for each notification, on the main loop
---@field on_close fun(err: lofi.Error) once, unless opening failed

--- Connect. The callback gets the connection or why there is none, on the main loop.
---@param path string
---@param handlers lofi.ConnectionHandlers
---@param callback fun(err: lofi.Error?, connection: lofi.Connection?)
function M.open(path, handlers, callback)
  local err = foreign(path)
  if err then
    return vim.schedule(function()
      callback(err)
    end)
  end
  local pipe = assert(vim.uv.new_pipe(false))
  local self = setmetatable({
    path = path,
    pipe = pipe,
    frames = frames.new(),
    unpack = vim.mpack.Unpacker(),
    waiting = {},
    last_id = 0,
    closed = false,
    on_event = handlers.on_event,
    on_close = handlers.on_close,
  }, Connection)
  pipe:connect(path, function(problem)
    if problem then
      pipe:close()
      return vim.schedule(function()
        callback(refused(path, problem))
      end)
    end
    pipe:read_start(function(broken, chunk)
      if chunk then
        self:receive(chunk)
      else
        local what = broken and "the connection to the daemon broke: " .. broken
          or "the daemon closed the connection"
        self:finish_soon(
          errors.new("CONNECTION_LOST", what, "ask again: a daemon that is gone is started anew")
        )
      end
    end)
    vim.schedule(function()
      callback(nil, self)
    end)
  end)
end

return M
