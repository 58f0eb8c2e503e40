--- What does a JSON Schema of a backend's options say about one of them, and what is a typed word to it?
local M = {}

---@class (exact) lofi.Choice What an option takes.
---@field types table<string, true>
---@field enum any[]
---@field description string?
---@field default any
---@field minimum number?
---@field maximum number?

--- Backends go by several spellings: `ace_step, ace-step, acestep`.
---@param name string
---@return string
local function bare(name)
  return (name:lower():gsub("[-_ ]", ""))
end

--- The backend of that name, or the one that is used without any.
---@param answer table The result of `get_backends`.
---@param name string?
---@return table?
function M.backend(answer, name)
  local wanted = bare(name or answer.default_backend or "")
  for _, backend in ipairs(answer.backends or {}) do
    if bare(backend.type) == wanted then
      return backend
    end
  end
end

---@param into lofi.Choice
---@param schema table
local function gather(into, schema)
  if type(schema.type) == "string" then
    into.types[schema.type] = true
  end
  for _, value in ipairs(schema.enum or {}) do
    into.types[type(value) == "string" and "string" or type(value)] = true
    table.insert(into.enum, value)
  end
  if schema.const ~= nil then
    table.insert(into.enum, schema.const)
  end
  into.description = into.description or schema.description
  into.minimum = into.minimum or schema.minimum or schema.exclusiveMinimum
  into.maximum = into.maximum or schema.maximum or schema.exclusiveMaximum
  for _, key in ipairs({ "anyOf", "oneOf", "allOf" }) do
    for _, part in ipairs(schema[key] or {}) do
      gather(into, part)
    end
  end
end

--- What an option takes; nil when the backend has none of that name.
---@param backend table? One of `get_backends`.
---@param name string
---@return lofi.Choice?
function M.choice(backend, name)
  local options = backend and backend.options
  local schema = type(options) == "table" and type(options.properties) == "table" and options.properties[name]
  if type(schema) ~= "table" then
    return nil
  end
  local choice = { types = {}, enum = {}, default = schema.default }
  gather(choice, schema)
  return choice
end

--- The options of a backend by name, sorted.
---@param backend table?
---@return string[]
function M.names(backend)
  local options = backend and backend.options
  local properties = type(options) == "table" and options.properties
  local names = type(properties) == "table" and vim.tbl_keys(properties) or {}
  table.sort(names)
  return names
end

--- The values worth offering: the enumeration, yes and no, else the ends and the default.
---@param choice lofi.Choice
---@return string[]
function M.values(choice)
  local values = vim.tbl_map(tostring, choice.enum)
  if choice.types.boolean then
    vim.list_extend(values, { "true", "false" })
  end
  if #values == 0 then
    for _, name in ipairs({ "minimum", "default", "maximum" }) do
      local value = choice[name]
      if value ~= nil and value ~= "" and not vim.list_contains(values, tostring(value)) then
        table.insert(values, tostring(value))
      end
    end
  end
  return values
end

local WORDS = { ["true"] = true, yes = true, on = true, ["false"] = false, no = false, off = false }

--- The value that a word stands for. A word that is none goes as it is: the daemon says what it wanted, and a
--- second opinion here would only differ from it.
---@param choice lofi.Choice?
---@param word string
---@return any
function M.typed(choice, word)
  if not choice then
    return word
  end
  for _, value in ipairs(choice.enum) do
    if tostring(value) == word then
      return value
    end
  end
  local types = choice.types
  local number = tonumber(word)
  -- tonumber also reads "0x10", "inf" and "nan"; nobody means those.
  if (types.number or types.integer) and number and word:match("^[+-]?[%d.]+[eE]?[+-]?%d*$") then
    return number
  end
  if types.boolean and WORDS[word:lower()] ~= nil then
    return WORDS[word:lower()]
  end
  if types.array or types.object then
    local ok, value = pcall(vim.json.decode, word)
    return ok and value or word
  end
  return word
end

return M
