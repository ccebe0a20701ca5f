# shellcheck shell=bash
# What vm-run and bare-run share: sourced.

mirror() { # where this host gets Debian from
  local found
  found=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
    sed -n 's/^URIs: *//p; s/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*\) .*/\2/p' | grep '/debian/*$' | head -1 || true)
  echo "${found:-http://deb.debian.org/debian}"
}

hash() { sha256sum | cut -c1-12; }

open_cache() { # sets $cache, where images are kept, and holds its lock until close_cache
  cache=${JAILPY_VM_CACHE:-/var/cache/jailpy/machines}
  install -d -m 700 "$cache"
  exec 9>"$cache/lock"
  flock 9
}

close_cache() { exec 9>&-; }
