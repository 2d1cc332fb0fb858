-- wrk -s wrk.lua URL -- small|spread|post|big|stream TOKENS BODY [COLD_TOKENS FIRST HIT_PERCENT]
-- Realistic requests. Without COLD_TOKENS, the tokens in rotation; with it, HIT_PERCENT of the requests carry one of TOKENS
-- and the others carry the next of COLD_TOKENS, from number FIRST on.
local tokens, cold, count, kind, body, hit = {}, {}, 0, 'small', nil, 100
used, first = 0, 0
-- Of `spread`: ids of this run, none of which another one has used within a day.
local base = os.time() % 86400 * 1000000
local main
function setup(thread) main = thread end
local function lines(file)
  local all = {}
  for line in io.lines(file) do all[#all + 1] = line end
  return all
end
function init(args)
  kind, tokens = args[1], lines(args[2])
  local f = io.open(args[3]); body = f:read('*a'); f:close()
  if args[4] then cold, first, hit = lines(args[4]), tonumber(args[5]), tonumber(args[6]) end
end
local function token()
  if hit < 100 and math.random() * 100 >= hit then
    used = used + 1
    return cold[(first + used) % #cold + 1]
  end
  return tokens[count % #tokens + 1]
end
function request()
  count = count + 1
  local headers = {
    ['Accept'] = 'application/json', ['User-Agent'] = 'bench/1.0', ['X-Request-Id'] = 'r-' .. count,
    ['Authorization'] = 'Bearer ' .. token(),
  }
  if kind == 'post' then
    headers['Content-Type'] = 'application/json'
    return wrk.format('POST', '/v1/items', headers, body)
  end
  if kind == 'big' then return wrk.format('GET', '/v1/reports/7?from=2026-01-01&limit=25', headers) end
  if kind == 'stream' then headers['Accept'] = '*/*'; return wrk.format('GET', '/v1/files/7', headers) end
  local id = kind == 'spread' and base + count or 7
  return wrk.format('GET', '/v1/items/' .. id .. '?expand=owner&lang=en', headers)
end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('RESULT %d %d %.3f %.3f %d\n', summary.requests, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, main:get('used')))
end
