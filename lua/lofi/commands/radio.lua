--- `:Lofi radio`: music without end.
local ask = require("lofi.ask")
local cmdline = require("lofi.cmdline")
local text = require("lofi.text")

local M = {}

local VERBS = {
  stop = "radio_stop",
  like = "radio_like",
  dislike = "radio_dislike",
  more = "radio_more",
  status = "radio_status",
}

--- The radio in a few words.
---@param status table A RadioStatus.
---@return string
function M.summary(status)
  if status.state == "off" then
    return "radio: off"
  end
  local parts = { "radio: " .. status.state }
  local now, making, held = status.now, status.making, status.held
  if now then
    table.insert(parts, text.clean(now.prompt) .. (now.liked and " ♥" or ""))
  end
  if making then
    table.insert(parts, ("makes the next, %d%%"):format(making.percent))
  end
  if held then
    table.insert(parts, "makes nothing: " .. text.clean(held))
  end
  local sleep = status.sleep_in_sec
  if sleep then
    table.insert(parts, ("sleeps in %s"):format(text.clock(sleep)))
  end
  return table.concat(parts, " · ")
end

---@param status table
local function tell(status)
  require("lofi.notify").say(M.summary(status))
end

--- Take the options that only the radio has out of a line.
---@param line lofi.Line
---@return table params
local function own_params(line)
  local params = {}
  line.options = vim.tbl_filter(function(option)
    if option.name == "preset" then
      params.preset = option.value
    elseif option.name == "sleep" then
      params.sleep_min = tonumber(option.value) or option.value
    elseif option.name == "crossfade" then
      params.crossfade_sec = tonumber(option.value) or option.value
    else
      return true
    end
    return false
  end, line.options)
  return params
end

---@param line lofi.Line
local function start(line)
  local params = own_params(line)
  local prompt = cmdline.prompt(line.words)
  require("lofi.commands.make").with_params(line, function(others)
    params = vim.tbl_extend("keep", params, others)
    if prompt ~= "" then
      -- Several moods are parted by a bar with spaces; without, it parts alternatives: {rain|wind}.
      params.prompts = vim.tbl_map(vim.trim, vim.split(prompt, " | ", { plain = true, trimempty = true }))
    end
    ask.ask("radio_start", params, tell)
  end)
end

---@param line lofi.Line
function M.run(line)
  local method = #line.words == 1 and #line.options == 0 and VERBS[line.words[1]]
  if method then
    ask.ask(method, {}, tell)
  else
    start(line)
  end
end

--- Keep what plays, and make more that is like it.
function M.like()
  ask.ask("radio_like", {}, tell)
end

--- Begin where the radio was, or end it.
function M.toggle()
  ask.ask("radio_status", {}, function(status)
    ask.ask(status.state == "off" and "radio_start" or "radio_stop", {}, tell)
  end)
end

return M
