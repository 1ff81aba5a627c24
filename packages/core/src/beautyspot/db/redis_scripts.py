"""What Redis does in one step, in its own Lua; nobody ever sees half of it.

Keys, behind the prefix:

- `task:KEY`, a hash: `row`, `data` (missing for a blob) and `names`, the indexes that hold it
- `tasks`, `function:NAME`, `tag:TAG`, sorted sets of cache keys by microseconds of `updated_at`
- `functions`, the set of function names
- `uses`, a sorted set of cache keys by microseconds of the last read that was noted
- `expiry`, a sorted set of cache keys by milliseconds of `expires_at`, and `expiring`, a hash of their `names`:
  Redis drops a row by itself, and only these then know which indexes still list it
- `batch:ID`, for a minute, of counts that were added
- `activity`, `runs` and what they list, see `redis_journal`
"""

SWEPT_BY_PUT = 8
"""Dropped rows that one write takes out of the indexes; more than one, so that they never pile up."""

_PRELUDE = """
local prefix = ARGV[1]

local function names_of(key)
  local names = redis.pcall('HGET', prefix .. 'task:' .. key, 'names')
  return type(names) == 'string' and names or redis.call('HGET', prefix .. 'expiring', key)
end

local function unindex(key, packed)
  redis.call('ZREM', prefix .. 'tasks', key)
  redis.call('ZREM', prefix .. 'expiry', key)
  redis.call('ZREM', prefix .. 'uses', key)
  redis.call('HDEL', prefix .. 'expiring', key)
  local fine, names = pcall(cmsgpack.unpack, packed or '')
  if not fine or type(names) ~= 'table' then return end
  for place, name in ipairs(names) do
    local index = prefix .. (place == 1 and 'function:' or 'tag:') .. tostring(name)
    redis.call('ZREM', index, key)
    if place == 1 and redis.call('EXISTS', index) == 0 then
      redis.call('SREM', prefix .. 'functions', name)
    end
  end
end
"""

# The first command that writes is one that a full server refuses; from then on a script is let through to its end.
PUT = (
    _PRELUDE
    + """
local key, row, packed, updated_us, only_newer = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local expires_ms, lasts_ms, data = ARGV[7], ARGV[8], ARGV[9]
local task = prefix .. 'task:' .. key
if only_newer == '1' and redis.call('EXISTS', task) == 1 then
  local kept_us = redis.call('ZSCORE', prefix .. 'tasks', key)
  if kept_us and tonumber(kept_us) >= tonumber(updated_us) then return 0 end
end
local old = names_of(key)
if data then
  redis.call('HSET', task, 'row', row, 'names', packed, 'data', data)
else
  redis.call('HSET', task, 'row', row, 'names', packed)
  redis.call('HDEL', task, 'data')
end
unindex(key, old)
local names = cmsgpack.unpack(packed)
redis.call('ZADD', prefix .. 'tasks', updated_us, key)
redis.call('SADD', prefix .. 'functions', names[1])
for place, name in ipairs(names) do
  redis.call('ZADD', prefix .. (place == 1 and 'function:' or 'tag:') .. name, updated_us, key)
end
if expires_ms == '' then
  redis.call('PERSIST', task)
else
  redis.call('HSET', prefix .. 'expiring', key, packed)
  redis.call('ZADD', prefix .. 'expiry', expires_ms, key)
  redis.call('PEXPIRE', task, lasts_ms)
end
"""
    + f"""
for _, gone in ipairs(redis.call('ZRANGE', prefix .. 'expiry', 0, {SWEPT_BY_PUT - 1})) do
  if redis.call('EXISTS', prefix .. 'task:' .. gone) == 1 then break end
  unindex(gone, names_of(gone))
end
return 1
"""
)

DELETE = (
    _PRELUDE
    + """
local count = 0
for place = 2, #ARGV do
  local key = ARGV[place]
  local names = names_of(key)
  count = count + redis.call('DEL', prefix .. 'task:' .. key)
  unindex(key, names)
end
return count
"""
)

DELETE_UNCHANGED = (
    _PRELUDE
    + """
local gone = {}
for place = 2, #ARGV, 2 do
  local key, listed_us = ARGV[place], ARGV[place + 1]
  local kept_us = redis.call('ZSCORE', prefix .. 'tasks', key)
  if not kept_us or listed_us == '' or tonumber(kept_us) == tonumber(listed_us) then
    local names = names_of(key)
    redis.call('DEL', prefix .. 'task:' .. key)
    unindex(key, names)
    table.insert(gone, key)
  end
end
return gone
"""
)

FORGET = (
    _PRELUDE
    + """
for place = 3, #ARGV do
  local key = ARGV[place]
  if redis.call('EXISTS', prefix .. 'task:' .. key) == 0 then
    unindex(key, names_of(key))
    redis.call('ZREM', prefix .. ARGV[2], key)
  end
end
"""
)
"""Takes keys that an index lists, and that are gone, out of it: dropped by Redis, or by an eviction."""

NOTE_USES = """
local prefix, used_us, fresh_us = ARGV[1], ARGV[2], tonumber(ARGV[3])
for place = 4, #ARGV do
  local key = ARGV[place]
  local kept_us = redis.call('ZSCORE', prefix .. 'tasks', key)
  local noted_us = redis.call('ZSCORE', prefix .. 'uses', key)
  local is_due = not noted_us or tonumber(noted_us) < fresh_us
  if is_due and kept_us and tonumber(kept_us) < tonumber(used_us)
    and redis.call('EXISTS', prefix .. 'task:' .. key) == 1 then
    redis.call('ZADD', prefix .. 'uses', used_us, key)
  end
end
"""
"""Notes when results were read. A note goes when its result is kept anew, so it is never older than that."""

ADD_ACTIVITY = """
local prefix = ARGV[1]
if not redis.call('SET', prefix .. 'batch:' .. ARGV[2], '', 'NX', 'EX', 60) then return end
for place = 3, #ARGV, 3 do
  local member, minute_s, counts = ARGV[place], ARGV[place + 1], cmsgpack.unpack(ARGV[place + 2])
  redis.call('ZADD', prefix .. 'activity', minute_s, member)
  for _, count in ipairs(counts) do
    redis.call(count[1], prefix .. 'activity:' .. member, count[2], count[3])
  end
end
"""
"""Adds counts once, though a client that lost the answer sends them again."""
