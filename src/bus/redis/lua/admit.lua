-- Claims a nonce under a limit. The time, then what was found: a claim (with its id), a limit that
-- is reached (with the rest of its verdict), or neither; then the claim is made, but not by a retry.
--
-- KEYS: the claim, the window. ARGV: the id that is proposed, how long the claim stands, the limit
-- (how many, 0: no limit; in how many milliseconds), and whether it is a retry (1).
local now = now_ms()
local found = redis.call('GET', KEYS[1])
if found then
  return { now, 'found', found }
end
local most = tonumber(ARGV[3])
if most > 0 then
  local allowed, remaining, retry, reset = pass(KEYS[2], most, tonumber(ARGV[4]), now)
  if allowed == 0 then
    return { now, 'refused', remaining, retry, reset }
  end
end
if ARGV[5] == '1' then
  return { now, 'none' }
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return { now, 'new' }
