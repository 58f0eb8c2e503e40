--- `:Lofi {prompt}` and `:Lofi here`.
local cmdline = require("lofi.cmdline")
local request = require("lofi.request")

local M = {}

--- The backend that will make it, when the line has options that only its schema knows.
---@param line lofi.Line
---@param go_on fun(backend: table?)
local function with_backend(line, go_on)
  if not request.needs_schema(line) then
    return go_on(nil)
  end
  require("lofi").get_backends(function(err, answer)
    if err then
      return require("lofi.notify").error(err)
    end
    require("lofi.known").put("backends", answer)
    local name = request.named_backend(line) or require("lofi.config").get().backend
    go_on(require("lofi.schema").backend(answer, name))
  end)
end

--- The parameters of a line, or nothing when it was told what is wrong with it.
---@param line lofi.Line
---@param go_on fun(params: table)
function M.with_params(line, go_on)
  with_backend(line, function(backend)
    local params, err = request.params(line, backend)
    if err then
      return require("lofi.notify").error(err)
    end
    go_on(params --[[@as table]])
  end)
end

--- Make music; what goes wrong is told once, by the callback.
---@param params table
local function generate(params)
  if params.play == nil then
    params.play = require("lofi.config").get().play ~= false
  end
  require("lofi").generate(params, function(err)
    require("lofi.known").stale("tracks")
    -- A cancel was somebody's wish, and the progress says that it was granted.
    if err and err.code ~= "CANCELLED" then
      require("lofi.notify").error(err)
    end
  end)
end

---@param line lofi.Line
function M.make(line)
  local prompt = cmdline.prompt(line.words)
  M.with_params(line, function(params)
    params.prompt = prompt
    generate(params)
  end)
end

--- Make another like it: the same wish with another seed.
---@param track table
function M.another(track)
  generate({
    prompt = track.prompt,
    backend = track.backend,
    duration_sec = (track.recipe or {}).duration_sec or track.duration_sec,
    options = next(track.options or {}) and track.options or nil,
  })
end

---@param line lofi.Line
function M.here(line)
  require("lofi.here").ask(function(prompt)
    M.with_params(line, function(params)
      params.prompt = prompt
      generate(params)
    end)
  end)
end

return M
