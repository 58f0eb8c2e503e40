--- What the plugin notes for later: `lofi.log` in `stdpath("log")`. Callable from libuv's callbacks.
local M = {}

local LEVELS = { debug = 0, info = 1, warn = 2, error = 3, off = 4 }

---@return string
function M.path()
  return vim.fs.joinpath(vim.fn.stdpath("log") --[[@as string]], "lofi.log")
end

---@param level "debug"|"info"|"warn"|"error"
---@param text string
function M.write(level, text)
  local least = require("lofi.config").get().log.level
  if LEVELS[level] < LEVELS[least] then
    return
  end
  local line = ("%s %-5s %s\n"):format(os.date("%Y-%m-%d %H:%M:%S"), level, (text:gsub("\n", " | ")))
  vim.schedule(function() -- Vim's functions and the disk are not for a callback of libuv
    local path = M.path()
    vim.fn.mkdir(vim.fs.dirname(path), "p")
    local file = io.open(path, "a")
    if file then
      file:write(line)
      file:close()
    end
  end)
end

return M
