-- The epoch of a partition; a new one where there is none (a wipe), where another process began it
-- (a restart, a failover: its last steps may be lost), or where it is the one that is not believed
-- any more.
--
-- KEYS: the epoch. ARGV: an epoch's name, or nothing.
local epoch = redis.call('GET', KEYS[1])
if epoch and string.sub(epoch, 1, 16) ~= ARGV[1] then
  local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
  if string.sub(epoch, -#run) == run then
    return epoch
  end
end
return begin(KEYS[1])
