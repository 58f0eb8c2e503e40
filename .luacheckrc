-- luacheck reads this as Lua.
std = "luajit"
cache = false
max_line_length = 120
globals = { "vim" } -- its options are set through it
exclude_files = { ".venv", "**/node_modules", "tests/data" }
-- Scripts that Neovim runs with `-l` get their arguments here, and may set options.
files["tests/**/*.lua"] = { read_globals = { "arg" } }
files["docs/*.lua"] = { read_globals = { "arg" } }
-- A `---@meta` file declares; it runs nowhere.
files["lua/lofi/types.lua"] = { ignore = { "211", "212" }, max_line_length = false }
