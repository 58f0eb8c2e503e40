--- Where does one message of the byte stream end, and may Neovim decode it?
---
--- `vim.mpack.Unpacker` can cut a stream by itself, but a map inside 30 other containers ends the whole editor there,
--- where no pcall helps. So whole messages are cut here, their depth is known, and only then they are decoded.
local M = {}

-- Containers inside one another. The Unpacker's assertion fails at 31.
M.MAX_DEPTH = 30
-- Far beyond anything the daemon sends; whoever announces more is no daemon.
M.MAX_BYTES = 64 * 1024 * 1024

--- For each first byte from 0xC4 to 0xDF: how many bytes tell a length, how many more follow in any case, and
--- whether the length counts bytes (1), entries (2) or pairs of entries (3).
local HEADS = {
  [0xC4] = { 1, 0, 1 }, -- bin
  [0xC5] = { 2, 0, 1 },
  [0xC6] = { 4, 0, 1 },
  [0xC7] = { 1, 1, 1 }, -- ext, with its type
  [0xC8] = { 2, 1, 1 },
  [0xC9] = { 4, 1, 1 },
  [0xCA] = { 0, 4, 1 }, -- float
  [0xCB] = { 0, 8, 1 },
  [0xCC] = { 0, 1, 1 }, -- unsigned
  [0xCD] = { 0, 2, 1 },
  [0xCE] = { 0, 4, 1 },
  [0xCF] = { 0, 8, 1 },
  [0xD0] = { 0, 1, 1 }, -- signed
  [0xD1] = { 0, 2, 1 },
  [0xD2] = { 0, 4, 1 },
  [0xD3] = { 0, 8, 1 },
  [0xD4] = { 0, 2, 1 }, -- fixext, with its type
  [0xD5] = { 0, 3, 1 },
  [0xD6] = { 0, 5, 1 },
  [0xD7] = { 0, 9, 1 },
  [0xD8] = { 0, 17, 1 },
  [0xD9] = { 1, 0, 1 }, -- str
  [0xDA] = { 2, 0, 1 },
  [0xDB] = { 4, 0, 1 },
  [0xDC] = { 2, 0, 2 }, -- array
  [0xDD] = { 4, 0, 2 },
  [0xDE] = { 2, 0, 3 }, -- map
  [0xDF] = { 4, 0, 3 },
}

---@class lofi.Frame
---@field bytes string one whole message
---@field depth integer containers inside one another

---@class lofi.Frames what is known of the message that is coming in
---@field private pieces string[] its bytes so far
---@field private size integer how many these are
---@field private tail string the beginning of a head whose rest is still to come
---@field private skip integer bytes of the current value still to come
---@field private open integer[] entries still to come, per container
---@field private depth integer open containers
---@field private deepest integer
local Frames = {}
Frames.__index = Frames

---@return lofi.Frames
function M.new()
  local new = { pieces = {}, size = 0, tail = "", skip = 0, open = {}, depth = 0, deepest = 0 }
  return setmetatable(new, Frames)
end

---@return integer number
local function big_endian(data, from, count)
  local number = 0
  for index = from, from + count - 1 do
    number = number * 256 + data:byte(index)
  end
  return number
end

--- What the head at `pos` says.
---@return integer? length of the head in bytes; nil when it is not all there
---@return integer bytes that follow the head
---@return integer? entries that follow, for a container
local function read_head(data, pos)
  local byte = data:byte(pos)
  if byte < 0x80 or byte >= 0xE0 or byte == 0xC0 or byte == 0xC2 or byte == 0xC3 then
    return 1, 0 -- small integers, nil and booleans
  elseif byte < 0x90 then
    return 1, 0, (byte - 0x80) * 2
  elseif byte < 0xA0 then
    return 1, 0, byte - 0x90
  elseif byte < 0xC0 then
    return 1, byte - 0xA0
  end
  local form = HEADS[byte] or error("a byte that msgpack does not have", 0)
  local digits, more, counts = form[1], form[2], form[3]
  if pos + digits > #data then
    return nil, 0
  end
  local length = big_endian(data, pos + 1, digits)
  if counts == 1 then
    return 1 + digits, length + more
  end
  return 1 + digits, 0, length * (counts - 1)
end

--- One value is complete: close the containers it fills. True when the whole message is.
---@private
function Frames:close()
  local depth, open = self.depth, self.open
  while depth > 0 do
    open[depth] = open[depth] - 1
    if open[depth] > 0 then
      break
    end
    depth = depth - 1
  end
  self.depth = depth
  return depth == 0
end

--- Go on to the end of the message, or of the data.
---@private
---@return integer pos the first byte not looked at
---@return boolean complete whether that is the first one after the message
function Frames:walk(data, pos)
  local last = #data
  while pos <= last do
    local complete
    if self.skip > 0 then
      local passed = math.min(self.skip, last - pos + 1)
      self.skip, pos = self.skip - passed, pos + passed
      complete = self.skip == 0 and self:close()
    else
      local length, bytes, entries = read_head(data, pos)
      if not length then
        return pos, false
      end
      pos, self.skip = pos + length, bytes
      if entries then
        self.deepest = math.max(self.deepest, self.depth + 1)
      end
      if entries and entries > 0 then
        self.depth = self.depth + 1
        self.open[self.depth] = entries
      elseif bytes == 0 then
        complete = self:close()
      end
    end
    if complete then
      return pos, true
    end
  end
  return pos, false
end

--- Take in what arrived. Raises a text when it is no msgpack, or too large.
---@param chunk string
---@return lofi.Frame[] frames the messages that are complete now
function Frames:feed(chunk)
  local data, pos, frames = self.tail .. chunk, 1, {}
  while true do
    local after, complete = self:walk(data, pos)
    self.pieces[#self.pieces + 1] = data:sub(pos, after - 1)
    self.size = self.size + after - pos
    if self.size + self.skip > M.MAX_BYTES then
      error(("a message of more than %d MiB"):format(M.MAX_BYTES / 2 ^ 20), 0)
    elseif not complete then
      self.tail = data:sub(after)
      return frames
    end
    frames[#frames + 1] = { bytes = table.concat(self.pieces), depth = self.deepest }
    self.pieces, self.size, self.deepest, pos = {}, 0, 0, after
  end
end

return M
