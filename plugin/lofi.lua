-- The commands and <Plug> maps. Nothing is loaded until one of them is used.
if vim.g.loaded_lofi then
  return
end
vim.g.loaded_lofi = 1

local command = vim.api.nvim_create_user_command

command("Lofi", function(given)
  require("lofi.commands").run(given.args, given.bang)
end, {
  nargs = "*",
  bang = true,
  desc = "Make music of a prompt, or a subcommand",
  complete = function(...)
    return require("lofi.commands").complete(...)
  end,
})

local ALIASES = {
  LofiAce = { "! --backend=ace_step", "Make music with ACE-Step" },
  LofiBackends = { " backends", "Who can make music" },
  LofiCancel = { " cancel", "Give up what is being made" },
  LofiPlay = { " play", "Play a track, or go on" },
  LofiStop = { " stop", "Go silent" },
}
for name, alias in pairs(ALIASES) do
  command(name, function(given)
    local bang, rest = alias[1]:match("^(!?) (.*)$")
    require("lofi.commands").run(rest .. " " .. given.args, bang == "!")
  end, {
    nargs = "*",
    desc = alias[2],
    complete = function(lead, whole, cursor)
      return require("lofi.commands").complete(lead, whole, cursor, "Lofi" .. alias[1])
    end,
  })
end

local MAPS = {
  toggle = { "lofi.commands.playback", "toggle", "Pause the music, or go on" },
  skip = { "lofi.commands.playback", "skip", "Go to the next track" },
  stop = { "lofi.commands.playback", "stop", "Go silent" },
  ["volume-up"] = { "lofi.commands.playback", "set_volume", "Turn the music up", "+5%" },
  ["volume-down"] = { "lofi.commands.playback", "set_volume", "Turn the music down", "-5%" },
  like = { "lofi.commands.radio", "like", "Like what the radio plays" },
  radio = { "lofi.commands.radio", "toggle", "Begin or end the radio" },
  tracks = { "lofi.picker", "open", "Pick a track" },
}
for name, map in pairs(MAPS) do
  vim.keymap.set("n", ("<Plug>(lofi-%s)"):format(name), function()
    require(map[1])[map[2]](map[4])
  end, { desc = map[3] })
end
