-- Finds leases that ran out, of a hundred people at a time. Whether there may be more, then what has
-- to be announced: a person, a status, and so on.
--
-- KEYS: the sorted set. ARGV: what the persons' keys begin with; they have the set's hash tag.
local AT_ONCE = 100
local now = now_ms()
local users = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, AT_ONCE)
local announced = { #users == AT_ONCE and 1 or 0 }
for _, user in ipairs(users) do
  local key = ARGV[1] .. user
  -- Nobody looked for so long that the person's own key has gone: they were seen as something.
  local person = read(key) or { choice = 0, announced = -1, devices = '' }
  local status = settle(person, KEYS[1], key, user, now)
  if status then
    announced[#announced + 1] = user
    announced[#announced + 1] = status
  end
end
return announced
