-- Publishes events of one partition, in order; its epoch's name.
--
-- KEYS: the epoch, then the topic of each event. ARGV: the tail of each.
local epoch = string.sub(redis.call('GET', KEYS[1]) or begin(KEYS[1]), 1, 16)
for i = 2, #KEYS do
  publish(epoch, KEYS[i], ARGV[i - 1])
end
return epoch
