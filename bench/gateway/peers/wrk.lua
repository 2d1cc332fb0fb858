-- wrk -s wrk.lua URL -- small|post|big TOKENS BODY : realistic requests, tokens in rotation
local tokens, count, kind, body = {}, 0, 'small', nil
function init(args)
  kind = args[1]
  for line in io.lines(args[2]) do tokens[#tokens + 1] = line end
  if args[3] then local f = io.open(args[3]); body = f:read('*a'); f:close() end
end
function request()
  count = count + 1
  local headers = {
    ['Accept'] = 'application/json', ['User-Agent'] = 'bench/1.0', ['X-Request-Id'] = 'r-' .. count,
    ['Authorization'] = 'Bearer ' .. tokens[count % #tokens + 1],
  }
  if kind == 'post' then
    headers['Content-Type'] = 'application/json'
    return wrk.format('POST', '/v1/items', headers, body)
  end
  if kind == 'big' then return wrk.format('GET', '/v1/reports/7?from=2026-01-01&limit=25', headers) end
  return wrk.format('GET', '/v1/items/7?expand=owner&lang=en', headers)
end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('RESULT %d %d %.3f %.3f\n', summary.requests, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
