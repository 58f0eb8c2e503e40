-- What the plugin has, as JSON, for docs/generate_help.py: `nvim --clean --headless -l docs/generate_help.lua ROOT`.
local root = arg[1]
vim.opt.runtimepath:prepend(root)
vim.cmd.runtime("plugin/lofi.lua")

local rules, defaults = require("lofi.config").schema()
local found = {
  rules = rules,
  defaults = defaults,
  subcommands = require("lofi.commands").SUBCOMMANDS,
  flags = require("lofi.request").FLAGS,
  actions = {},
  functions = {},
  autocommands = {},
  commands = {},
  maps = {},
  highlights = {},
}

for name, value in pairs(require("lofi")) do
  if type(value) == "function" then
    table.insert(found.functions, name)
  end
end
for _, action in ipairs(require("lofi.picker.actions").LIST) do
  table.insert(found.actions, { key = action.key, title = action.title })
end
for _, event in ipairs(require("lofi.events").names()) do
  found.autocommands[event] = require("lofi.events").autocommand(event)
end
for name, command in pairs(vim.api.nvim_get_commands({})) do
  if vim.startswith(name, "Lofi") then
    found.commands[name] = command.definition
  end
end
for _, map in ipairs(vim.api.nvim_get_keymap("n")) do
  if vim.startswith(map.lhs, "<Plug>(lofi-") then
    found.maps[map.lhs] = map.desc
  end
end
-- The groups are made with the first float.
require("lofi.float").show({ "" }, {}, "bottom")
for name, group in pairs(vim.api.nvim_get_hl(0, {})) do
  if vim.startswith(name, "Lofi") then
    found.highlights[name] = group.link
  end
end

io.stdout:write(vim.json.encode(found))
