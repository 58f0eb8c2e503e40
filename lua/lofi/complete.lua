--- What could stand at the cursor of a `:Lofi` command line? Reads what is known and asks nobody.
local cmdline = require("lofi.cmdline")
local request = require("lofi.request")
local schema = require("lofi.schema")

local M = {}

---@class (exact) lofi.Knowledge What the daemon said, by the name of its method's result; nil when not yet.
---@field backends table?
---@field presets table?
---@field tracks table?
---@field default_backend string?
---@field jobs lofi.Job[]?

---@param list string[]
---@param lead string
---@return string[]
local function starting(list, lead)
  return vim.tbl_filter(function(item)
    return vim.startswith(item, lead)
  end, list)
end

---@param known lofi.Knowledge
---@param line lofi.Line
---@return table?
local function backend_of(known, line)
  if known.backends then
    return schema.backend(known.backends, request.named_backend(line) or known.default_backend)
  end
end

---@param known lofi.Knowledge
---@return string[]
local function backend_names(known)
  local names = {}
  for _, backend in ipairs((known.backends or {}).backends or {}) do
    if backend.status ~= "disabled" and backend.status ~= "error" then
      table.insert(names, backend.type)
    end
  end
  return names
end

---@param known lofi.Knowledge
---@param line lofi.Line
---@param name string
---@return string[]
local function values(known, line, name)
  local flag = request.FLAGS[name]
  local backend = backend_of(known, line)
  if name == "backend" then
    return backend_names(known)
  elseif name == "duration" then
    local shortest, longest = 0, math.huge
    if backend and type(backend.max_duration_sec) == "number" then
      shortest, longest = backend.min_duration_sec, backend.max_duration_sec
    end
    return vim.tbl_filter(function(sec)
      return tonumber(sec) >= shortest and tonumber(sec) <= longest
    end, { "15", "30", "60", "120", "240" })
  elseif flag then
    return flag.values or flag.kind == "boolean" and { "true", "false" } or {}
  end
  local choice = schema.choice(backend, name)
  return choice and schema.values(choice) or {}
end

--- The options that can be given yet, as they are typed.
---@param known lofi.Knowledge
---@param line lofi.Line
---@return string[]
local function options(known, line)
  local given = {}
  for _, option in ipairs(line.options) do
    given[option.name:gsub("^no[-_]", "")] = true
  end
  local found = {}
  local function offer(name, boolean)
    if given[name] then
      return
    end
    table.insert(found, boolean and "--" .. name or "--" .. name .. "=")
    if boolean then
      table.insert(found, "--no-" .. name)
    end
  end
  local flags = vim.tbl_keys(request.FLAGS)
  table.sort(flags)
  for _, name in ipairs(flags) do
    offer(name, request.FLAGS[name].kind == "boolean")
  end
  local backend = backend_of(known, line)
  for _, name in ipairs(schema.names(backend)) do
    if not request.FLAGS[name] then
      offer(name, schema.choice(backend, name).types.boolean)
    end
  end
  return found
end

--- Names and values of what `generate` takes.
---@param known lofi.Knowledge
---@param line lofi.Line Without the word at the cursor.
---@param lead string
---@return string[]
function M.option(known, line, lead)
  local name = lead:match("^%-%-([%w_-]+)=")
  if not name then
    return starting(options(known, line), lead)
  end
  return starting(
    vim.tbl_map(function(value)
      return ("--%s=%s"):format(name, value:find("%s") and ('"%s"'):format(value) or value)
    end, values(known, line, name)),
    lead
  )
end

--- Ids of tracks, and what is left of the prompts that begin with what stands there.
---@param known lofi.Knowledge
---@param line lofi.Line
---@param lead string
---@return string[]
function M.tracks(known, line, lead)
  local before = table.concat(line.words, " ")
  before = before == "" and "" or before .. " "
  local found, seen = {}, {}
  for _, track in ipairs((known.tracks or {}).tracks or {}) do
    local prompt = track.prompt:gsub("%s+", " ")
    local rest = vim.startswith(prompt, before) and prompt:sub(#before + 1) or ""
    if rest ~= "" and vim.startswith(rest, lead) and not seen[rest] then
      seen[rest] = true
      table.insert(found, rest)
    end
    if before == "" and lead ~= "" and vim.startswith(track.track_id, lead) then
      table.insert(found, track.track_id)
    end
  end
  return found
end

---@param known lofi.Knowledge
---@param line lofi.Line
---@param lead string
---@return string[]
function M.queue(known, line, lead)
  if #line.words == 0 then
    return starting({ "add", "clear" }, lead)
  end
  local verb = table.remove(line.words, 1)
  return verb == "add" and M.tracks(known, line, lead) or {}
end

--- The jobs of this editor, by what is left of their prompts.
---@param known lofi.Knowledge
---@param line lofi.Line
---@param lead string
---@return string[]
function M.jobs(known, line, lead)
  if vim.startswith(lead, "-") then
    return starting({ "--force" }, lead)
  end
  local tracks = vim.tbl_map(function(job)
    return { prompt = job.prompt, track_id = job.id }
  end, known.jobs or {})
  return M.tracks({ tracks = { tracks = tracks } }, line, lead)
end

---@param known lofi.Knowledge
---@param line lofi.Line
---@param lead string
---@return string[]
function M.backends(known, line, lead)
  if #line.words == 0 then
    return starting(backend_names(known), lead)
  end
  local backend = known.backends and schema.backend(known.backends, line.words[1])
  local variants = vim.tbl_map(function(variant)
    return variant.name
  end, #line.words == 1 and backend and backend.variants or {})
  return starting(variants, lead)
end

---@param known lofi.Knowledge
---@param line lofi.Line
---@param lead string
---@return string[]
function M.radio(known, line, lead)
  if vim.startswith(lead, "--preset=") then
    local names = vim.tbl_map(function(preset)
      return "--preset=" .. preset.name
    end, (known.presets or {}).presets or {})
    return starting(names, lead)
  elseif vim.startswith(lead, "--") then
    local offered = M.option(known, line, lead)
    return vim.list_extend(starting({ "--crossfade=", "--preset=", "--sleep=" }, lead), offered)
  end
  return #line.words == 0 and starting({ "stop", "like", "dislike", "more", "status" }, lead) or {}
end

--- Complete one command line.
---@param lead string The word at the cursor.
---@param before string The line up to the cursor.
---@param subcommands table<string, lofi.Subcommand>
---@param known lofi.Knowledge
---@return string[]
function M.candidates(lead, before, subcommands, known)
  local rest, bang = cmdline.after_command(before)
  local line = cmdline.parse(rest:sub(1, #rest - #lead))
  local subcommand = not bang and subcommands[rest:match("^(%S+)%s") or ""]
  if subcommand then
    table.remove(line.words, 1)
    local complete = subcommand.complete
    if type(complete) == "table" then
      return #line.words == 0 and starting(complete, lead) or {}
    end
    return complete and M[complete](known, line, lead) or {}
  elseif vim.startswith(lead, "-") then
    return M.option(known, line, lead)
  elseif #line.words == 0 and #line.options == 0 and not bang then
    local names = vim.tbl_keys(subcommands)
    table.sort(names)
    return starting(names, lead)
  end
  return {}
end

return M
