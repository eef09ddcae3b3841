-- Begins or renews leases in one partition. What has to be announced: a person, a status, and so on.
--
-- KEYS: the sorted set, then the person of each lease. ARGV: of each lease: the user (32 hex digits),
-- what they chose, whether the device is idle (a digit each), the device (16 bytes), how many
-- milliseconds it lasts.
local now = now_ms()
local announced = {}
for i = 2, #KEYS do
  local lease = ARGV[i - 1]
  local user = string.sub(lease, 1, 32)
  local person = read(KEYS[i])
    or { choice = tonumber(string.sub(lease, 33, 33)), announced = OFFLINE, devices = '' }
  put(person, string.sub(lease, 35, 50), string.sub(lease, 34, 34), now + string.sub(lease, 51))
  local status = settle(person, KEYS[1], KEYS[i], user, now)
  if status then
    announced[#announced + 1] = user
    announced[#announced + 1] = status
  end
end
redis.call('EXPIRE', KEYS[1], LEASES_KEEP_S)
return announced
