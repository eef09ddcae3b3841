-- Part of other scripts: publishes one event. A head is its epoch's name (16 bytes), the count (8)
-- and the highest id (16); one of another epoch counts for nothing. `tail`: the event's id, and what
-- a node adds to it.
local HEAD_KEEPS_S = 604800

-- Whether one id is higher than another. Not by `<`, which sorts by the server's language.
local function higher(one, other)
  local a, b, c, d = struct.unpack('>I4I4I4I4', one)
  local e, f, g, h = struct.unpack('>I4I4I4I4', other)
  if a ~= e then return a > e end
  if b ~= f then return b > f end
  if c ~= g then return c > g end
  return d > h
end

local function publish(epoch, topic, tail)
  local count, newest = 1, string.sub(tail, 1, 16)
  local head = redis.call('GET', topic)
  if head and string.sub(head, 1, 16) == epoch then
    count = struct.unpack('>I8', head, 17) + 1
    local before = string.sub(head, 25)
    if higher(before, newest) then newest = before end
  end
  local number = struct.pack('>I8', count)
  redis.call('SET', topic, epoch .. number .. newest, 'EX', HEAD_KEEPS_S)
  redis.call('PUBLISH', topic, 'e' .. epoch .. number .. tail)
end
