-- Part of other scripts: begins a partition's epoch. What is kept: 16 hex digits that name the
-- epoch, when it began (milliseconds since 1970), and the run id of the process that began it.
local function begin(key)
  local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
  local time = redis.call('TIME')
  local name = string.sub(redis.sha1hex(run .. ':' .. time[1] .. ':' .. time[2]), 1, 16)
  local born = time[1] .. string.format('%03d', math.floor(time[2] / 1000))
  local epoch = name .. ' ' .. born .. ' ' .. run
  redis.call('SET', key, epoch)
  return epoch
end
