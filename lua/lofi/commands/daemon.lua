--- `:Lofi daemon`.
local M = {}

---@param line lofi.Line
function M.run(line)
  local verb = #line.words == 1 and line.words[1] or nil
  local lofi = require("lofi")
  local say, fail = require("lofi.notify").say, require("lofi.notify").error
  local function start()
    lofi.request("hello", {}, function(err, hello)
      if err then
        return fail(err)
      end
      say(("lofi-core %s runs, process %d"):format(hello.version, hello.pid))
    end, { autostart = true })
  end
  local function stop(go_on)
    lofi.request("shutdown", {}, function(err)
      if err and err.code ~= "NO_DAEMON" then
        return fail(err)
      end
      go_on(err)
    end)
  end
  if verb == "start" then
    start()
  elseif verb == "stop" then
    stop(function(err)
      say(err and "no daemon runs" or "the daemon ends")
    end)
  elseif verb == "restart" then
    stop(function()
      M.when_gone(start)
    end)
  elseif #line.words == 0 then
    require("lofi.commands.show").status()
  else
    fail({
      code = "INVALID_PARAMS",
      message = (":Lofi daemon cannot '%s'"):format(table.concat(line.words, " ")),
      hint = ":Lofi daemon [start | stop | restart]",
    })
  end
end

--- Go on when the connection is gone: the daemon has let go of its socket then, or will have by the next attempt.
---@param go_on fun()
function M.when_gone(go_on)
  local client = require("lofi.client")
  if client.state() ~= "connected" then
    return go_on()
  end
  local unsubscribe
  unsubscribe = require("lofi").on("state_changed", function(fields)
    if fields.state ~= "connected" then
      unsubscribe()
      vim.schedule(go_on)
    end
  end)
end

return M
