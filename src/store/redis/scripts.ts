/** The clock of the server, so that those of the nodes do not matter, unless the caller says its own. */
const NOW = `
local now = tonumber(ARGV[1])
if not now then
  local t = redis.call('TIME')
  now = t[1] * 1000 + math.floor(t[2] / 10) / 100
end
`

/** Characters of a name, see `KeyDigests`; every name has as many, so that the script finds what it reads by counting. */
export const NAME_CHARS = 29
/** Two characters stand for a shape: digits of a number to this base, from `!` on. */
export const MARK_BASE = 90
export const FIRST_MARK = 33

/**
 * Decisions, each over one or several policies, in the order in which they came. What a policy holds comes back, not what
 * it means: the same functions as for memory read it (`gcra.ts`, `sliding-window.ts`).
 *
 * `ARGV`: the caller's time in milliseconds (empty: that of the server); a line for each policy, without a separator, as
 * `call-text.ts` writes them; the shapes, joined by spaces; `1` where the names may be another server's. A line is what is
 * done (`t` take, `d` take of several policies all or none, `l` look, `g` give back, `o` owe: take whether it is allowed
 * or not), or `+` for what belongs to the decision of the line before; the name; which shape. A shape is `b` with what it
 * costs and holds in milliseconds and for how long it is owed, `w` with cost, count, window, slices and, where it is given
 * back, the slice that it was taken from, or `x`: a ban, which is only looked at. All in one text: a client is slow with
 * many small ones. `KEYS`: the name of the only line, where a cluster has to find its server; elsewhere nothing.
 *
 * Returns one text, parts joined by commas: the time, then for each decision 1 or 0, and for each policy how far the
 * bucket is from full, or what the window holds and the newest slice that holds anything (-1: none), or until when the key
 * is banned (empty: it is not). Where the window refuses: the counts of its slices, newest first, joined by colons.
 * Empty where a name is another server's: then nothing was done.
 */
export const DECIDE: string = `
local call, byte, sub, format, ceil = redis.call, string.byte, string.sub, string.format, math.ceil
local lines = ARGV[2]
if ARGV[4] == '1' then
  for at = 1, #lines, ${NAME_CHARS + 3} do
    if type(redis.pcall('EXISTS', sub(lines, at + 1, at + ${NAME_CHARS}))) == 'table' then return '' end
  end
end
${NOW}
local shapes = {}
for text in string.gmatch(ARGV[3], '%S+') do
  local shape = {}
  for part in string.gmatch(text, '[^,]+') do shape[#shape + 1] = tonumber(part) or part end
  shapes[#shapes + 1] = shape
end
local function fill(key, tat)
  call('PSETEX', key, ceil(tat > now and tat - now or 0) + 60000, format('%.3f', tat))
end
local function count(key, shape, slice)
  if shape[2] <= 0 then return end
  call('HINCRBY', key, slice, shape[2])
  call('PEXPIRE', key, ceil(shape[4] * (shape[5] + 1) / shape[5]) + 60000)
end
local out, size = { format('%.3f', now) }, 1
local at, mode, allowed = 0, '', true
local marks, marked = {}, 0
local function commit()
  if not allowed then out[at] = '0' end
  if allowed and mode == 'd' then
    for index = 1, marked do
      local mark = marks[index]
      if mark[3] then count(mark[1], mark[3], mark[2]) else fill(mark[1], mark[2]) end
    end
  end
end
for from = 1, #lines, ${NAME_CHARS + 3} do
  local what, key = sub(lines, from, from), sub(lines, from + 1, from + ${NAME_CHARS})
  local high, low = byte(lines, from + ${NAME_CHARS + 1}, from + ${NAME_CHARS + 2})
  local shape = shapes[(high - ${FIRST_MARK}) * ${MARK_BASE} + low - ${FIRST_MARK - 1}]
  local kind = shape[1]
  if what ~= '+' then
    if at > 0 then commit() end
    mode, allowed, marked, size = what, true, 0, size + 1
    at = size
    out[at] = '1'
  end
  size = size + 1
  if kind == 'b' then
    local cost, capacity = shape[2], shape[3]
    local held = call('GET', key)
    local tat = held and tonumber(held) or now
    if tat - now > 2 * capacity + 1000 then tat = now end
    local start = tat > now and tat or now
    if mode == 'g' then
      fill(key, tat - cost)
    elseif mode == 'o' then
      local since = now - shape[4]
      local first = held and math.max(tat, since) or since
      tat = math.min(first + cost, now + 2 * capacity)
      fill(key, tat)
    elseif start + cost - now - capacity > 0.01 then
      allowed = false
    elseif start + cost > now then
      if mode == 't' then
        fill(key, start + cost)
      elseif mode == 'd' then
        marked = marked + 1
        marks[marked] = { key, start + cost }
      end
    end
    out[size] = start - now
  elseif kind == 'x' then
    local ends = call('GET', key)
    out[size] = ends and tonumber(ends) > now and ends or ''
  else
    local cost, most, window, slices = shape[2], shape[3], shape[4], shape[5]
    local slice = math.floor(now * slices / window)
    local held = call('HGETALL', key)
    local counts, used, newest = {}, 0, slices + 1
    for j = 1, #held, 2 do
      local back = slice - tonumber(held[j])
      if back > slices then
        call('HDEL', key, held[j])
      elseif back >= 0 then
        local one = tonumber(held[j + 1])
        counts[back] = one
        used = used + one
        if one > 0 and back < newest then newest = back end
      end
    end
    if mode == 'g' then
      local given = math.min(cost, counts[slice - shape[6]] or 0)
      if given > 0 then call('HINCRBY', key, shape[6], -given) end
    elseif mode == 'o' then
      count(key, shape, slice)
    elseif used + cost > most then
      allowed = false
    elseif mode == 't' then
      count(key, shape, slice)
    elseif mode == 'd' then
      marked = marked + 1
      marks[marked] = { key, slice, shape }
    end
    if used + cost > most then
      for back = 0, slices do counts[back + 1 + slices + 1] = counts[back] or 0 end
      out[size] = table.concat(counts, ':', slices + 2, 2 * slices + 2)
    else
      out[size] = format('%d:%d', used, newest > slices and -1 or newest)
    end
  end
end
if at > 0 then commit() end
return table.concat(out, ',')
`

/**
 * Where there are two keys more, a ban is also noted in two lists of all bans: when it was made (microseconds, none twice)
 * and until when it lasts; `ban-index.ts` follows them. `list`: which key is the first of them.
 */
const INDEX = `
local function note(list, name, ends, lasts)
  if not KEYS[list] then return end
  local t = redis.call('TIME')
  local made = t[1] * 1000000 + t[2]
  local latest = redis.call('ZREVRANGE', KEYS[list], 0, 0, 'WITHSCORES')[2]
  if latest and tonumber(latest) >= made then made = tonumber(latest) + 1 end
  redis.call('ZADD', KEYS[list], string.format('%.0f', made), name)
  local before = redis.call('ZSCORE', KEYS[list + 1], name)
  if not before or tonumber(before) < ends then
    redis.call('ZADD', KEYS[list + 1], string.format('%.3f', ends), name)
  end
  for key = list, list + 1 do
    if redis.call('PTTL', KEYS[key]) < lasts + 60000 then
      redis.call('PEXPIRE', KEYS[key], math.ceil(lasts) + 60000)
    end
  end
end
`

/**
 * One failure. `KEYS`: the log, the ban, and outside of a cluster the lists of all bans. `ARGV`: time as above, count, window and ban in milliseconds.
 * Returns the time, the failures within the window, and until when the key is banned (empty: it is not).
 */
export const FAIL: string = `${NOW}${INDEX}
local count, window, ban = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local text = string.format('%.3f', now)
local until_ = tonumber(redis.call('GET', KEYS[2]) or '')
if until_ and until_ > now then
  return { text, count, string.format('%.3f', until_) }
end
local oldest = redis.call('LINDEX', KEYS[1], 0)
while oldest and now - tonumber(oldest) >= window do
  redis.call('LPOP', KEYS[1])
  oldest = redis.call('LINDEX', KEYS[1], 0)
end
local failures = redis.call('RPUSH', KEYS[1], text)
if failures < count then
  redis.call('PEXPIRE', KEYS[1], window + 60000)
  return { text, failures, '' }
end
redis.call('DEL', KEYS[1])
local ends = string.format('%.3f', now + ban)
redis.call('SET', KEYS[2], ends, 'PX', ban + 60000)
note(3, KEYS[2], now + ban, ban)
return { text, failures, ends }
`

/**
 * A ban as it stands, after one that is asked for. `KEYS`: the ban, and the lists as above. `ARGV`: time as above, for how
 * many milliseconds to ban. Returns the time and until when the key is banned (empty: it is not).
 */
export const BAN: string = `${NOW}${INDEX}
local until_ = tonumber(redis.call('GET', KEYS[1]) or '') or 0
local wanted = tonumber(ARGV[2])
if now + wanted > until_ then
  until_ = now + wanted
  redis.call('SET', KEYS[1], string.format('%.3f', until_), 'PX', math.ceil(wanted) + 60000)
  note(2, KEYS[1], until_, wanted)
end
return { string.format('%.3f', now), until_ > now and string.format('%.3f', until_) or '' }
`

/**
 * Says that a node is here and asks how many are. `KEYS`: the list of nodes. `ARGV`: the name of this one, for how many
 * milliseconds a node counts after its last word.
 */
export const NODES: string = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[2]))
redis.call('PEXPIRE', KEYS[1], 60000)
return redis.call('ZCARD', KEYS[1])
`

/**
 * What was banned since. `KEYS`: the two lists of all bans. `ARGV`: after which moment of the first list, and how many at
 * most. Forgets bans that are over. Returns how many there are, the latest moment of what follows, then the names.
 */
export const FOLLOW: string = `
local t = redis.call('TIME')
local over = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', t[1] * 1000, 'LIMIT', 0, 500)
if #over > 0 then
  redis.call('ZREM', KEYS[1], unpack(over))
  redis.call('ZREM', KEYS[2], unpack(over))
end
local found = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[2])
local out = { redis.call('ZCARD', KEYS[1]), found[#found] or ARGV[1] }
for at = 1, #found, 2 do out[#out + 1] = found[at] end
return out
`
