--- What does a command line of `:Lofi` say? Its words, its options, and where the cursor is in it.
local M = {}

---@class (exact) lofi.Option
---@field name string Without the dashes: `duration`, `no-play`.
---@field value string? What follows the `=`, without quotes.

---@class (exact) lofi.Line
---@field words string[]
---@field options lofi.Option[]

---@class (exact) lofi.Token
---@field text string As it is written.
---@field closed boolean False when a quote was left open.

--- Cut at white space, but not inside quotes that follow a `=`: `--title="two words"`.
---@param line string
---@return lofi.Token[]
function M.tokens(line)
  local tokens, at = {}, 1
  while true do
    local start = line:find("%S", at)
    if not start then
      return tokens
    end
    local quote = line:match("^%-%-[%w_-]+=([\"'])", start)
    local stop
    local closed = true
    if quote then
      local first = line:find(quote, start, true) --[[@as integer]]
      local last = line:find(quote, first + 1, true)
      closed = last ~= nil
      stop = last and (line:find("%s", last) or #line + 1) or #line + 1
    else
      stop = line:find("%s", start) or #line + 1
    end
    tokens[#tokens + 1] = { text = line:sub(start, stop - 1), closed = closed }
    at = stop
  end
end

---@param text string
---@return string
local function unquoted(text)
  local quote = text:sub(1, 1)
  if quote ~= '"' and quote ~= "'" then
    return text
  end
  return (text:sub(2):gsub(quote .. "$", ""))
end

--- Options may stand anywhere; after a `--` of its own everything is a word.
---@param line string
---@return lofi.Line
function M.parse(line)
  local parsed = { words = {}, options = {} }
  local only_words = false
  for _, token in ipairs(M.tokens(line)) do
    local name, value = token.text:match("^%-%-([%a][%w_-]*)=(.*)$")
    name = name or token.text:match("^%-%-([%a][%w_-]*)$")
    if only_words or not (name or token.text == "--") then
      table.insert(parsed.words, token.text)
    elseif name then
      table.insert(parsed.options, { name = name, value = value and unquoted(value) })
    else
      only_words = true
    end
  end
  return parsed
end

--- The words as one prompt. Who is used to a shell puts quotes around it.
---@param words string[]
---@return string
function M.prompt(words)
  local prompt = table.concat(words, " ")
  return prompt:match('^"([^"]*)"$') or prompt:match("^'([^']*)'$") or prompt
end

--- What follows the command's name in a whole command line, ranges and modifiers before it.
---@param line string
---@return string rest, boolean bang
function M.after_command(line)
  local bang, rest = line:match("^.-%f[%w]Lof%a*(!?)%s+(.*)$")
  return rest or "", bang == "!"
end

return M
