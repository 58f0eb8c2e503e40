--- `:Lofi play, pause, toggle, stop, skip, volume`.
local ask = require("lofi.ask")
local cmdline = require("lofi.cmdline")

local M = {}

---@param line lofi.Line
function M.play(line)
  local wanted = cmdline.prompt(line.words)
  if wanted == "" then
    return ask.ask("play", {})
  end
  ask.track(wanted, function(track)
    ask.ask("play", { track_id = track.track_id })
  end)
end

function M.pause()
  ask.ask("pause", {})
end

function M.toggle()
  ask.ask("toggle", {})
end

function M.stop()
  ask.ask("stop", {})
end

function M.skip()
  ask.ask("skip", {})
end

--- What a word means as a volume: 0 to 1, or percent with a sign for it or above 1; with + or - from where it is.
---@param word string
---@param now number 0 to 1
---@return number? level 0 to 1
function M.level(word, now)
  local sign, number, percent = word:match("^([+-]?)([%d.]+)(%%?)$")
  local amount = tonumber(number)
  if not amount then
    return nil
  end
  amount = (percent == "%" or amount > 1) and amount / 100 or amount
  if sign ~= "" then
    amount = math.max(0, math.min(1, now + (sign == "+" and amount or -amount)))
  end
  return amount
end

---@param level number
local function tell(level)
  require("lofi.notify").say(("volume %d%%"):format(level * 100 + 0.5))
end

---@param word string
function M.set_volume(word)
  ask.ask("volume_get", {}, function(now)
    local level = M.level(word, now.level)
    if not level then
      return require("lofi.notify").error({
        code = "INVALID_PARAMS",
        message = ("'%s' is no volume"):format(word),
        hint = "it goes from 0 to 1 or from 0% to 100%; +5% and -5% turn it up and down",
      })
    end
    ask.ask("volume_set", { level = level }, function(answer)
      tell(answer.level)
    end)
  end)
end

---@param line lofi.Line
function M.volume(line)
  if #line.words > 0 then
    return M.set_volume(table.concat(line.words))
  end
  ask.ask("volume_get", {}, function(answer)
    tell(answer.level)
  end)
end

return M
