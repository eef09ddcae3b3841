-- Asks for one more under a limit. The time, whether it is allowed, how many remain, when to come
-- back, when all are free again.
--
-- KEYS: the window. ARGV: how many, in how many milliseconds.
local now = now_ms()
return { now, pass(KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), now) }
