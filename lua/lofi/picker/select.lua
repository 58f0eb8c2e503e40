--- Tracks in `vim.ui.select`: first the track, then what to do with it.
local actions = require("lofi.picker.actions")
local preview = require("lofi.picker.preview")

local M = {}

local MORE = {}

---@param spec lofi.Pick
---@param track table
local function choose_action(spec, track)
  -- The waveform comes first: while a plain vim.ui.select waits for a number, nothing else is drawn.
  preview.lines(track, 60, function(lines)
    local close = preview.show(lines)
    vim.cmd.redraw()
    vim.ui.select(actions.LIST, {
      prompt = spec.label(track),
      kind = "lofi.action",
      format_item = function(action)
        return action.title
      end,
    }, function(action)
      close()
      if action then
        action.run(track)
      end
    end)
  end)
end

---@param spec lofi.Pick
function M.open(spec)
  local items = vim.list_slice(spec.tracks)
  local rest = spec.total - #items
  if rest > 0 then
    table.insert(items, MORE)
  end
  vim.ui.select(items, {
    prompt = spec.title,
    kind = "lofi.track",
    format_item = function(item)
      return item == MORE and ("… %d more"):format(rest) or spec.label(item)
    end,
  }, function(item)
    if item == MORE then
      spec.more(function()
        M.open(spec)
      end)
    elseif item then
      choose_action(spec, item)
    end
  end)
end

return M
