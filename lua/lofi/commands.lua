--- `:Lofi` and its subcommands: which there are, and who carries them out.
local cmdline = require("lofi.cmdline")

local M = {}

---@class (exact) lofi.Subcommand
---@field module string Below `lofi.commands`.
---@field call string A function there; it gets the parsed line.
---@field usage string What may follow the name.
---@field desc string
---@field words boolean? Whether words may follow.
---@field options boolean? Whether options may follow.
---@field complete? string[]|string Words, or a function of `lofi.complete`.

---@type table<string, lofi.Subcommand>
M.SUBCOMMANDS = {
  status = { module = "show", call = "status", usage = "", desc = "the daemon at a glance" },
  backends = {
    module = "show",
    call = "backends",
    usage = "",
    desc = "who can make music, and why others cannot",
  },
  queue = {
    module = "queue",
    call = "run",
    usage = "[add TRACK | clear]",
    desc = "what is being made and what plays next",
    words = true,
    complete = "queue",
  },
  cancel = {
    module = "queue",
    call = "cancel",
    usage = "[TRACK] [--force]",
    desc = "give up what is being made",
    words = true,
    options = true,
    complete = "jobs",
  },
  play = {
    module = "playback",
    call = "play",
    usage = "[TRACK]",
    desc = "go on playing, or play a track by its id or its words",
    words = true,
    complete = "tracks",
  },
  pause = { module = "playback", call = "pause", usage = "", desc = "hold the sound" },
  toggle = { module = "playback", call = "toggle", usage = "", desc = "pause, or go on" },
  stop = { module = "playback", call = "stop", usage = "", desc = "go silent" },
  skip = { module = "playback", call = "skip", usage = "", desc = "go to the next track" },
  volume = {
    module = "playback",
    call = "volume",
    usage = "[LEVEL]",
    desc = "show the volume or set it: 0.4, 40%, +5%, -5%",
    words = true,
    complete = { "0%", "20%", "40%", "60%", "80%", "100%", "+5%", "-5%" },
  },
  radio = {
    module = "radio",
    call = "run",
    usage = "[PROMPT | --preset=NAME | stop | like | dislike | more | status]",
    desc = "music without end",
    words = true,
    options = true,
    complete = "radio",
  },
  tracks = {
    module = "show",
    call = "tracks",
    usage = "[QUERY]",
    desc = "pick a track of the library",
    words = true,
    complete = "tracks",
  },
  download = {
    module = "show",
    call = "download",
    usage = "BACKEND [VARIANT]",
    desc = "get a backend's model files",
    words = true,
    complete = "backends",
  },
  here = {
    module = "make",
    call = "here",
    usage = "[--OPTION=VALUE …]",
    desc = "a prompt out of the surroundings, to be edited first",
    options = true,
    complete = "option",
  },
  log = { module = "log", call = "run", usage = "", desc = "what the daemon has logged" },
  health = { module = "show", call = "health", usage = "", desc = "check the installation" },
  daemon = {
    module = "daemon",
    call = "run",
    usage = "[start | stop | restart]",
    desc = "start or end the daemon",
    words = true,
    complete = { "start", "stop", "restart" },
  },
}

---@param message string
---@param hint string
local function refuse(message, hint)
  require("lofi.notify").error({ code = "INVALID_PARAMS", message = message, hint = hint })
end

---@param name string
---@param rest string
local function run_subcommand(name, rest)
  local subcommand = M.SUBCOMMANDS[name]
  local line = cmdline.parse(rest)
  if #line.words > 0 and not subcommand.words then
    return refuse(
      (":Lofi %s takes no words; '%s' is one too many"):format(name, line.words[1]),
      (":Lofi! %s %s makes music of that prompt"):format(name, table.concat(line.words, " "))
    )
  elseif #line.options > 0 and not subcommand.options then
    return refuse(
      (":Lofi %s has no option --%s"):format(name, line.options[1].name),
      vim.trim((":Lofi %s %s"):format(name, subcommand.usage))
    )
  end
  require("lofi.commands." .. subcommand.module)[subcommand.call](line)
end

--- Carry out `:Lofi[!] {args}`: a subcommand, or with `!` or any other first word, a prompt.
---@param args string
---@param bang boolean
function M.run(args, bang)
  args = vim.trim(args)
  local name, rest = args:match("^(%S+)%s*(.*)$")
  if name and not bang and M.SUBCOMMANDS[name] then
    run_subcommand(name, rest)
  elseif name then
    require("lofi.commands.make").make(cmdline.parse(args))
  else
    run_subcommand("status", "")
  end
end

--- What the daemon said, looked up only when a completion needs it.
local KNOWN = setmetatable({}, {
  __index = function(_, name)
    if name == "default_backend" then
      return require("lofi.config").get().backend
    elseif name == "jobs" then
      return require("lofi.progress").jobs()
    end
    return require("lofi.known").get(name)
  end,
})

--- Complete `:Lofi`, or a command that is short for the beginning of one, from what is known by now.
---@param lead string
---@param whole string
---@param cursor integer Bytes before the cursor.
---@param stands_for string? What the command's name is short for.
---@return string[]
function M.complete(lead, whole, cursor, stands_for)
  local before = whole:sub(1, cursor)
  if stands_for then
    before = before:gsub("^.-%f[%w]Lof%a*!?", stands_for, 1)
  end
  return require("lofi.complete").candidates(lead, before, M.SUBCOMMANDS, KNOWN)
end

return M
