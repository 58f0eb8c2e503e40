--- `:Lofi log`: what the daemon has written.
local M = {}

local TAIL_BYTES = 64 * 1024

--- Where it is: `lofi.log` in the state directory, by the daemon's own rule (lofi_core/paths.py).
---@param environ table<string, string?>
---@param home string
---@param is_mac boolean
---@return string
function M.path(environ, home, is_mac)
  local data, state = environ.LOFI_DATA_DIR or "", environ.XDG_STATE_HOME or ""
  local directory
  if data ~= "" then
    directory = vim.fs.joinpath(vim.fn.fnamemodify(data, ":p"), "state")
  elseif vim.startswith(state, "/") then
    directory = vim.fs.joinpath(state, "lofi")
  else
    directory = vim.fs.joinpath(home, is_mac and "Library/Application Support" or ".local/state", "lofi")
  end
  return vim.fs.normalize(vim.fs.joinpath(directory, "lofi.log"))
end

--- The end of a file, in whole lines.
---@param path string
---@return string[]?
function M.tail(path)
  local file = io.open(path, "rb")
  if not file then
    return nil
  end
  local size = file:seek("end")
  file:seek("set", math.max(0, size - TAIL_BYTES))
  local lines = vim.split(vim.trim(file:read("*a") or ""), "\n", { plain = true })
  file:close()
  if size > TAIL_BYTES then
    table.remove(lines, 1)
  end
  return vim.tbl_map(require("lofi.text").clean, lines)
end

function M.run()
  local path = M.path(vim.env, vim.uv.os_homedir(), vim.fn.has("mac") == 1)
  local lines = M.tail(path)
  if lines then
    return require("lofi.view").open("log", lines, true)
  end
  require("lofi.notify").error({
    code = "NO_LOG",
    message = "there is no log at " .. path,
    hint = "a daemon writes it from its start on",
  })
end

return M
