--- Who waits for model files to be there?
local client = require("lofi.client")
local errors = require("lofi.errors")
local events = require("lofi.events")

local M = {}

---@type table<string, (fun(err: lofi.Error?, result: table?))[]> by backend and variant
local waiting = {}
local listens = false

---@param fields { backend: string, variant?: string }
---@return string
local function key_of(fields)
  return fields.backend .. "\0" .. (fields.variant or "")
end

---@param key string
---@param err? lofi.Error
---@param result? table
local function settle(key, err, result)
  local callbacks = waiting[key] or {}
  waiting[key] = nil
  for _, callback in ipairs(callbacks) do
    events.protect("download", callback, err, result)
  end
end

--- Events belong to the connection that asked: without it, nobody will tell.
local function listen()
  if listens then
    return
  end
  listens = true
  events.on("download_complete", function(fields)
    settle(key_of(fields), nil, fields)
  end)
  events.on("download_error", function(fields)
    settle(key_of(fields), errors.new(fields.code, fields.message, fields.hint))
  end)
  events.on("state_changed", function(fields)
    if fields.previous == "connected" then
      local err =
        errors.new("CONNECTION_LOST", "the connection broke during the download", "ask again: it is resumed")
      for key in pairs(vim.deepcopy(waiting)) do
        settle(key, err)
      end
    end
  end)
end

--- Have the files of a backend downloaded. The callback is called when they are there, or will not come.
---@param params { backend: string, variant?: string, verify?: boolean }
---@param callback? fun(err: lofi.Error?, result: lofi.DownloadComplete|lofi.DownloadAnswer|nil)
function M.download(params, callback)
  listen()
  client.request("download_backend", params, function(err, answer)
    if err then
      if callback then
        callback(err)
      else
        require("lofi.notify").error(err)
      end
    elseif not answer.started then
      return callback and callback(nil, answer)
    elseif callback then
      local key = key_of({ backend = params.backend, variant = answer.variant })
      waiting[key] = waiting[key] or {}
      table.insert(waiting[key], callback)
    end
  end)
end

return M
