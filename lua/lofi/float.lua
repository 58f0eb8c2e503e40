--- A small window in a corner that shows a few lines and is never in the way.
---
--- It cannot be entered, lists no buffer and survives whatever happens to windows and tabs: each call of `show`
--- looks at what is left and puts back what is missing.
local M = {}

---@class (exact) lofi.Mark A highlight in cells of a line.
---@field line integer From 0.
---@field from integer Bytes, from 0.
---@field to integer
---@field group string

local namespace = vim.api.nvim_create_namespace("lofi.float")
---@type { buffer: integer?, window: integer?, group: integer? }
local state = {}

local LINKS = {
  LofiFloat = "NormalFloat",
  LofiBorder = "FloatBorder",
  LofiPrompt = "Title",
  LofiBar = "DiagnosticInfo",
  LofiDetail = "Comment",
  LofiDone = "DiagnosticOk",
  LofiFailed = "DiagnosticError",
}

---@return integer
local function the_buffer()
  if not (state.buffer and vim.api.nvim_buf_is_valid(state.buffer)) then
    state.buffer = vim.api.nvim_create_buf(false, true)
    vim.bo[state.buffer].bufhidden = "hide"
    vim.bo[state.buffer].undolevels = -1
    for name, link in pairs(LINKS) do
      vim.api.nvim_set_hl(0, name, { link = link, default = true })
    end
  end
  return state.buffer
end

--- How many cells a line has; 0 where the screen is too small to show anything.
---@return integer
function M.cells()
  return vim.o.columns < 16 and 0 or math.min(44, vim.o.columns - 4)
end

--- How many lines fit above the status line.
---@return integer
function M.rows()
  return math.max(0, vim.o.lines - vim.o.cmdheight - 4)
end

---@param count integer Lines.
---@param position "bottom"|"top"
---@return vim.api.keyset.win_config
local function place(count, position)
  local last = vim.o.laststatus == 0 and 0 or 1
  local tabline = vim.o.showtabline == 2 or (vim.o.showtabline == 1 and #vim.api.nvim_list_tabpages() > 1)
  local bottom = position ~= "top"
  return {
    relative = "editor",
    anchor = bottom and "SE" or "NE",
    row = bottom and vim.o.lines - vim.o.cmdheight - last or (tabline and 1 or 0),
    col = vim.o.columns,
    width = M.cells(),
    height = count,
    style = "minimal",
    border = "rounded",
    focusable = false,
    zindex = 45, -- below completion menus and messages
  }
end

---@return boolean
local function is_here()
  local window = state.window
  return window ~= nil
    and vim.api.nvim_win_is_valid(window)
    and vim.api.nvim_win_get_tabpage(window) == vim.api.nvim_get_current_tabpage()
end

--- Show these lines, at the place where the screen has room now. Does nothing where the editor is not to be touched.
---@param lines string[] Of `M.cells()` cells each.
---@param marks lofi.Mark[]
---@param position "bottom"|"top"
---@return boolean shown
function M.show(lines, marks, position)
  if #lines == 0 or M.cells() == 0 or M.rows() < #lines then
    M.hide()
    return false
  end
  local buffer = the_buffer()
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
  vim.api.nvim_buf_clear_namespace(buffer, namespace, 0, -1)
  for _, mark in ipairs(marks) do
    vim.api.nvim_buf_set_extmark(
      buffer,
      namespace,
      mark.line,
      mark.from,
      { end_col = mark.to, hl_group = mark.group }
    )
  end
  local config = place(#lines, position)
  -- With textlock (E565) and in the command-line window (E11) no window may be opened; the next change tries again.
  local ok = pcall(function()
    if is_here() then
      vim.api.nvim_win_set_config(state.window --[[@as integer]], config)
      return
    end
    M.hide()
    config.noautocmd = true
    state.window = vim.api.nvim_open_win(buffer, false, config)
    vim.wo[state.window].winhighlight = "NormalFloat:LofiFloat,FloatBorder:LofiBorder"
    vim.wo[state.window].wrap = false
    vim.wo[state.window].winblend = 0
  end)
  return ok
end

--- Take the window away.
function M.hide()
  local window = state.window
  if window and vim.api.nvim_win_is_valid(window) then
    if not pcall(vim.api.nvim_win_close, window, true) then
      return
    end
  end
  state.window = nil
end

--- Call back whenever the screen has another size, another tab, or lost the window.
---@param redraw fun()
function M.follow_the_screen(redraw)
  state.group = vim.api.nvim_create_augroup("lofi.float", {})
  vim.api.nvim_create_autocmd({ "VimResized", "TabEnter", "WinClosed" }, {
    group = state.group,
    callback = function(event)
      if event.event ~= "WinClosed" or tonumber(event.match) == state.window then
        vim.schedule(redraw)
      end
    end,
  })
end

--- No longer.
function M.leave_the_screen()
  if state.group then
    vim.api.nvim_del_augroup_by_id(state.group)
    state.group = nil
  end
  M.hide()
end

---@return integer? window For who wants to know where it is.
function M.window()
  return state.window
end

return M
