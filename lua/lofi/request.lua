--- What `generate` and the radio are asked, out of a command line and the daemon's own description of its backends.
local schema = require("lofi.schema")

local M = {}

---@class (exact) lofi.GenerateFlag
---@field param string Its name on the wire.
---@field kind "number"|"string"|"boolean"
---@field values? string[]
---@field description string

--- What every backend takes; all else is an option of the backend.
---@type table<string, lofi.GenerateFlag>
M.FLAGS = {
  duration = { param = "duration_sec", kind = "number", description = "seconds" },
  backend = { param = "backend", kind = "string", description = "who makes it" },
  seed = { param = "seed", kind = "number", description = "the same seed makes the same track" },
  title = { param = "title", kind = "string", description = "a name in the library" },
  priority = {
    param = "priority",
    kind = "string",
    values = { "high", "normal" },
    description = "before others",
  },
  play = { param = "play", kind = "boolean", description = "play it as it is made" },
  cache = { param = "cache", kind = "boolean", description = "take it from the library when it is there" },
}

---@param code string
---@param message string
---@param hint string?
---@return lofi.Error
local function mistake(code, message, hint)
  return { code = code, message = message, hint = hint }
end

--- The option's name without a leading `no-`, and the word that it stands for.
---@param option lofi.Option
---@param is_boolean fun(name: string): boolean
---@return string name, string? word
local function read(option, is_boolean)
  if option.value ~= nil then
    return option.name, option.value
  elseif is_boolean(option.name) then
    return option.name, "true"
  end
  local negated = option.name:match("^no[-_](.+)$")
  if negated and is_boolean(negated) then
    return negated, "false"
  end
  return option.name, nil
end

---@param line lofi.Line
---@return string?
function M.named_backend(line)
  for _, option in ipairs(line.options) do
    if option.name == "backend" then
      return option.value
    end
  end
end

--- Whether the line needs the backend's schema: it has options that only that knows.
---@param line lofi.Line
---@return boolean
function M.needs_schema(line)
  for _, option in ipairs(line.options) do
    if not (M.FLAGS[option.name] or M.FLAGS[option.name:gsub("^no[-_]", "")]) then
      return true
    end
  end
  return false
end

--- The parameters of a line's options. Values that make no sense go to the daemon as they are, whose error says
--- what it takes.
---@param line lofi.Line
---@param backend table? One of `get_backends`; only its options are looked at.
---@return table? params, lofi.Error? err
function M.params(line, backend)
  local params, options = {}, {}
  local function is_boolean(name)
    local flag = M.FLAGS[name]
    if flag then
      return flag.kind == "boolean"
    end
    local choice = schema.choice(backend, name)
    return choice ~= nil and choice.types.boolean == true
  end
  for _, option in ipairs(line.options) do
    local name, word = read(option, is_boolean)
    local flag = M.FLAGS[name]
    if word == nil then
      return nil, mistake("INVALID_OPTION", ("--%s needs a value"):format(name), ("--%s=…"):format(name))
    elseif flag then
      local choice = { types = { [flag.kind] = true }, enum = {} }
      params[flag.param] = schema.typed(choice, word)
    else
      -- Lua's names have no dashes; on a command line they are easier to type.
      local known = schema.choice(backend, name) and name or name:gsub("-", "_")
      options[known] = schema.typed(schema.choice(backend, known), word)
    end
  end
  if next(options) then
    params.options = options
  end
  return params
end

return M
