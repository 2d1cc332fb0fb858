/**
 * Decisions, each over one or several policies, in the order in which they came. What a policy holds comes back, not what
 * it means: the same functions as for memory read it (`gcra.ts`, `sliding-window.ts`).
 *
 * `KEYS`: one for each policy. `ARGV`: the caller's time in milliseconds (empty: that of the server, so that clocks of
 * nodes do not matter), then for each decision the number of its policies and `take`, `look` or `give`, then for each
 * policy `b` with what it costs and holds in milliseconds, or `w` with cost, count, window and slices, or `x`: a ban, which is only looked at.
 *
 * Returns the time, then for each decision 1 or 0, and for each policy how far the bucket is from full, or the counts of
 * the window's slices, newest first, joined by commas, or until when the key is banned (empty: it is not).
 */
export const DECIDE = `
local now = tonumber(ARGV[1])
if not now then
  local t = redis.call('TIME')
  now = t[1] * 1000 + math.floor(t[2] / 10) / 100
end
local out = { string.format('%.3f', now) }
local i, k = 2, 1
while ARGV[i] do
  local n, mode = tonumber(ARGV[i]), ARGV[i + 1]
  i = i + 2
  local allowed = true
  local at = #out + 1
  out[at] = 1
  local marks = {}
  for d = 1, n do
    local key = KEYS[k]
    k = k + 1
    if ARGV[i] == 'b' then
      local cost, capacity = tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
      local tat = tonumber(redis.call('GET', key) or '') or now
      if tat - now > 2 * capacity + 1000 then tat = now end
      local start = tat > now and tat or now
      if mode == 'give' then
        redis.call('SET', key, string.format('%.3f', tat - cost), 'PX', math.ceil(math.max(tat - now, 0)) + 60000)
      elseif start + cost - now - capacity > 0.01 then
        allowed = false
      else
        marks[#marks + 1] = { key, start + cost }
      end
      out[#out + 1] = string.format('%.3f', start - now)
      i = i + 3
    elseif ARGV[i] == 'x' then
      local until_ = redis.call('GET', key)
      out[#out + 1] = until_ and tonumber(until_) > now and until_ or ''
      i = i + 1
    else
      local cost, count = tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
      local window, slices = tonumber(ARGV[i + 3]), tonumber(ARGV[i + 4])
      local slice = math.floor(now * slices / window)
      local held = redis.call('HGETALL', key)
      local counts, used = {}, 0
      for back = 0, slices do counts[back + 1] = 0 end
      for j = 1, #held, 2 do
        local back = slice - tonumber(held[j])
        if back > slices then
          redis.call('HDEL', key, held[j])
        elseif back >= 0 then
          counts[back + 1] = tonumber(held[j + 1])
          used = used + counts[back + 1]
        end
      end
      if mode == 'give' then
        local back = math.min(cost, counts[1])
        if back > 0 then redis.call('HINCRBY', key, slice, -back) end
      elseif used + cost > count then
        allowed = false
      else
        marks[#marks + 1] = { key, slice, cost, math.ceil(window * (slices + 1) / slices) + 60000 }
      end
      out[#out + 1] = table.concat(counts, ',')
      i = i + 5
    end
  end
  if not allowed then
    out[at] = 0
  elseif mode == 'take' then
    for _, mark in ipairs(marks) do
      if mark[3] then
        if mark[3] > 0 then
          redis.call('HINCRBY', mark[1], mark[2], mark[3])
          redis.call('PEXPIRE', mark[1], mark[4])
        end
      elseif mark[2] > now then
        redis.call('SET', mark[1], string.format('%.3f', mark[2]), 'PX', math.ceil(mark[2] - now) + 60000)
      end
    end
  end
end
return out
`

/**
 * One failure. `KEYS`: the log, the ban. `ARGV`: time as above, count, window and ban in milliseconds.
 * Returns the time, the failures within the window, and until when the key is banned (empty: it is not).
 */
export const FAIL = `
local now = tonumber(ARGV[1])
if not now then
  local t = redis.call('TIME')
  now = t[1] * 1000 + math.floor(t[2] / 10) / 100
end
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
return { text, failures, ends }
`

/**
 * A ban as it stands, after one that is asked for. `KEYS`: the ban. `ARGV`: time as above, for how many milliseconds to
 * ban (empty: only look). Returns the time and until when the key is banned (empty: it is not).
 */
export const BAN = `
local now = tonumber(ARGV[1])
if not now then
  local t = redis.call('TIME')
  now = t[1] * 1000 + math.floor(t[2] / 10) / 100
end
local until_ = tonumber(redis.call('GET', KEYS[1]) or '') or 0
local wanted = tonumber(ARGV[2])
if wanted and now + wanted > until_ then
  until_ = now + wanted
  redis.call('SET', KEYS[1], string.format('%.3f', until_), 'PX', math.ceil(wanted) + 60000)
end
return { string.format('%.3f', now), until_ > now and string.format('%.3f', until_) or '' }
`

/**
 * Says that a node is here and asks how many are. `KEYS`: the list of nodes. `ARGV`: the name of this one, for how many
 * milliseconds a node counts after its last word.
 */
export const NODES = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[2]))
redis.call('PEXPIRE', KEYS[1], 60000)
return redis.call('ZCARD', KEYS[1])
`
