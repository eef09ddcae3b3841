-- What a person shows from now on. The status to announce, or nothing.
--
-- KEYS: the sorted set, the person. ARGV: the user (32 hex digits), what they chose.
local person = read(KEYS[2])
if not person then
  return false
end
person.choice = tonumber(ARGV[2])
return settle(person, KEYS[1], KEYS[2], ARGV[1], now_ms()) or false
