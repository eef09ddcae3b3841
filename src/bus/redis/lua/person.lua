-- Part of other scripts: who is there. A person is kept as one string: what they chose and what was
-- announced last (a digit each), then their devices, 23 bytes each: id (16), whether it is idle ('0'
-- or '1'), until when it is there (6). Its TTL is longer than the last lease by what it may take until
-- somebody looks. A sorted set has everybody, by when their first lease runs out.
local DEVICE, SWEPT_WITHIN_MS, LEASES_KEEP_S = 23, 60000, 86400
local OFFLINE, AWAY, ONLINE = 0, 1, 3
-- By choice: 1 away, 2 do not disturb, 3 invisible. 0 leaves it to the devices.
local SHOWN = { AWAY, 2, OFFLINE }

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function read(key)
  local text = redis.call('GET', key)
  if not text then return nil end
  return {
    choice = tonumber(string.sub(text, 1, 1)),
    announced = tonumber(string.sub(text, 2, 2)),
    devices = string.sub(text, 3),
  }
end

local function put(person, device, idle, ends)
  local one = device .. idle .. struct.pack('>I6', ends)
  local devices = person.devices
  for at = 1, #devices, DEVICE do
    if string.sub(devices, at, at + 15) == device then
      person.devices = string.sub(devices, 1, at - 1) .. one .. string.sub(devices, at + DEVICE)
      return
    end
  end
  person.devices = devices .. one
end

-- Forgets the devices that are gone and writes the person. Their status, where it is another one.
local function settle(person, leases, key, user, now)
  local kept, first, last, used = {}, math.huge, 0, false
  for at = 1, #person.devices, DEVICE do
    local ends = struct.unpack('>I6', person.devices, at + 17)
    if ends > now then
      kept[#kept + 1] = string.sub(person.devices, at, at + DEVICE - 1)
      first, last = math.min(first, ends), math.max(last, ends)
      used = used or string.sub(person.devices, at + 16, at + 16) == '0'
    end
  end
  local status = OFFLINE
  if #kept == 0 then
    redis.call('DEL', key)
    redis.call('ZREM', leases, user)
  else
    status = SHOWN[person.choice] or (used and ONLINE or AWAY)
    local text = person.choice .. status .. table.concat(kept)
    redis.call('SET', key, text, 'PX', last - now + SWEPT_WITHIN_MS)
    redis.call('ZADD', leases, string.format('%.0f', first), user)
  end
  if status ~= person.announced then return status end
end
