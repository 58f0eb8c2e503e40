--- `:checkhealth lofi`, the part that the daemon answers: backends, models, sound, and a track made to the clock.
local probe = require("lofi.health.probe")
local text = require("lofi.text")

local M = {}

local health = vim.health

---@param err lofi.Error
local function tell(err)
  health.error(
    ("%s: %s"):format(err.code, text.clean(err.message)),
    err.hint and { text.clean(err.hint) } or nil
  )
end

--- Who cannot make music, why, and what to do about it.
---@param backend lofi.Backend
---@param is_default boolean
local function check_backend(backend, is_default)
  local name = backend.type .. (is_default and " (the default)" or "")
  local line = ("%s: %s"):format(name, backend.status)
  local package = backend.package and " " .. backend.package or ""
  if backend.status == "error" then
    local advice =
      "update or remove its package%s, then `:Lofi daemon restart`; `:Lofi log` has the whole story"
    health.error(line .. ": " .. text.clean(backend.error), { advice:format(package) })
  elseif backend.status == "not_installed" then
    local advice = ("`:Lofi download %s` gets its model"):format(backend.type)
    local why = backend.error and ": " .. text.clean(backend.error) or ""
    if is_default then
      health.warn(line .. why, { advice .. "; or set another backend in setup()" })
    else
      health.info(line .. why .. "; " .. advice)
    end
  elseif backend.status == "disabled" then
    local report = is_default and health.warn or health.info
    report(line .. ": the configuration of lofi-core turns it off")
  else
    health.ok(line)
  end
end

---@param answer lofi.Backends
local function check_backends(answer)
  local wanted = require("lofi.config").get().backend or answer.default_backend
  local default = require("lofi.schema").backend(answer, wanted)
  if not default then
    local names = vim.tbl_map(function(backend)
      return backend.type
    end, answer.backends)
    local hint = require("lofi.config").suggestion(wanted, names)
    health.error(("there is no backend '%s'%s"):format(wanted, hint), {
      "set one of these as backend in setup(): " .. table.concat(names, ", "),
    })
  end
  for _, backend in ipairs(answer.backends) do
    check_backend(backend, backend == default)
  end
end

---@param backend lofi.Backend
---@return integer count of the variants that are on disk
local function check_variants(backend)
  local count = 0
  for _, variant in ipairs(backend.variants) do
    local name = backend.type .. " " .. variant.name
    local size = text.bytes(variant.bytes_on_disk)
    if variant.status == "installed" then
      count = count + 1
      health.ok(("%s: %s in %s"):format(name, size, variant.directory))
    elseif variant.status == "partial" then
      count = count + 1
      local advice = ("`:Lofi download %s` fetches the rest"):format(name)
      health.warn(("%s: only %s of its files are there"):format(name, size), { advice })
    elseif variant.status == "downloading" then
      count = count + 1
      health.info(("%s is being downloaded, %s so far"):format(name, size))
    end
  end
  return count
end

---@param answer lofi.Backends
---@param status lofi.Status
local function check_models(answer, status)
  local count = 0
  for _, backend in ipairs(answer.backends) do
    count = count + check_variants(backend)
  end
  if count == 0 then
    health.info("no model files are on disk; procedural needs none")
  end
  health.ok("models run on: " .. status.device)
  for _, model in ipairs(status.models) do
    local where = model.provider and ("%s, %s"):format(model.device, model.provider) or model.device
    local message = "%s %s is in memory: %s, on %s"
    health.ok(message:format(model.backend, model.weights, text.bytes(model.resident_bytes), where))
  end
end

---@param status lofi.Status
local function check_sound(status)
  local wanted = status.playback.device
  local err, answer = probe.ask("audio_devices")
  if err then
    return tell(err)
  end
  local names = {}
  for _, device in ipairs(answer.available) do
    if device.id ~= "null" then
      names[#names + 1] = text.clean(device.name)
    end
  end
  if wanted == "null" then
    return health.info("the audio device is 'null': music plays, and nobody hears it")
  elseif #names == 0 then
    return health.error("lofi-core finds no audio device", {
      "connect one, or start the sound server; audio.device = 'null' in its config.toml does without",
    })
  end
  health.ok(("plays on %s (asked for: %s)"):format(text.clean(answer.current or names[1]), wanted))
  health.info("audio devices: " .. table.concat(names, ", "))
end

--- Make the shortest track there can be with the backend that needs no model.
---@param answer lofi.Backends
---@param status lofi.Status
local function check_speed(answer, status)
  local backend = require("lofi.schema").backend(answer, "procedural")
  if not backend or backend.status == "error" or backend.status == "disabled" then
    return health.info("procedural, which needs no model, is not there to be timed")
  elseif #status.running > 0 or status.queue.length > 0 then
    return health.info("the daemon is at work; how fast it is can be told when it is not")
  end
  local err, timed = probe.generation(backend)
  if not timed then
    return tell(err --[[@as lofi.Error]])
  end
  local seconds = timed.track.duration_sec
  local message = "procedural made %g s of music in %.2f s: %.2f s for one second"
  health.ok(message:format(seconds, timed.sec, timed.sec / seconds))
end

--- Ask a daemon that was greeted. When it stops answering, the rest is left out: each question would wait in vain.
function M.check()
  local err, status = probe.ask("status")
  local answer ---@type lofi.Backends
  if not err then
    err, answer = probe.ask("get_backends")
  end
  if err then
    return tell(err)
  end
  health.start("lofi: backends")
  check_backends(answer)
  health.start("lofi: models")
  check_models(answer, status)
  health.start("lofi: sound")
  check_sound(status)
  health.start("lofi: speed")
  check_speed(answer, status)
end

return M
