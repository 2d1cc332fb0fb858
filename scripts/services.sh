#!/usr/bin/env bash
# Brings what tests need besides npm packages: one row each, "command package what for".
# Says nothing when all is there. Without root or apt-get it names what is missing and the tests that need it
# skip by name; under CI=true anything missing is a failure, so that no test is skipped in silence.
set -u

NEEDED=(
  'openssl openssl certificates and TLS clients of another make'
  'redis-server redis-server counters that nodes share'
  'redis-sentinel redis-sentinel a Redis that is taken over'
  'postgres postgresql records and owners in PostgreSQL'
  'systemd-analyze systemd the unit that runs the gateway'
  'haproxy haproxy a balancer that names its clients'
)

# Debian keeps the programs of PostgreSQL out of the path.
for folder in /usr/lib/postgresql/*/bin; do
  [ -d "$folder" ] && PATH="$PATH:$folder"
done

missing=()
packages=()
for row in "${NEEDED[@]}"; do
  read -r command package _ <<<"$row"
  if ! command -v "$command" >/dev/null 2>&1; then
    missing+=("$row")
    packages+=("$package")
  fi
done
[ "${#missing[@]}" -eq 0 ] && exit 0

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
  export DEBIAN_FRONTEND=noninteractive
  install() { timeout 240 apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null 2>&1; }
  install || { timeout 120 apt-get update -qq >/dev/null 2>&1 && install; }
fi

status=0
for row in "${missing[@]}"; do
  read -r command package reason <<<"$row"
  command -v "$command" >/dev/null 2>&1 && continue
  echo "missing: $command (package $package), for $reason; tests that need it are skipped" >&2
  [ "${CI:-}" = true ] && status=1
done
exit $status
