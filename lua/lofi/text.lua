--- How words and numbers are made to fit a few cells of the screen.
local M = {}

local BLOCKS = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" }
local PARTS = { "▏", "▎", "▍", "▌", "▋", "▊", "▉" }
-- With 'ambiwidth' double, or an East Asian terminal's setcellwidths(), a block takes two cells.
local ASCII = { ".", ":", "-", "=", "+", "*", "%", "#" }

local width = vim.fn.strdisplaywidth

---@return boolean
local function blocks_are_narrow()
  return width("█") == 1 and width("▏") == 1
end

--- One line without control characters and the marks that turn the writing direction: a prompt is anyone's text.
---@param text any
---@return string
function M.clean(text)
  if type(text) ~= "string" then
    return ""
  end
  text = text:gsub("[%z\1-\31\127]", " ")
  text = text:gsub("\194[\128-\159]", " ") -- C1 controls, U+0080 to U+009F
  text = text:gsub("\226\128[\139-\143\168-\174]", "") -- zero width, line separators, U+202A to U+202E
  text = text:gsub("\226\129[\160-\175]", ""):gsub("\239\187\191", "") -- U+2060 to U+206F; the byte order mark
  return vim.trim((text:gsub("%s+", " ")))
end

--- The text in exactly so many cells, cut with an ellipsis or filled up with spaces.
---@param text string
---@param cells integer
---@return string
function M.fit(text, cells)
  if cells <= 0 then
    return ""
  end
  if #text > cells then
    -- Each character has a cell at least, but for those that compose: those stay with theirs.
    local longer = vim.fn.strcharpart(text, 0, cells + 1, 1)
    local mark = width("…") == 1 and "…" or "."
    if longer ~= text or width(text) > cells then
      text = longer
      local count = vim.fn.strchars(text, 1)
      while count > 0 and width(text) > cells - 1 do
        count = count - 1
        text = vim.fn.strcharpart(text, 0, count, 1)
      end
      text = text .. mark
    end
  end
  return text .. (" "):rep(cells - width(text))
end

--- A text in lines of so many cells, broken between words.
---@param text string
---@param cells integer
---@return string[]
function M.wrapped(text, cells)
  local lines, line = {}, ""
  for word in M.clean(text):gmatch("%S+") do
    local longer = line == "" and word or line .. " " .. word
    if width(longer) <= cells then
      line = longer
    else
      if line ~= "" then
        table.insert(lines, line)
      end
      line = vim.trim(M.fit(word, cells))
    end
  end
  table.insert(lines, line)
  return lines
end

--- A bar of so many cells, filled to an eighth of a cell.
---@param percent number 0 to 100
---@param cells integer
---@return string
function M.bar(percent, cells)
  local eighths = math.floor(math.max(0, math.min(100, percent)) / 100 * cells * 8 + 0.5)
  local full, rest = math.floor(eighths / 8), eighths % 8
  if not blocks_are_narrow() then
    return ("#"):rep(full) .. ("-"):rep(cells - full)
  end
  return ("█"):rep(full) .. (PARTS[rest] or "") .. ("░"):rep(cells - full - (rest > 0 and 1 or 0))
end

--- One block, the higher the more.
---@param share number 0 to 1
---@return string
function M.block(share)
  local set = blocks_are_narrow() and BLOCKS or ASCII
  return set[math.max(1, math.min(8, math.floor(share * 8) + 1))]
end

--- A waveform in rows of blocks, the upper row first.
---@param peaks number[] 0 to 1, one a column
---@param rows integer
---@return string[]
function M.waveform(peaks, rows)
  local set = blocks_are_narrow() and BLOCKS or ASCII
  local lines = {}
  for row = rows - 1, 0, -1 do
    local cells = {}
    for i, peak in ipairs(peaks) do
      local eighths = math.floor(math.max(0, math.min(1, peak)) * rows * 8 + 0.5) - row * 8
      -- Silence is a line too, so that one sees where the track ends.
      local floor = row == 0 and 1 or 0
      eighths = math.max(floor, math.min(8, eighths))
      cells[i] = eighths == 0 and " " or set[eighths]
    end
    lines[#lines + 1] = table.concat(cells)
  end
  return lines
end

--- Minutes and seconds of a clock.
---@param sec number
---@return string
function M.clock(sec)
  sec = math.max(0, math.floor(sec + 0.5))
  if sec >= 3600 then
    return ("%d:%02d:%02d"):format(math.floor(sec / 3600), math.floor(sec / 60) % 60, sec % 60)
  end
  return ("%d:%02d"):format(math.floor(sec / 60), sec % 60)
end

--- How long it takes yet, as one says it; empty while nobody knows.
---@param sec number?
---@return string
function M.eta(sec)
  if type(sec) ~= "number" then
    return ""
  end
  return sec < 60 and ("%d s"):format(math.ceil(sec)) or M.clock(sec)
end

---@param count number
---@return string
function M.bytes(count)
  local units = { "B", "kB", "MB", "GB", "TB" }
  local unit = 1
  while count >= 1000 and unit < #units do
    count, unit = count / 1000, unit + 1
  end
  return (unit == 1 and "%d %s" or "%.1f %s"):format(count, units[unit])
end

return M
