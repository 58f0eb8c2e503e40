--- Ask the daemon something on the user's behalf: what goes wrong is told, once, with its remedy.
local M = {}

---@param method string
---@param params table
---@param go_on? fun(answer: table)
function M.ask(method, params, go_on)
  require("lofi").request(method, params, function(err, answer)
    if err then
      require("lofi.notify").error(err)
    elseif go_on then
      go_on(answer)
    end
  end)
end

--- The track that somebody means: by its id, its whole prompt, or words in it (then the newest).
---@param wanted string
---@param go_on fun(track: table)
function M.track(wanted, go_on)
  if wanted:match("^%x+$") and #wanted == 32 then
    return M.ask("tracks_get", { track_id = wanted }, go_on)
  end
  M.ask("tracks_list", { query = wanted, limit = 50 }, function(page)
    for _, track in ipairs(page.tracks) do
      if track.prompt:gsub("%s+", " ") == wanted or track.title == wanted then
        return go_on(track)
      end
    end
    if page.tracks[1] then
      return go_on(page.tracks[1])
    end
    require("lofi.notify").error({
      code = "UNKNOWN_TRACK",
      message = ("no track matches '%s'"):format(wanted),
      hint = (":Lofi tracks lists them; :Lofi %s makes one"):format(wanted),
    })
  end)
end

return M
