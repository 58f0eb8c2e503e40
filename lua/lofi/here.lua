--- A prompt out of the surroundings: what is being written, the time of day, the weather in the user's words.
local M = {}

local HOURS = {
  { 5, "late at night" },
  { 9, "early morning" },
  { 12, "morning" },
  { 14, "midday" },
  { 18, "afternoon" },
  { 22, "evening" },
  { 24, "late at night" },
}

local PROSE = {
  markdown = true,
  text = true,
  tex = true,
  typst = true,
  rst = true,
  asciidoc = true,
  org = true,
  norg = true,
}
local LETTERS = { gitcommit = true, mail = true }

---@param hour integer 0 to 23
---@return string
function M.time_of_day(hour)
  for _, slot in ipairs(HOURS) do
    if hour < slot[1] then
      return slot[2]
    end
  end
  return HOURS[#HOURS][2]
end

--- The mood that goes with what is being written.
---@param filetype string
---@return string
function M.occupation(filetype)
  if filetype == "" then
    return "quiet focus"
  elseif PROSE[filetype] then
    return "writing, soft and spacious"
  elseif LETTERS[filetype] then
    return "unhurried"
  end
  return ("steady focus, writing %s"):format(filetype)
end

--- Words of the configuration: text, a list to draw from, or a function that answers either.
---@param given any
---@return string?
function M.words(given)
  if type(given) == "function" then
    local ok, answer = pcall(given)
    if not ok then
      require("lofi.notify").once("here: " .. tostring(answer), vim.log.levels.WARN)
    end
    given = ok and answer or nil
  end
  if type(given) == "table" then
    given = given[math.random(math.max(1, #given))]
  end
  return type(given) == "string" and given ~= "" and given or nil
end

---@param filetype string
---@param hour integer
---@param here table The configuration's `here`.
---@return string
function M.prompt(filetype, hour, here)
  local parts = { M.words(here.style) or "lofi hip hop", M.time_of_day(hour) }
  local weather = M.words(here.weather)
  if weather then
    table.insert(parts, weather)
  end
  table.insert(parts, M.words((here.filetypes or {})[filetype]) or M.occupation(filetype))
  return table.concat(parts, ", ")
end

--- Show the prompt to be edited, and go on with what is left of it; an empty one ends it.
---@param go_on fun(prompt: string)
function M.ask(go_on)
  local here = require("lofi.config").get().here
  local prompt =
    M.prompt(vim.bo.filetype, tonumber(os.date("%H")) --[[@as integer]], type(here) == "table" and here or {})
  vim.ui.input({ prompt = "Lofi: ", default = prompt }, function(edited)
    if edited and vim.trim(edited) ~= "" then
      go_on(vim.trim(edited))
    end
  end)
end

return M
