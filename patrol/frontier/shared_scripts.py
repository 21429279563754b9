"""The verbs of the shared frontier as Lua: Redis runs each whole, or not at all when the connection breaks before it.

Keys of a run begin with P (`patrol:<scope>:`), those of all runs with G (`patrol:`). A page is a hash; while it waits it is an
entry of the stream of its site, priority and kind; while it is held that entry is pending for its holder (consumer).
"""

_COMMON = """
local P, G = KEYS[1], KEYS[2]
local GROUP = 'walk'
local function page(id) return P .. 'page:' .. id end
local function enqueue(id)
  local f = redis.call('HMGET', page(id), 'mode', 'site', 'priority', 'kind', 'attempts')
  local again = (tonumber(f[5]) > 0) and '1' or '0'
  local stream = P .. 's|' .. f[1] .. '|' .. f[2] .. '|' .. string.format('%03d', f[3]) .. '|' .. f[4] .. '|' .. again
  if redis.call('SADD', P .. 'lane|' .. f[1] .. '|' .. f[2], stream) == 1 then
    redis.call('XGROUP', 'CREATE', stream, GROUP, '0', 'MKSTREAM')
  end
  local entry = redis.call('XADD', stream, '*', 'id', id)
  redis.call('HINCRBY', P .. 'waiting|' .. f[1], f[2], 1)
  redis.call('HINCRBY', P .. 'kinds|' .. f[1], f[4], 1)
  redis.call('HSET', page(id), 'state', 'waiting', 'stream', stream, 'entry', entry, 'owner', '')
end
local function no_longer_waiting(id)
  local f = redis.call('HMGET', page(id), 'mode', 'site', 'kind')
  redis.call('HINCRBY', P .. 'waiting|' .. f[1], f[2], -1)
  redis.call('HINCRBY', P .. 'kinds|' .. f[1], f[3], -1)
end
local function unqueue(id)
  local f = redis.call('HMGET', page(id), 'state', 'stream', 'entry', 'owner', 'kind')
  if f[1] == 'deferred' then redis.call('ZREM', P .. 'deferred', id) return end
  if f[1] == 'leased' then
    redis.call('XACK', f[2], GROUP, f[3])
    redis.call('SREM', P .. 'held:' .. f[4], id)
    if f[5] ~= 'image' then redis.call('HINCRBY', P .. 'meta', 'held', -1) end
  else
    no_longer_waiting(id)
  end
  redis.call('XDEL', f[2], f[3])
end
local function put_aside(id, outcome, until_)
  redis.call('HSET', page(id), 'state', 'deferred', 'outcome', outcome, 'owner', '')
  redis.call('ZADD', P .. 'deferred', until_, id)
end
local function add(pages)
  local new = 0
  for _, p in ipairs(pages) do
    if redis.call('HEXISTS', P .. 'seen', p.url) == 0 then
      local id = redis.call('INCR', P .. 'next')
      redis.call('HSET', P .. 'seen', p.url, id)
      redis.call('HSET', page(id), 'url', p.url, 'source', p.source, 'platform', p.platform, 'mode', p.mode, 'site', p.site,
        'kind', p.kind, 'keyword', p.keyword, 'parent', p.parent, 'page', p.page, 'depth', p.depth, 'priority', p.priority,
        'attempts', 0, 'outcome', '')
      redis.call('ZADD', P .. 'open', id, id)
      redis.call('HINCRBY', P .. 'modes', p.mode, 1)
      if p.aside then put_aside(id, 'skipped.budget', 1e12) else enqueue(id) end
      new = new + 1
    end
  end
  if new > 0 then redis.call('HINCRBY', P .. 'counts', 'open', new) end
  return new
end
local function rest(site, state, now, first)
  local known = redis.call('HGET', G .. 'rests', site)
  local trips = 1
  if known then
    local was = cjson.decode(known)
    if was['until'] > now then return end
    if now - was['until'] < 86400 then trips = was.trips + 1 end
  end
  local seconds = math.min(first * 4 ^ (trips - 1), 86400)
  redis.call('HSET', G .. 'rests', site, cjson.encode({['until'] = now + seconds, trips = trips, state = state}))
end
local function note(site, weight, state, most, now, first)
  if weight == 0 then return end
  if weight < 0 then redis.call('HDEL', P .. 'failures', site) return end
  local n = redis.call('HINCRBY', P .. 'failures', site, weight)
  if n >= most and redis.call('HSETNX', P .. 'closed', site, state) == 1 and first > 0 then rest(site, state, now, first) end
end
"""

ADD = _COMMON + "return add(cjson.decode(ARGV[1]))"

FINISH = (
    _COMMON
    + """
local id, ended, state, weight = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local f = redis.call('HMGET', page(id), 'state', 'site', 'kind', 'mode')
if not f[1] or f[1] == 'done' or f[1] == 'failed' then return 0 end
unqueue(id)
redis.call('HSET', page(id), 'state', ended, 'outcome', state, 'owner', '')
redis.call('ZREM', P .. 'open', id)
redis.call('HINCRBY', P .. 'modes', f[4], -1)
redis.call('HINCRBY', P .. 'counts', 'open', -1)
redis.call('HINCRBY', P .. 'counts', state, 1)
if f[3] ~= 'image' then redis.call('HINCRBY', P .. 'meta', 'taken', 1) end
note(f[2], weight, state, tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]))
return add(cjson.decode(ARGV[8]))
"""
)

TAKE = (
    _COMMON
    + """
local mode, site, kind, suspects, wanted, owner, seconds = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6], ARGV[7]
local lock = G .. 'site:' .. site
local holder = redis.call('GET', lock)
if holder and holder ~= owner and redis.call('EXISTS', G .. 'alive:' .. holder) == 1 then return {} end
local streams = redis.call('SMEMBERS', P .. 'lane|' .. mode .. '|' .. site)
local ranked = {}
for _, stream in ipairs(streams) do
  local priority, its_kind, again = string.match(stream, '|(%d+)|([^|]*)|(%d)$')
  if (kind == '' or kind == its_kind) and (suspects == '0' or again == '1') then
    table.insert(ranked, {tonumber(priority) * 10 + tonumber(again), stream})
  end
end
table.sort(ranked, function(a, b) return a[1] > b[1] or (a[1] == b[1] and a[2] < b[2]) end)
local taken = {}
for _, one in ipairs(ranked) do
  if #taken >= wanted then break end
  local read = redis.call('XREADGROUP', 'GROUP', GROUP, owner, 'COUNT', wanted - #taken, 'STREAMS', one[2], '>')
  if read then
    for _, entry in ipairs(read[1][2]) do
      local id = entry[2][2]
      no_longer_waiting(id)
      redis.call('HINCRBY', page(id), 'attempts', 1)
      redis.call('HSET', page(id), 'state', 'leased', 'owner', owner)
      redis.call('SADD', P .. 'held:' .. owner, id)
      local f = redis.call('HMGET', page(id), 'url', 'source', 'platform', 'mode', 'kind', 'keyword', 'parent', 'page', 'depth',
        'priority', 'attempts')
      if f[5] ~= 'image' then redis.call('HINCRBY', P .. 'meta', 'held', 1) end
      table.insert(f, 1, id)
      table.insert(taken, f)
    end
  end
end
if #taken > 0 then
  redis.call('SET', lock, owner, 'EX', seconds)
  redis.call('SADD', P .. 'owners', owner)
  redis.call('HINCRBY', ARGV[8], site, #taken)
  redis.call('EXPIRE', ARGV[8], 259200)
end
return taken
"""
)

RIPEN = (
    _COMMON
    + """
local ripe = redis.call('ZRANGEBYSCORE', P .. 'deferred', '-inf', ARGV[1])
for _, id in ipairs(ripe) do redis.call('ZREM', P .. 'deferred', id) enqueue(id) end
return #ripe
"""
)

DEFER = (
    _COMMON
    + """
local id, state, until_, weight = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local f = redis.call('HMGET', page(id), 'state', 'site')
if f[1] ~= 'leased' then return 0 end
unqueue(id)
put_aside(id, state, until_)
if ARGV[6] == '1' then
  local known = tonumber(redis.call('HGET', P .. 'paused', f[2]) or '0')
  redis.call('HSET', P .. 'paused', f[2], math.max(known, tonumber(until_)))
end
note(f[2], weight, state, tonumber(ARGV[5]), 0, 0)
return 1
"""
)

PLACE = (
    _COMMON
    + """
local id = ARGV[1]
if redis.call('HGET', page(id), 'state') ~= 'leased' then return 0 end
unqueue(id)
redis.call('HINCRBY', P .. 'modes', redis.call('HGET', page(id), 'mode'), -1)
redis.call('HINCRBY', P .. 'modes', ARGV[3], 1)
redis.call('HSET', page(id), 'platform', ARGV[2], 'mode', ARGV[3])
redis.call('HINCRBY', page(id), 'attempts', -1)
enqueue(id)
return 1
"""
)

RELEASE = (
    _COMMON
    + """
local held = redis.call('SMEMBERS', P .. 'held:' .. ARGV[1])
for _, id in ipairs(held) do unqueue(id) redis.call('HINCRBY', page(id), 'attempts', -1) enqueue(id) end
redis.call('SREM', P .. 'owners', ARGV[1])
return #held
"""
)

RECLAIM = (
    _COMMON
    + """
local owner, blame, most, changed = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local held = redis.call('SMEMBERS', P .. 'held:' .. owner)
for _, id in ipairs(held) do
  local attempts = tonumber(redis.call('HGET', page(id), 'attempts'))
  unqueue(id)
  if blame == '1' and #held == 1 then put_aside(id, changed, 1e12)
  elseif attempts >= most then put_aside(id, '', 1e12)
  else enqueue(id) end
end
redis.call('SREM', P .. 'owners', owner)
return #held
"""
)

HAND_OVER = (
    _COMMON
    + """
local id, owner, parcel = ARGV[1], ARGV[2], ARGV[3]
local f = redis.call('HMGET', page(id), 'state', 'owner')
if f[1] ~= 'leased' or f[2] ~= owner then return 0 end
redis.call('SMOVE', P .. 'held:' .. owner, P .. 'held:desk', id)
redis.call('HSET', page(id), 'owner', 'desk')
redis.call('XADD', P .. 'parcels', '*', 'parcel', parcel)
return 1
"""
)
