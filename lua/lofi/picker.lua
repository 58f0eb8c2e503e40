--- Pick a track of the library, with what is installed for picking, and do something with it.
local text = require("lofi.text")

local M = {}

local PAGE = 100 -- tracks a request: more would be felt while typing
local MOST = 2000 -- for a picker that searches by itself

---@class (exact) lofi.Pick What a picker shows and does.
---@field title string
---@field query string
---@field tracks table[]
---@field total integer How many the library has; more than there are here when they come page by page.
---@field label fun(track: table): string
---@field more fun(go_on: fun(tracks: table[])) The next page.

---@param track table
---@return string
function M.label(track)
  local name = text.fit(text.clean(track.title or track.prompt), 48)
  local mark = track.favourite and "♥" or " "
  return ("%s %s %5s  %s"):format(mark, name, text.clock(track.duration_sec), track.backend)
end

---@param query string
---@param offset integer
---@param go_on fun(page: table)
local function page(query, offset, go_on)
  local params = { limit = PAGE, offset = offset, query = query ~= "" and query or nil }
  require("lofi.ask").ask("tracks_list", params, go_on)
end

--- All pages up to a limit, one after the other, so that the editor has its turn between them.
---@param query string
---@param found table[]
---@param go_on fun(tracks: table[], total: integer)
local function all(query, found, go_on)
  page(query, #found, function(answer)
    vim.list_extend(found, answer.tracks)
    if #answer.tracks == 0 or #found >= math.min(answer.total, MOST) then
      go_on(found, answer.total)
    else
      all(query, found, go_on)
    end
  end)
end

--- Which of the pickers is here: each adapter by the module it needs.
---@return string name "snacks", "telescope", "fzf" or "select".
function M.choose()
  local wanted = { { "snacks", "snacks.picker" }, { "telescope", "telescope.pickers" }, { "fzf", "fzf-lua" } }
  for _, candidate in ipairs(wanted) do
    if pcall(require, candidate[2]) then
      return candidate[1]
    end
  end
  return "select"
end

---@param query string
---@param tracks table[]
---@param total integer
---@return lofi.Pick
local function pick(query, tracks, total)
  local spec = { title = "lofi tracks", query = query, tracks = tracks, total = total, label = M.label }
  function spec.more(go_on)
    page(query, #spec.tracks, function(answer)
      vim.list_extend(spec.tracks, answer.tracks)
      go_on(spec.tracks)
    end)
  end
  return spec
end

--- Open the picker on the tracks that match, newest first.
---@param query string?
function M.open(query)
  query = query or ""
  local name = M.choose()
  local function show(tracks, total)
    if #tracks == 0 then
      local found = query == "" and "the library is empty" or ("no track matches '%s'"):format(query)
      return require("lofi.notify").say(found)
    end
    require("lofi.picker." .. name).open(pick(query, tracks, total))
  end
  if name == "select" then
    page(query, 0, function(answer)
      show(answer.tracks, answer.total)
    end)
  else
    all(query, {}, show)
  end
end

return M
