-- wrk -s load.lua URL -- KEYS CALLERS : GET with one of CALLERS keys in turn; a line of KEYS is `key route`
local keys, routes, count, callers = {}, {}, 0, 1
function init(args)
  callers = tonumber(args[2])
  for line in io.lines(args[1]) do
    local key, route = line:match('^(%S+) (%S+)$')
    keys[#keys + 1], routes[#routes + 1] = key, route
    if #keys == callers then break end
  end
end
function request()
  count = count + 1
  local at = count % callers + 1
  return wrk.format('GET', routes[at] .. '/items/7?lang=en', { ['Accept'] = 'application/json', ['User-Agent'] = 'bench/1.0', ['X-API-Key'] = keys[at] })
end
function done(summary, latency)
  local e = summary.errors
  io.write(string.format('RESULT %d %d %.3f\n', summary.requests, e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(50) / 1000))
end
