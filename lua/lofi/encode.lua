--- How does a Lua value go over the wire as msgpack?
---
--- Neovim's own `vim.mpack.encode` ends the whole editor on NaN, infinity and numbers of 2^53 and more, where no
--- pcall helps, and writes -129, -32769 and what is below -2^32 as other numbers (neovim#32216, #37202). Decoding
--- is right there, so only this half is ours.
local errors = require("lofi.errors")

local M = {}

-- More than any method needs, and the deepest that Neovim reads back safely (see frames.lua).
M.MAX_DEPTH = 30

local char, floor = string.char, math.floor
local TWO_16, TWO_31, TWO_32 = 2 ^ 16, 2 ^ 31, 2 ^ 32

--- Byte by byte of the UTF-8 that the standard allows: no surrogates, nothing overlong, nothing past U+10FFFF.
--- Four bytes first, so that no part of a longer sequence is taken for a shorter one.
local SEQUENCES = {
  "\240[\144-\191][\128-\191][\128-\191]",
  "[\241-\243][\128-\191][\128-\191][\128-\191]",
  "\244[\128-\143][\128-\191][\128-\191]",
  "\224[\160-\191][\128-\191]",
  "[\225-\236\238\239][\128-\191][\128-\191]",
  "\237[\128-\159][\128-\191]",
  "[\194-\223][\128-\191]",
}

--- Whether a string is UTF-8 text.
---@param text string
---@return boolean
function M.is_utf8(text)
  local rest = text
  for _, sequence in ipairs(SEQUENCES) do
    if not rest:find("[\128-\255]") then
      return true
    end
    rest = rest:gsub(sequence, ".")
  end
  return not rest:find("[\128-\255]")
end

local function u16(n)
  return char(floor(n / 256) % 256, n % 256)
end

local function u32(n)
  return u16(floor(n / TWO_16)) .. u16(n % TWO_16)
end

--- 64 bits, of negative numbers as two's complement. Both halves are exact: `n` is a double.
local function u64(n)
  local high = floor(n / TWO_32)
  return u32(high % TWO_32) .. u32(n - high * TWO_32)
end

---@param n number whole, from -2^63 to below 2^64
local function integer(n)
  if n >= 0 then
    if n < 128 then
      return char(n)
    elseif n < 256 then
      return "\204" .. char(n)
    elseif n < TWO_16 then
      return "\205" .. u16(n)
    elseif n < TWO_32 then
      return "\206" .. u32(n)
    end
    return "\207" .. u64(n)
  elseif n >= -32 then
    return char(n + 256)
  elseif n >= -128 then
    return "\208" .. char(n + 256)
  elseif n >= -32768 then
    return "\209" .. u16(n + TWO_16)
  elseif n >= -TWO_31 then
    return "\210" .. u32(n + TWO_32)
  end
  return "\211" .. u64(n)
end

--- An IEEE 754 double, built by hand: not every Neovim has LuaJIT's ffi.
---@param n number
local function float(n)
  if n ~= n then
    return "\203\127\248\0\0\0\0\0\0"
  end
  local sign = (n < 0 or 1 / n < 0) and TWO_31 or 0
  n = math.abs(n)
  if n == math.huge then
    return "\203" .. u32(sign + 0x7FF00000) .. "\0\0\0\0"
  elseif n == 0 then
    return "\203" .. u32(sign) .. "\0\0\0\0"
  end
  local mantissa, exponent = math.frexp(n) -- n = mantissa * 2^exponent, mantissa in [0.5, 1)
  local biased = exponent + 1022
  if biased < 1 then -- subnormal: no leading one, the smallest exponent
    mantissa, biased = math.ldexp(mantissa, biased + 52), 0
  else
    mantissa = math.ldexp(mantissa, 53) - 2 ^ 52
  end
  local high = floor(mantissa / TWO_32)
  return "\203" .. u32(sign + biased * 2 ^ 20 + high) .. u32(mantissa - high * TWO_32)
end

local function number(n)
  local whole = n == floor(n) and n >= -2 ^ 63 and n < 2 ^ 64
  -- -0.0 has no place among the integers.
  return (whole and not (n == 0 and 1 / n < 0)) and integer(n) or float(n)
end

--- The head of a value with a length: fixed up to `most`, then with 8 (where there is one), 16 or 32 bits.
local function head(length, fixed, most, eight, sixteen, thirty_two)
  if length <= most then
    return char(fixed + length)
  elseif eight and length < 256 then
    return char(eight, length)
  elseif length < TWO_16 then
    return char(sixteen) .. u16(length)
  end
  return char(thirty_two) .. u32(length)
end

---@param path string where in the message, for people
---@param problem string
local function refuse(path, problem, hint)
  local where = path == "" and "the params" or path
  error(errors.new("INVALID_PARAMS", where .. " " .. problem, hint), 0)
end

--- A value for people, with bytes that are no text as `\233`.
local function quoted(value)
  local shown = vim.inspect(value)
  if not M.is_utf8(shown) then
    shown = shown:gsub("[\128-\255]", function(byte)
      return ("\\%d"):format(byte:byte())
    end)
  end
  if #shown > 60 then
    shown = shown:sub(1, 57):gsub("[\192-\255][\128-\191]*$", "") .. "…" -- whole characters only
  end
  return shown
end

local function text(value, path)
  if not M.is_utf8(value) then
    refuse(path, "is no UTF-8 text: " .. quoted(value), "look at its encoding: the daemon takes UTF-8 only")
  end
  return head(#value, 0xA0, 31, 0xD9, 0xDA, 0xDB) .. value
end

--- How many entries a table has, and whether it is a list: from 1 on, without holes or names.
---@return integer count
---@return boolean is_list
local function shape(value, path)
  local count = 0
  for _ in pairs(value) do
    count = count + 1
  end
  if count == 0 then
    -- The daemon takes an empty list for an empty map, and not the other way round.
    return 0, getmetatable(value) ~= getmetatable(vim.empty_dict())
  end
  local numbered = #value
  if numbered == count then
    return count, true
  end
  for key in pairs(value) do
    if type(key) ~= "string" then
      refuse(
        path,
        ("has the key %s: a list has no holes and no named entries, and names are text"):format(quoted(key)),
        "give either a list or a table with names"
      )
    end
  end
  return count, false
end

local encoded -- below, because tables hold values

---@param value table
---@param path string
---@param parents table<table, true> those that hold this one
---@param depth integer how many those are
local function container(value, path, parents, depth)
  if parents[value] then
    refuse(path, "holds itself", "send a table without cycles")
  elseif depth >= M.MAX_DEPTH then
    refuse(
      path,
      ("is nested deeper than %d tables"):format(M.MAX_DEPTH),
      "no method needs more than a few levels"
    )
  end
  parents[value] = true
  local count, is_list = shape(value, path)
  local parts = {}
  if is_list then
    parts[1] = head(count, 0x90, 15, nil, 0xDC, 0xDD)
    for index = 1, count do
      parts[index + 1] = encoded(value[index], ("%s[%d]"):format(path, index), parents, depth + 1)
    end
  else
    parts[1] = head(count, 0x80, 15, nil, 0xDE, 0xDF)
    for key, entry in pairs(value) do
      local place = path == "" and key or path .. "." .. key
      parts[#parts + 1] = text(key, "a name in " .. (path == "" and "the params" or path))
      parts[#parts + 1] = encoded(entry, place, parents, depth + 1)
    end
  end
  parents[value] = nil
  return table.concat(parts)
end

encoded = function(value, path, parents, depth)
  local kind = type(value)
  if value == nil or value == vim.NIL then
    return "\192"
  elseif kind == "boolean" then
    return value and "\195" or "\194"
  elseif kind == "number" then
    return number(value)
  elseif kind == "string" then
    return text(value, path)
  elseif kind == "table" then
    return container(value, path, parents, depth)
  end
  refuse(
    path,
    ("is a %s, which cannot be sent"):format(kind),
    "send numbers, text, booleans and tables of these"
  )
end

--- A value as msgpack. Whole numbers become integers, all other numbers 64-bit floats; an empty table becomes an
--- empty list, unless it comes from `vim.empty_dict()`.
---@param value any
---@param path? string what to call it in an error
---@return string? bytes nil when it cannot be sent
---@return lofi.Error? err which part of it, and why
function M.encode(value, path)
  local ok, result = pcall(encoded, value, path or "", {}, 0)
  if ok then
    return result
  elseif type(result) == "table" then
    return nil, result
  end
  error(result, 0) -- a mistake of ours
end

return M
