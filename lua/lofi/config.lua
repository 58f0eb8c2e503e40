--- What may a user set, and to what is it set?
---
--- Every key stands below once, with its default. `setup` only checks and merges: nothing is started, nothing read.
local M = {}

---@class lofi.NotifyConfig
---@field level? "debug"|"info"|"warn"|"error"|"off" messages below this are not shown

---@class lofi.LogConfig
---@field level? "debug"|"info"|"warn"|"error"|"off" what goes into `lofi.log` in `stdpath("log")`

---@class lofi.HereConfig the words for `:Lofi here`; each is text, a list to draw from, or a function
---@field weather? string|string[]|fun(): string? how it is outside; left out unless set
---@field style? string|string[]|fun(): string? what the prompt begins with; "lofi hip hop" unless set
---@field filetypes? table<string, string|string[]|fun(): string?> what goes with writing a file of that type

---@class lofi.Config what `setup` takes
---@field cmd? string|string[] the `lofi-core` to start; else the one on PATH, else the one in the plugin's `.venv`
---@field socket? string the daemon's socket, instead of where the system keeps such things
---@field autostart? boolean start the daemon when there is none
---@field timeout_ms? integer how long the daemon may take to answer a request
---@field start_timeout_ms? integer how long it may take to start
---@field backend? string what makes the music, where nothing else is said; the daemon's default unless set
---@field duration_sec? number how long a track is, where nothing else is said
---@field play? boolean play what `:Lofi` makes, from the first sound on
---@field progress? "float"|"cmdline"|"notify"|"fidget"|"none"|fun(job: table) how jobs in the making are shown
---@field progress_position? "bottom"|"top" where the float lies
---@field notify? lofi.NotifyConfig|false|fun(message: string, level: integer, opts: table) who shows messages
---@field here? lofi.HereConfig what `:Lofi here` makes its prompt of
---@field log? lofi.LogConfig what the plugin notes for later

---@type lofi.Config
local DEFAULTS = {
  autostart = true,
  timeout_ms = 30000,
  start_timeout_ms = 60000,
  play = true,
  progress = "float",
  progress_position = "bottom",
  notify = { level = "info" },
  here = {},
  log = { level = "warn" },
}

local LEVELS = { "debug", "info", "warn", "error", "off" }
local WORDS = { "string", "table", "function" }

--- What each key takes: types, the values where these are few, a bound, or a table of further keys.
---@class lofi.ConfigRule
---@field types string[]
---@field values? any[] of strings and numbers; other types are free
---@field positive? boolean
---@field keys? table<string, lofi.ConfigRule> what a table may hold
---@type table<string, lofi.ConfigRule>
local RULES = {
  cmd = { types = { "string", "table" } },
  socket = { types = { "string" } },
  autostart = { types = { "boolean" } },
  timeout_ms = { types = { "number" }, positive = true },
  start_timeout_ms = { types = { "number" }, positive = true },
  backend = { types = { "string" } },
  duration_sec = { types = { "number" }, positive = true },
  play = { types = { "boolean" } },
  progress = { types = { "string", "function" }, values = { "float", "cmdline", "notify", "fidget", "none" } },
  progress_position = { types = { "string" }, values = { "bottom", "top" } },
  notify = {
    types = { "table", "boolean", "function" },
    keys = { level = { types = { "string" }, values = LEVELS } },
  },
  here = {
    types = { "table" },
    keys = { weather = { types = WORDS }, style = { types = WORDS }, filetypes = { types = { "table" } } },
  },
  log = { types = { "table" }, keys = { level = { types = { "string" }, values = LEVELS } } },
}

---@type lofi.Config?
local current
---@type string[] what was wrong with the last `setup`
local problems = {}

--- How many letters must be added, dropped, changed or swapped to make one word another.
---@return integer
local function distance(a, b)
  local before, row = {}, {}
  for j = 0, #b do
    row[j] = j
  end
  for i = 1, #a do
    local older = before
    before, row = row, { [0] = i }
    for j = 1, #b do
      local change = a:sub(i, i) == b:sub(j, j) and 0 or 1
      row[j] = math.min(before[j] + 1, row[j - 1] + 1, before[j - 1] + change)
      if i > 1 and j > 1 and a:sub(i, i) == b:sub(j - 1, j - 1) and a:sub(i - 1, i - 1) == b:sub(j, j) then
        row[j] = math.min(row[j], older[j - 2] + 1)
      end
    end
  end
  return row[#b]
end

--- `; did you mean 'x'?`, or nothing when no known word is close.
---@param word string
---@param known string[]
---@return string
function M.suggestion(word, known)
  local best, least = nil, math.max(1, math.floor(#word / 3)) + 1
  for _, name in ipairs(known) do
    local far = distance(word:lower(), name:lower())
    if far < least then
      best, least = name, far
    end
  end
  return best and ("; did you mean '%s'?"):format(best) or ""
end

---@param value any
---@param rule lofi.ConfigRule
---@return string? problem
local function mistake(value, rule)
  if not vim.tbl_contains(rule.types, type(value)) then
    return ("is a %s, and takes %s"):format(type(value), table.concat(rule.types, " or "))
  elseif rule.values and type(value) == "string" and not vim.tbl_contains(rule.values, value) then
    local choices = table.concat(rule.values, ", ")
    return ("is '%s', and takes one of %s%s"):format(value, choices, M.suggestion(value, rule.values))
  elseif rule.positive and not (value > 0 and value < math.huge) then
    return ("is %s, and takes a number above 0"):format(value)
  end
end

--- The values that are right, merged over the defaults; what is wrong is told and left out.
---@param given table
---@param rules table<string, lofi.ConfigRule>
---@param defaults table
---@param prefix string
---@return table
local function merged(given, rules, defaults, prefix)
  local result = vim.deepcopy(defaults)
  for key, value in pairs(given) do
    local name, rule = prefix .. tostring(key), rules[key]
    if not rule then
      local known = vim.tbl_keys(rules)
      table.sort(known)
      problems[#problems + 1] = ("unknown key '%s'%s"):format(name, M.suggestion(tostring(key), known))
    else
      local problem = mistake(value, rule)
      if problem then
        problems[#problems + 1] = ("%s %s"):format(name, problem)
      elseif rule.keys and type(value) == "table" then
        result[key] = merged(value, rule.keys, defaults[key] or {}, name .. ".")
      else
        result[key] = value
      end
    end
  end
  return result
end

--- Take over a user's settings. A key that is wrong keeps its default and is told of, for a `setup` that raised an
--- error would end the user's init.lua.
---@param opts? lofi.Config
---@return string[] problems
function M.setup(opts)
  problems = {}
  if opts ~= nil and type(opts) ~= "table" then
    problems[1] = ("takes a table, and was given a %s"):format(type(opts))
    opts = nil
  end
  current = merged(opts or {}, RULES, DEFAULTS, "")
  table.sort(problems)
  return problems
end

--- What is in force.
---@return lofi.Config
function M.get()
  current = current or vim.deepcopy(DEFAULTS)
  return current
end

--- What was wrong with the last `setup`, for `:checkhealth`.
---@return string[]
function M.problems()
  return problems
end

--- What each key takes, for the help.
---@return table<string, lofi.ConfigRule> rules
---@return lofi.Config defaults
function M.schema()
  return RULES, vim.deepcopy(DEFAULTS)
end

return M
