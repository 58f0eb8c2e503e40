--- Tracks in fzf-lua. fzf knows lines only: each begins with its number in the list.
local actions = require("lofi.picker.actions")
local preview = require("lofi.picker.preview")

local M = {}

---@param spec lofi.Pick
---@param line string?
---@return table? track
local function track_of(spec, line)
  return spec.tracks[tonumber((line or ""):match("^(%d+)"))]
end

--- fzf-lua makes an object of this class for each preview window.
---@param spec lofi.Pick
---@return table
local function previewer(spec)
  local base = require("fzf-lua.previewer.builtin").base
  local Previewer = base:extend()
  function Previewer:new(...)
    Previewer.super.new(self, ...)
    setmetatable(self, Previewer)
    return self
  end
  function Previewer:populate_preview_buf(line)
    local track = track_of(spec, line)
    if track then
      local buffer = self:get_tmp_buffer()
      self:set_preview_buf(buffer)
      preview.fill(buffer, track, 60)
    end
  end
  return Previewer
end

---@param spec lofi.Pick
function M.open(spec)
  local lines = {}
  for i, track in ipairs(spec.tracks) do
    lines[i] = ("%d\t%s"):format(i, spec.label(track))
  end
  local keys = {}
  for _, action in ipairs(actions.LIST) do
    local function run(selected)
      local track = track_of(spec, selected and selected[1])
      if track then
        action.run(track)
      end
    end
    keys["alt-" .. action.key] = run
    if action.key == "p" then
      keys.enter = run
    end
  end
  require("fzf-lua").fzf_exec(lines, {
    prompt = spec.title .. "> ",
    previewer = previewer(spec),
    actions = keys,
    fzf_opts = { ["--delimiter"] = "\t", ["--with-nth"] = "2.." },
  })
end

return M
