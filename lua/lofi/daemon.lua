--- How is a daemon started, and is it one that this plugin understands?
local errors = require("lofi.errors")
local log = require("lofi.log")

local M = {}

local HINT = "install it with `pip install lofi-core`, or name it in setup(): cmd = '/path/to/lofi-core'"

--- The folder that holds `lua/`, `plugin/` and, where somebody ran `./lofi`, `.venv/`.
---@return string
function M.plugin_root()
  local here = debug.getinfo(1, "S").source:sub(2)
  return vim.fs.dirname(vim.fs.dirname(vim.fs.dirname(vim.fn.fnamemodify(here, ":p"))))
end

--- The command that is `lofi-core` here: the configured one, else the one on PATH, else the plugin's own.
---@return string[]? command
---@return lofi.Error? err
function M.command()
  local cmd = require("lofi.config").get().cmd
  if cmd then
    local words = type(cmd) == "table" and vim.deepcopy(cmd) or { cmd }
    words[1] = vim.fs.normalize(words[1] or "") -- `~` and variables; `%` and `*` are part of a name
    if vim.fn.executable(words[1]) == 0 then
      local message = ("cmd is '%s', which cannot be run"):format(words[1])
      return nil, errors.new("NOT_INSTALLED", message, HINT)
    end
    return words
  end
  local own = vim.fs.joinpath(M.plugin_root(), ".venv", "bin", "lofi-core")
  for _, candidate in ipairs({ "lofi-core", own }) do
    local found = vim.fn.exepath(candidate)
    if found ~= "" then
      return { found }
    end
  end
  local message = "lofi-core is neither on PATH nor at " .. own
  return nil, errors.new("NOT_INSTALLED", message, HINT)
end

--- Why a start came to nothing: what the command wrote, or how it ended.
---@param command string[]
---@param done vim.SystemCompleted
---@return lofi.Error
local function failure(command, done)
  local said = vim.trim(done.stderr or "")
  said = vim.trim((said:gsub("^starting the daemon\n", "")))
  if done.code == 124 then
    local message = ("%s did not start a daemon in time"):format(command[1])
    return errors.new(
      "START_FAILED",
      message,
      "`:Lofi log` shows what it wrote; start_timeout_ms in setup() gives it longer"
    )
  elseif said:match("^%u[%u_]+: ") then
    return errors.from_text(said, "START_FAILED")
  end
  local how = done.signal ~= 0 and "was ended by signal " .. done.signal or "ended with status " .. done.code
  local message = ("%s %s: %s"):format(command[1], how, said ~= "" and said or "it said nothing")
  return errors.new("START_FAILED", message, "run it in a terminal: " .. table.concat(command, " "))
end

--- Start a daemon that outlives this editor. The callback comes when it answers, on the main loop.
---@param socket string
---@param callback fun(err: lofi.Error?)
function M.start(socket, callback)
  local command, err = M.command()
  if not command then
    return callback(err)
  end
  vim.list_extend(command, { "--socket", socket, "serve", "--detach" })
  log.write("info", "starting " .. table.concat(command, " "))
  local options = { text = true, detach = true, timeout = require("lofi.config").get().start_timeout_ms }
  local ok, problem = pcall(vim.system, command, options, function(done)
    vim.schedule(function()
      callback((done.code ~= 0 or done.signal ~= 0) and failure(command, done) or nil)
    end)
  end)
  if not ok then -- the file is there, and the interpreter in its first line is not, or it is no program
    local message = ("%s cannot be run: %s"):format(command[1], problem)
    callback(errors.new("START_FAILED", message, "its Python may be gone: install lofi-core again"))
  end
end

--- Why a daemon that said hello is not one to talk to.
---@param hello table the answer to `hello`
---@return lofi.Error?
function M.mismatch(hello)
  local ours = require("lofi.protocol").version
  if type(hello) ~= "table" or type(hello.protocol) ~= "number" then
    return errors.new("NOT_A_DAEMON", "what listens at the socket answers hello with something else")
  elseif hello.protocol ~= ours then
    local message = "the daemon (lofi-core %s, pid %s) speaks protocol %g, and this plugin speaks %d"
    local newer = hello.protocol > ours and "the plugin" or "lofi-core"
    return errors.new(
      "VERSION_MISMATCH",
      message:format(hello.version or "?", hello.pid or "?", hello.protocol, ours),
      ("update %s, then end the old daemon with `lofi-core shutdown`"):format(newer)
    )
  end
end

--- Why a daemon does not know a method: when it is one of this plugin's own, lofi-core is older than the plugin.
---@param err lofi.Error
---@param method string
---@param hello lofi.Hello
---@return lofi.Error
function M.older(err, method, hello)
  if not vim.tbl_contains(require("lofi.protocol").methods, method) then
    return err
  end
  local message = ("lofi-core %s (pid %s) has no '%s' yet"):format(hello.version, hello.pid, method)
  return errors.new(err.code, message, "update lofi-core, then end the old daemon with `lofi-core shutdown`")
end

return M
