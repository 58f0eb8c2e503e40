--- Every message to the user passes here: one title, the right level, and never twice for one mishap.
local M = {}

-- Besides INVALID_…: what the user can mend or knows of.
local WARNINGS =
  { QUEUE_FULL = true, UNKNOWN_TRACK = true, UNKNOWN_JOB = true, NO_DAEMON = true, NOT_PERMITTED = true }

local AGAIN_MS = 5000
local told = {} ---@type table<string, integer> When a key was last told, in ms of the loop's clock.

--- What the user can mend in the command is a warning; what broke is an error; a cancel is what somebody wished.
---@param code string?
---@return integer
function M.level(code)
  if code and (vim.startswith(code, "INVALID_") or WARNINGS[code]) then
    return vim.log.levels.WARN
  elseif code == "CANCELLED" or code == "CLOSED" then
    return vim.log.levels.INFO
  end
  return vim.log.levels.ERROR
end

--- Neovim's own vim.notify writes into the command line, where a second line asks for Enter and takes the next key.
---@return boolean
local function writes_into_the_command_line()
  return vim.startswith(debug.getinfo(vim.notify, "S").source, "@vim/")
end

local GROUPS = { [vim.log.levels.ERROR] = "ErrorMsg", [vim.log.levels.WARN] = "WarningMsg" }

--- One line that asks for no Enter; the whole text stays in `:messages`, in pieces that ask for none either.
---@param message string
---@param level integer
local function echo(message, level)
  local text = require("lofi.text")
  local line = "lofi: " .. message:gsub("\n", " ")
  local group = GROUPS[level] or "None"
  local room = math.max(10, vim.v.echospace)
  if vim.fn.strdisplaywidth(line) <= room then
    vim.api.nvim_echo({ { line, group } }, true, {})
    return
  end
  for _, piece in ipairs(text.wrapped(line, room)) do
    vim.api.nvim_echo({ { piece, group } }, true, {})
    vim.cmd.redraw() -- a second line would ask for Enter
  end
  vim.api.nvim_echo({ { vim.trim(text.fit(line, room)), group } }, false, {})
end

--- Not while somebody types a command there.
---@param message string
---@param level integer
local function echo_when_free(message, level)
  if not vim.startswith(vim.api.nvim_get_mode().mode, "c") then
    return echo(message, level)
  end
  vim.api.nvim_create_autocmd("CmdlineLeave", {
    once = true,
    callback = vim.schedule_wrap(function()
      echo(message, level)
    end),
  })
end

--- Tell something, unless the user wants to hear only of worse.
---@param message string
---@param level integer?
function M.say(message, level)
  level = level or vim.log.levels.INFO
  local how = require("lofi.config").get().notify
  local least = how == false and "off" or type(how) == "table" and how.level or "info"
  if level < vim.log.levels[least:upper()] then
    return
  end
  message = message:gsub("[%z\1-\9\11-\31\127]", " ")
  vim.schedule(function()
    if type(how) == "function" then
      how(message, level, { title = "lofi" })
    elseif writes_into_the_command_line() then
      echo_when_free(message, level)
    else
      vim.notify(message, level, { title = "lofi" })
    end
  end)
end

--- As `say`, but not again within five seconds.
---@param message string
---@param level integer?
---@param key string? What it is about; the message itself unless told.
function M.once(message, level, key)
  local now = vim.uv.now()
  key = key or message
  if told[key] and now - told[key] < AGAIN_MS then
    return
  end
  told[key] = now
  M.say(message, level)
end

--- An error and what to do about it.
---@param err lofi.Error
---@param key string? The job it is about: the callback and the event of one failure tell it once.
function M.error(err, key)
  local message = err.message or tostring(err.code)
  if err.hint then
    message = message .. "\n→ " .. err.hint
  end
  if key then
    M.once(message, M.level(err.code), key)
  else
    M.say(message, M.level(err.code))
  end
end

return M
