--- What an error is here, whoever found it: a code to go by, what happened, and what to do about it.
local M = {}

---@class lofi.Error
---@field code string what programs go by: the daemon's own codes, and ours
---@field message string what happened, with the value
---@field hint? string what to do about it

-- Ours are: NO_DAEMON (nobody listens), NOT_INSTALLED (no lofi-core to start), START_FAILED, CONNECT_FAILED,
-- NOT_A_DAEMON (somebody else listens), VERSION_MISMATCH, CONNECTION_LOST, TIMEOUT, CLOSED, CANCELLED, and the
-- daemon's own NOT_PERMITTED, INVALID_PARAMS, UNKNOWN_JOB and SHUTTING_DOWN.

local Error = {}
Error.__index = Error

--- `CODE: message`, and the hint on a second line, as the command line says it.
function Error.__tostring(err)
  return ("%s: %s%s"):format(err.code, err.message, err.hint and "\nhint: " .. err.hint or "")
end

---@param code string
---@param message string
---@param hint? string
---@return lofi.Error
function M.new(code, message, hint)
  return setmetatable({ code = code, message = message, hint = hint }, Error)
end

--- An error out of its text, `CODE: message` and perhaps a second line `hint: …`.
---@param text string
---@param code? string for a text that names none
---@return lofi.Error
function M.from_text(text, code)
  local head, hint = text:match("^(.-)\nhint: (.*)$")
  local named, message = (head or text):match("^([A-Z][A-Z_]+): (.*)$")
  return M.new(named or code or "INTERNAL_ERROR", message or head or text, hint)
end

return M
