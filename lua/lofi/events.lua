--- Who is told what happens: functions given to `on`, and `User` autocommands.
---
--- A generation event of another client's job reaches only those who asked for `scope = "all"`: an editor tells of
--- what it asked for itself. All other events concern everybody.
local M = {}

---@class lofi.Listener
---@field callback fun(fields: table, name: string)
---@field scope "own"|"all"

---@type table<string, lofi.Listener[]>
local listeners = {}

-- Of this plugin, not of the daemon.
local OURS = { "state_changed", "generation_accepted" }

--- Call a function of the user's. One that raises is reported, once for each message, and harms nobody else.
---@param what string whose function it is, for people
function M.protect(what, callback, ...)
  local ok, problem = xpcall(callback, debug.traceback, ...)
  if not ok then
    local text = ("%s: an error in your callback: %s"):format(what, problem)
    require("lofi.log").write("error", text)
    require("lofi.notify").once(text:match("^[^\n]*"), vim.log.levels.ERROR)
  end
end

---@return string[]
function M.names()
  return vim.list_extend(vim.deepcopy(require("lofi.protocol").events), OURS)
end

--- Have a function called whenever something happens.
---@param event string
---@param callback fun(fields: table, name: string)
---@param opts? { scope?: "own"|"all" } "all": of other clients' jobs too
---@return fun() unsubscribe
function M.on(event, callback, opts)
  local names = M.names()
  if not vim.tbl_contains(names, event) then
    -- A newer daemon may have it all the same.
    local hint = require("lofi.config").suggestion(event, names)
    require("lofi.notify").once(("no event '%s' is known%s"):format(event, hint), vim.log.levels.WARN)
  end
  local listener = { callback = callback, scope = opts and opts.scope or "own" }
  listeners[event] = listeners[event] or {}
  table.insert(listeners[event], listener)
  return function()
    listeners[event] = vim.tbl_filter(function(other)
      return other ~= listener
    end, listeners[event])
  end
end

--- `generation_complete` → `LofiGenerationComplete`.
---@param event string
---@return string
function M.autocommand(event)
  return "Lofi" .. event:gsub("%f[%a](%a)", string.upper):gsub("_", "")
end

--- Tell everybody. Only on the main loop.
---@param event string
---@param fields table
---@param own boolean whether it concerns this editor
function M.emit(event, fields, own)
  for _, listener in ipairs(vim.list_slice(listeners[event] or {})) do -- they may unsubscribe while they are called
    if own or listener.scope == "all" then
      M.protect(("on('%s')"):format(event), listener.callback, fields, event)
    end
  end
  if own then
    local pattern = M.autocommand(event)
    M.protect("User " .. pattern, vim.api.nvim_exec_autocmds, "User", {
      pattern = pattern,
      modeline = false,
      data = fields,
    })
  end
end

return M
