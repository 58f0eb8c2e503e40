--- Where does the daemon's socket lie?
---
--- The same rule as lofi_core/paths.py; both are held to tests/data/socket_paths.json. Neovim's `stdpath("run")` is
--- no help: without XDG_RUNTIME_DIR it is another directory in every editor.
local errors = require("lofi.errors")

local M = {}

--- The system's limit in bytes: `sun_path`, less its closing NUL.
---@return integer
local function system_limit()
  return vim.uv.os_uname().sysname == "Darwin" and 103 or 107
end

--- A path without doubled slashes, `.` parts and a closing slash, as pathlib writes it.
---@param path string
---@return string
local function tidy(path)
  local parts = {}
  for part in path:gmatch("[^/]+") do
    if part ~= "." then
      parts[#parts + 1] = part
    end
  end
  local start = path:match("^//[^/]") and "//" or path:match("^/") or ""
  return start .. table.concat(parts, "/")
end

---@param path string
---@param home string
---@return string
local function absolute(path, home)
  path = tidy(path)
  if path == "~" or path:sub(1, 2) == "~/" then
    return tidy(home .. path:sub(2))
  elseif path:sub(1, 1) == "/" then
    return path
  end
  return tidy(vim.uv.cwd() .. "/" .. path)
end

---@class lofi.SocketQuestion
---@field env table<string, string>
---@field home string
---@field flag? string a path that somebody chose, before all else
---@field limit? integer in bytes, instead of the system's

--- Follow the rule: the flag, else LOFI_SOCKET, else the run-time directory, else the state directory.
---@param question lofi.SocketQuestion
---@return string? path
---@return lofi.Error? err it is longer than the system takes
function M.rule(question)
  local env = question.env
  local path ---@type string
  local runtime = env.XDG_RUNTIME_DIR or ""
  if question.flag then
    path = absolute(question.flag, question.home)
  elseif (env.LOFI_SOCKET or "") ~= "" then
    path = absolute(env.LOFI_SOCKET, question.home)
  elseif runtime:sub(1, 1) == "/" then -- the XDG specification: a relative path counts as unset
    path = tidy(runtime .. "/lofi/lofi.sock")
  else
    path = tidy(question.home .. "/.local/state/lofi/run/lofi.sock")
  end
  local limit = question.limit or system_limit()
  if #path > limit then
    local message = "the socket path is %d bytes long, and this system takes %d: %s"
    local hint = "choose a shorter one with socket in setup(), or LOFI_SOCKET"
    return nil, errors.new("INVALID_PARAMS", message:format(#path, limit, path), hint)
  end
  return path
end

--- The socket of this editor's daemon.
---@return string? path
---@return lofi.Error? err
function M.path()
  local names, env = { "LOFI_SOCKET", "XDG_RUNTIME_DIR" }, {}
  for _, name in ipairs(names) do
    env[name] = vim.uv.os_getenv(name)
  end
  local home = vim.uv.os_homedir()
  return M.rule({ env = env, home = home, flag = require("lofi.config").get().socket })
end

return M
