--- What the daemon said last: backends, presets, tracks. Completion reads it and never waits for an answer.
local M = {}

local FRESH_MS = 10000
local FIRST_WAIT_MS = 50

---@class (exact) lofi.Known
---@field method string
---@field params table
---@field answer table?
---@field at integer? When it came, in ms of the loop's clock.
---@field asking boolean?

---@type table<string, lofi.Known>
local known = {
  backends = { method = "get_backends", params = {} },
  presets = { method = "radio_presets", params = {} },
  tracks = { method = "tracks_list", params = { limit = 100 } },
}

--- Whether asking would start a daemon; pressing Tab should not.
---@return boolean
local function is_connected()
  local client = package.loaded["lofi.client"]
  return client ~= nil and client.state() == "connected"
end

---@param name string
local function refresh(name)
  local entry = known[name]
  if entry.asking then
    return
  end
  entry.asking = true
  require("lofi").request(entry.method, entry.params, function(err, answer)
    entry.asking = false
    entry.at = vim.uv.now()
    entry.answer = not err and answer or entry.answer
  end)
end

--- The last answer, renewed behind the scenes when it is older than ten seconds.
---@param name "backends"|"presets"|"tracks"
---@return table?
function M.get(name)
  local entry = known[name]
  local stale = not entry.at or vim.uv.now() - entry.at > FRESH_MS
  if stale and is_connected() then
    refresh(name)
    if not entry.at then
      -- Only the very first time: a daemon on this machine answers in a millisecond.
      vim.wait(FIRST_WAIT_MS, function()
        return entry.at ~= nil
      end, 5)
    end
  end
  return entry.answer
end

--- Take over an answer that came for another reason.
---@param name "backends"|"presets"|"tracks"
---@param answer table
function M.put(name, answer)
  known[name].answer, known[name].at = answer, vim.uv.now()
end

--- What was said is no longer so.
---@param name "backends"|"presets"|"tracks"
function M.stale(name)
  known[name].at = known[name].at and 0
end

return M
