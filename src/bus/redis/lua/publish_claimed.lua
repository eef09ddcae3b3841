-- Publishes an event where the claim stands with this id: its epoch's name, or nothing.
--
-- KEYS: the epoch, the topic, the claim. ARGV: the event's tail, the id.
if redis.call('GET', KEYS[3]) ~= ARGV[2] then
  return false
end
local epoch = string.sub(redis.call('GET', KEYS[1]) or begin(KEYS[1]), 1, 16)
publish(epoch, KEYS[2], ARGV[1])
return epoch
