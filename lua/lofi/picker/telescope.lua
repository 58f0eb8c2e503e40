--- Tracks in telescope.nvim.
local actions = require("lofi.picker.actions")
local preview = require("lofi.picker.preview")

local M = {}

---@param spec lofi.Pick
function M.open(spec)
  local telescope = require("telescope.actions")
  local state = require("telescope.actions.state")

  local function doing(action, prompt)
    return function()
      local entry = state.get_selected_entry()
      telescope.close(prompt)
      if entry then
        action.run(entry.value)
      end
    end
  end

  require("telescope.pickers")
    .new({}, {
      prompt_title = spec.title,
      finder = require("telescope.finders").new_table({
        results = spec.tracks,
        entry_maker = function(track)
          local label = spec.label(track)
          return { value = track, display = label, ordinal = track.prompt .. " " .. (track.title or "") }
        end,
      }),
      sorter = require("telescope.config").values.generic_sorter({}),
      previewer = require("telescope.previewers").new_buffer_previewer({
        title = "track",
        define_preview = function(self, entry)
          preview.fill(self.state.bufnr, entry.value, vim.api.nvim_win_get_width(self.state.winid) - 1)
        end,
      }),
      attach_mappings = function(prompt, map)
        telescope.select_default:replace(doing(actions.LIST[1], prompt))
        for _, action in ipairs(actions.LIST) do
          map({ "i", "n" }, ("<M-%s>"):format(action.key), doing(action, prompt), { desc = action.title })
        end
        return true
      end,
    })
    :find()
end

return M
