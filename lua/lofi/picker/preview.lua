--- What a track looks like: its prompt, its waveform in blocks, and its recipe.
local text = require("lofi.text")

local M = {}

local ROWS = 3
local MOST_OUTLINES = 200

local outlines = {} ---@type table<string, number[]> By track id and width.
local count = 0

---@param options table
---@return string?
local function listed(options)
  local parts = {}
  for name, value in pairs(options or {}) do
    table.insert(parts, ("%s %s"):format(name, tostring(value)))
  end
  table.sort(parts)
  return #parts > 0 and table.concat(parts, ", ") or nil
end

--- What the schedule knew of the music, where it knew anything.
---@param recipe table
---@return string?
local function music(recipe)
  local known = type(recipe.extra) == "table" and recipe.extra.music
  if type(known) ~= "table" then
    return nil
  end
  local parts = {}
  if known.key then
    table.insert(parts, known.key)
  end
  if known.tempo_bpm then
    table.insert(parts, ("%g bpm"):format(known.tempo_bpm))
  end
  return #parts > 0 and table.concat(parts, ", ") or nil
end

--- A waveform as high as there is room: all tracks are about as loud, and none reaches 1.
---@param peaks number[]
---@return string[]
local function waveform(peaks)
  local loudest = math.max(0, unpack(peaks))
  return text.waveform(
    vim.tbl_map(function(peak)
      return loudest > 0 and peak / loudest or 0
    end, peaks),
    ROWS
  )
end

--- The recipe, a line for each thing one may want to know.
---@param track table
---@return string[]
function M.recipe(track)
  local recipe = track.recipe or {}
  local lines = {
    ("%s %s, %s"):format(track.backend, track.model_version or "", text.clock(track.duration_sec)),
    ("seed %d"):format(track.seed),
  }
  for _, line in ipairs({ music(recipe) or false, listed(track.options) or false }) do
    if line then
      table.insert(lines, line)
    end
  end
  if track.loudness_lufs then
    table.insert(lines, ("%.1f LUFS, peak %.1f dBTP"):format(track.loudness_lufs, track.true_peak_dbtp or 0))
  end
  table.insert(
    lines,
    ("%s, made in %s"):format(track.created_at:sub(1, 10), text.eta(track.generation_time_sec))
  )
  if recipe.licence then
    table.insert(lines, "licence " .. text.clean(recipe.licence))
  end
  table.insert(lines, text.bytes(track.size_bytes))
  return lines
end

---@param track table
---@param cells integer
---@param peaks number[]?
---@return string[]
local function composed(track, cells, peaks)
  local lines = {}
  if track.title then
    table.insert(lines, vim.trim(text.fit(text.clean(track.title), cells)))
  end
  vim.list_extend(lines, text.wrapped((track.favourite and "♥ " or "") .. track.prompt, cells))
  table.insert(lines, "")
  if peaks then
    vim.list_extend(lines, waveform(peaks))
    table.insert(lines, "")
  end
  for _, line in ipairs(M.recipe(track)) do
    table.insert(lines, vim.trim(text.fit(line, cells)))
  end
  return lines
end

--- The lines of a track, once its waveform is there; a file that cannot be read is shown without one.
---@param track table
---@param cells integer
---@param go_on fun(lines: string[])
function M.lines(track, cells, go_on)
  cells = math.max(10, cells)
  local key = track.track_id .. cells
  if outlines[key] then
    return go_on(composed(track, cells, outlines[key]))
  end
  local params = { track_id = track.track_id, bins = cells }
  require("lofi").request("tracks_waveform", params, function(err, answer)
    if not err then
      if count >= MOST_OUTLINES then
        outlines, count = {}, 0
      end
      outlines[key], count = answer.peaks, count + 1
    end
    go_on(composed(track, cells, outlines[key]))
  end)
end

--- Fill a buffer that a picker shows for a track, if it is still that one's.
---@param buffer integer
---@param track table
---@param cells integer
function M.fill(buffer, track, cells)
  vim.b[buffer].lofi_track = track.track_id
  M.lines(track, cells, function(lines)
    if not vim.api.nvim_buf_is_valid(buffer) or vim.b[buffer].lofi_track ~= track.track_id then
      return
    end
    local modifiable = vim.bo[buffer].modifiable
    vim.bo[buffer].modifiable = true
    vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
    vim.bo[buffer].modifiable = modifiable
  end)
end

--- A window in the upper right corner that cannot be entered.
---@param lines string[]
---@return fun() close
function M.show(lines)
  local buffer = vim.api.nvim_create_buf(false, true)
  vim.bo[buffer].bufhidden = "wipe"
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
  local width = 1
  for _, line in ipairs(lines) do
    width = math.max(width, vim.fn.strdisplaywidth(line))
  end
  local window = vim.api.nvim_open_win(buffer, false, {
    relative = "editor",
    anchor = "NE",
    row = 0,
    col = vim.o.columns,
    width = math.max(1, math.min(width, vim.o.columns - 4)),
    height = math.max(1, math.min(#lines, vim.o.lines - 6)),
    style = "minimal",
    border = "rounded",
    focusable = false,
    noautocmd = true,
  })
  return function()
    if vim.api.nvim_win_is_valid(window) then
      vim.api.nvim_win_close(window, true)
    end
  end
end

return M
