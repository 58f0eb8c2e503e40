--- Tracks in snacks.nvim's picker.
local actions = require("lofi.picker.actions")
local preview = require("lofi.picker.preview")

local M = {}

---@param spec lofi.Pick
function M.open(spec)
  local items = {}
  for i, track in ipairs(spec.tracks) do
    items[i] = { idx = i, text = track.prompt .. " " .. (track.title or ""), track = track }
  end
  local named, keys = {}, {}
  for _, action in ipairs(actions.LIST) do
    local name = "lofi_" .. action.key
    named[name] = function(picker, item)
      picker:close()
      if item then
        vim.schedule(function()
          action.run(item.track)
        end)
      end
    end
    keys[("<a-%s>"):format(action.key)] = { name, mode = { "n", "i" }, desc = action.title }
  end
  named.confirm = named.lofi_p
  require("snacks.picker").pick({
    source = "lofi_tracks",
    title = spec.title,
    items = items,
    format = function(item)
      return { { spec.label(item.track) } }
    end,
    preview = function(context)
      context.preview:reset()
      local window = context.win
      preview.fill(context.buf, context.item.track, vim.api.nvim_win_get_width(window) - 8)
    end,
    actions = named,
    win = { input = { keys = keys }, list = { keys = keys } },
  })
end

return M
