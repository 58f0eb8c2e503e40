-- Drives a daemon from a Neovim without plugins and prints what it saw as one JSON document.
local channel = vim.fn.sockconnect("pipe", vim.env.LOFI_SOCKET, { rpc = true })

local function attempt(...)
  local ok, answer = pcall(vim.fn.rpcrequest, channel, ...)
  return { ok = ok, answer = answer }
end

local track = { prompt = "a tone 🎹", backend = "sine", duration_sec = 2.0, seed = 7 }
local seen = {
  ping = attempt("ping"),
  ping_with_an_empty_table = attempt("ping", {}),
  subscribed = attempt("subscribe", vim.empty_dict()),
  status = attempt("status"),
  refused = attempt("generate", { prompt = "" }),
  unknown = attempt("no_such_method", 1, 2, 3),
  accepted = attempt("generate", vim.tbl_extend("error", track, { options = {} })),
}
-- The daemon pushes events all this while; requests are answered among them.
vim.wait(20000, function()
  return attempt("job_get", { job_id = seen.accepted.answer.job_id }).answer.state == "complete"
end, 10)
seen.after = attempt("tracks_get", { track_id = seen.accepted.answer.track_id })
io.stdout:write(vim.json.encode(seen))
