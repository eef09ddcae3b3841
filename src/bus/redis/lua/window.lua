-- Part of other scripts: an exact sliding window, the same as `domain::window`. It is kept as the
-- times of what passed, oldest first, six bytes each; so it takes one read and one write.
local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function pass(key, most, per, now)
  local times = redis.call('GET', key) or ''
  local held = #times / 6
  local function time(n) return (struct.unpack('>I6', times, n * 6 - 5)) end
  -- The clock of another process may be behind the one that was asked before.
  if held > 0 then now = math.max(now, time(held)) end
  local low, high = 0, held
  while low < high do
    local middle = math.floor((low + high) / 2)
    if time(middle + 1) + per <= now then low = middle + 1 else high = middle end
  end
  times = string.sub(times, low * 6 + 1)
  held = held - low
  local allowed = 0
  if held < most then
    times = times .. struct.pack('>I6', now)
    held = held + 1
    allowed = 1
    redis.call('SET', key, times, 'PX', per)
  end
  local remaining, retry, reset = math.max(most - held, 0), 0, 0
  if held > 0 then
    reset = math.max(time(held) + per - now, 0)
    if remaining == 0 then retry = math.max(time(1) + per - now, 0) end
  end
  return allowed, remaining, retry, reset
end
