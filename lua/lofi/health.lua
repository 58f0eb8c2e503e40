--- `:checkhealth lofi`: what is here, what works, and what to do about what does not.
---
--- It asks as a user would, through the client, and waits for each answer only so long. A daemon that was started to
--- be looked at is ended again.
local probe = require("lofi.health.probe")

local M = {}

local health = vim.health

--- An error with its remedy.
---@param err lofi.Error
---@param report? fun(message: string, advice: string[]?) `vim.health.error` unless told
local function tell(err, report)
  report = report or health.error
  report(("%s: %s"):format(err.code, err.message), err.hint and { err.hint } or nil)
end

local function check_neovim()
  local version = tostring(vim.version())
  if vim.fn.has("nvim-0.10") == 1 then
    health.ok("Neovim " .. version)
  else
    health.error("Neovim " .. version .. " is too old", { "install Neovim 0.10 or newer" })
  end
end

local function check_settings()
  local problems = require("lofi.config").problems()
  for _, problem in ipairs(problems) do
    health.warn("setup: " .. problem, { ":help lofi-config lists every key and what it takes" })
  end
  if #problems == 0 then
    health.ok("setup() has nothing to complain of")
  end
  if require("lofi.config").get().progress == "fidget" and not pcall(require, "fidget.progress") then
    health.warn('progress = "fidget", and fidget.nvim is not installed', {
      'install it, or set progress = "float"; the command line shows the progress until then',
    })
  end
end

--- What Python there is, where lofi-core is not.
local function check_python()
  local python = vim.fn.exepath("python3")
  if python == "" then
    return health.error(
      "there is no python3 on PATH",
      { "install Python 3.11 or newer: lofi-core runs on it" }
    )
  end
  local _, version = probe.version({ python })
  if not version then
    health.error(python .. " does not run", { "install Python 3.11 or newer: lofi-core runs on it" })
  elseif vim.version.lt(version:match("^[%d.]+"), "3.11") then
    health.error(
      ("%s is Python %s"):format(python, version),
      { "install Python 3.11 or newer for lofi-core" }
    )
  else
    health.ok(("%s is Python %s, which can have lofi-core"):format(python, version))
  end
end

---@param command string[]
---@return string
local function found_where(command)
  local daemon = require("lofi.daemon")
  if require("lofi.config").get().cmd then
    return "cmd in setup()"
  end
  return vim.startswith(command[1], daemon.plugin_root()) and "the plugin's .venv" or "PATH"
end

--- The program that starts a daemon.
---@return boolean runs
---@return string? version
local function check_program()
  local command, missing = require("lofi.daemon").command()
  if not command then
    tell(missing --[[@as lofi.Error]])
    check_python()
    return false
  end
  local err, version = probe.version(command)
  if err then
    tell(err)
    return false
  end
  health.ok(("lofi-core %s: %s (%s)"):format(version, table.concat(command, " "), found_where(command)))
  return true, version
end

--- Whether nobody else can read or replace what lies at a path.
---@param path string
---@param kind "directory"|"socket"
---@param rights string what it should have
local function check_rights(path, kind, rights)
  local found = vim.uv.fs_lstat(path)
  local another = "set another socket in setup(), or LOFI_SOCKET"
  if not found then
    return health.info(("%s %s is not there yet; the daemon makes it"):format(kind, path))
  elseif found.type ~= kind then
    return health.error(
      ("%s is a %s, not a %s"):format(path, found.type, kind),
      { "remove it, or " .. another }
    )
  elseif found.uid ~= vim.uv.getuid() then
    return health.error(("%s belongs to user %d, not to you"):format(path, found.uid), { another })
  end
  local others = bit.band(found.mode, tonumber("77", 8))
  if others == 0 then
    return health.ok(("%s %s is yours alone"):format(kind, path))
  end
  local may_write = bit.band(others, tonumber("22", 8)) ~= 0
  local message = ("%s %s has the rights %04o: others may %s"):format(
    kind,
    path,
    bit.band(found.mode, tonumber("7777", 8)),
    may_write and kind == "directory" and "put their socket in place of yours" or "use it"
  )
  local report = may_write and health.error or health.warn
  report(message, { ("chmod %s %s, or %s"):format(rights, vim.fn.shellescape(path), another) })
end

local function check_socket()
  local path, err = require("lofi.socket").path()
  if not path then
    return tell(err --[[@as lofi.Error]])
  end
  check_rights(vim.fs.dirname(path), "directory", "700")
  if vim.uv.fs_lstat(vim.fs.dirname(path)) then
    check_rights(path, "socket", "600")
  end
end

--- Greet the daemon; where there is none and one may be started, start it.
---@param may_start boolean
---@return lofi.Hello? hello
---@return boolean started for this check
local function greet(may_start)
  local autostart = require("lofi.config").get().autostart
  local err, hello = probe.hello(false)
  local started = false
  if err and err.code == "NO_DAEMON" and may_start and autostart then
    err, hello = probe.hello(true)
    started = hello ~= nil
  end
  if not err then
    return hello, started
  elseif err.code == "NO_DAEMON" and not autostart then
    health.warn(err.message .. ", and autostart is off", { err.hint })
  elseif err.code == "NO_DAEMON" and not may_start then
    health.info(err.message)
  else
    tell(err)
  end
  return nil, false
end

--- What the daemon says of itself, beside what the plugin and the program are made for.
---@param hello lofi.Hello
---@param started boolean
---@param version string? of the program
local function check_daemon(hello, started, version)
  local how = started and ", started for this check" or ""
  health.ok(("daemon %s, protocol %d, process %d%s"):format(hello.version, hello.protocol, hello.pid, how))
  if version and version ~= hello.version then
    local message = "the daemon is lofi-core %s, and the program is %s"
    health.warn(message:format(hello.version, version), { "`:Lofi daemon restart` starts the other" })
  end
  local unknown = vim.tbl_filter(function(method)
    return not vim.list_contains(hello.methods, method)
  end, require("lofi.protocol").methods)
  if #unknown > 0 then
    local message = "the daemon is older than this plugin and has no " .. table.concat(unknown, ", ")
    health.warn(message, { "update lofi-core, then `:Lofi daemon restart`" })
  end
  local path = require("lofi.commands.log").path(vim.env, vim.uv.os_homedir(), vim.fn.has("mac") == 1)
  if vim.uv.fs_stat(path) then
    health.info(("its log is %s; `:Lofi log` shows it"):format(path))
  end
end

local function check_pickers()
  local name = require("lofi.picker").choose()
  local names = { snacks = "snacks.nvim", telescope = "telescope.nvim", fzf = "fzf-lua" }
  if names[name] then
    health.ok(":Lofi tracks opens in " .. names[name])
  else
    health.info(":Lofi tracks opens in vim.ui.select; snacks.nvim, telescope.nvim and fzf-lua add a preview")
  end
end

--- Look at everything, in the order in which one thing needs the other.
function M.check()
  health.start("lofi: the editor")
  check_neovim()
  check_settings()
  check_pickers()
  health.start("lofi: lofi-core")
  local runs, version = check_program()
  health.start("lofi: the socket")
  check_socket()
  health.start("lofi: the daemon")
  local hello, started = greet(runs)
  if not hello then
    return health.info("backends, models and sound cannot be looked at without a daemon")
  end
  check_daemon(hello, started, version)
  require("lofi.health.daemon").check()
  if started then
    M.end_daemon()
  end
end

--- End the daemon that was started for this, unless somebody else uses it by now.
function M.end_daemon()
  local err, status = probe.ask("status")
  if err or status.clients > 1 or #status.running > 0 then
    return
  end
  probe.ask("shutdown")
  local client = require("lofi.client")
  vim.wait(5000, function()
    return client.state() ~= "connected"
  end, 10)
end

return M
