#!/usr/bin/env bash
# Install jailpy from this checkout, with what it needs from the system.
#
#   ./install.sh [--dry-run]              install: as root for everybody, below /usr/local; as a user below ~/.local
#   ./install.sh [--dry-run] run WORD...  install what is missing, then `jailpy run WORD...`
#   ./install.sh [--dry-run] test [ARG]...  install the test tools too, then run the whole suite
#   ./install.sh [--dry-run] uninstall    remove all that the above put in place, system packages excepted
#
# Exit status: that of jailpy or of the tests; 125 when something is missing that this user cannot install.
set -euo pipefail

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dry_run=''
python=''
oldest='3, 11'

# shellcheck source=contrib/install/packages.sh
. "$source_dir/contrib/install/packages.sh"

# Everything that we say goes to stderr: stdout belongs to what `run` runs.
say() { echo "jailpy: $*" >&2; }

fail() {
  say "$1"
  [ -z "${2:-}" ] || echo "  $2" >&2
  exit 125
}

act() { # do it, or under --dry-run say it
  if [ -n "$dry_run" ]; then
    [ "$1" != quietly ] || shift
    echo "would do: $*" >&2
  else
    "$@"
  fi
}

quietly() { # run a command that has much to say; show it only when it fails
  local log status=0
  log=$(mktemp)
  "$@" >"$log" 2>&1 </dev/null || status=$?
  [ "$status" = 0 ] || tail -n 20 "$log" >&2
  rm -f "$log"
  return "$status"
}

# --- where things go -------------------------------------------------------------------------------------------------

set_places() { # for the user that runs this
  if [ "$(id -u)" = 0 ]; then
    library=/usr/local/lib/jailpy bin=/usr/local/bin man=/usr/local/share/man/man1
    umask 022 # for everybody, whatever root's own habit
  else
    local home=${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}
    { [ -d "$home" ] && [ -w "$home" ]; } || fail "there is no home folder to install to" "set HOME to a folder of yours"
    library=$home/.local/share/jailpy bin=$home/.local/bin man=$home/.local/share/man/man1
  fi
}

fingerprint() { # of all that an installed jailpy is made from: an edited checkout is another jailpy
  (cd "$source_dir" && find pyproject.toml install.sh contrib/install jailpy profiles man -type f ! -name '*.py[co]' -print0 |
    LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16)
}

is_complete() { # has this environment been finished, for the interpreter that is there now
  [ -x "$1/bin/python" ] && [ "$(cat "$1/complete" 2>/dev/null)" = "$(readlink -f "$1/bin/python")" ]
}

mark_complete() { readlink -f "$1/bin/python" >"$1/complete"; }

# --- the interpreter -------------------------------------------------------------------------------------------------

find_python() { # sets $python, or leaves it empty: new enough, and for root one that other users can execute too
  local candidate
  for candidate in /usr/bin/python3 /usr/bin/python3.1[1-9] /usr/local/bin/python3 /usr/local/bin/python3.1[1-9] \
    "$(command -v python3 || true)"; do
    [ -x "$candidate" ] || continue
    candidate=$("$candidate" -I -c "import sys
if sys.version_info >= ($oldest): print(sys._base_executable)" 2>/dev/null) || continue
    if [ -n "$candidate" ] && { [ "$(id -u)" != 0 ] || is_open_to_all "$candidate"; }; then
      python=$candidate
      return
    fi
  done
}

is_open_to_all() { # can any user reach and execute this file
  local path
  path=$(readlink -f "$1")
  while :; do
    [ $(($(stat -c 0%a "$path") & 1)) = 1 ] || return 1
    [ "$path" != / ] || return 0
    path=$(dirname "$path")
  done
}

# --- install, run, test, uninstall -----------------------------------------------------------------------------------

make_environment() { # a virtual environment at $1 with what pip is told to install
  local environment=$1
  shift
  act rm -rf "$environment"
  act mkdir -p "$(dirname "$environment")"
  act quietly "$python" -I -m venv "$environment" || fail "no virtual environment could be made at $environment"
  # A user's pip may be set to install into the home folder, which an environment refuses.
  PIP_USER=0 act quietly "$environment/bin/python" -I -m pip install --quiet --no-input --disable-pip-version-check "$@" ||
    fail "pip could not install jailpy" "the network, or a compiler, may be missing; the lines above are pip's"
  act mark_complete "$environment"
}

write_launcher() { # $bin/jailpy, which starts the environment at $1; replaced by one rename
  local interpreter=$1/bin/python new=$bin/.jailpy.$$
  mkdir -p "$bin"
  # A script with its interpreter in the first line saves a shell; the kernel allows it neither blanks nor great length.
  if [[ $interpreter =~ [[:space:]] ]] || [ ${#interpreter} -gt 120 ]; then
    printf '#!/bin/sh\nexec %q -I -m jailpy "$@"\n' "$interpreter" >"$new" # slower by a shell and a site module
  else
    # -S: what the environment holds is known, and 3 ms are saved by not looking.
    printf '#!%s -IS\nimport sys\n\nsys.path.append("%s")\nfrom jailpy.__main__ import main\n\nraise SystemExit(main())\n' \
      "$interpreter" "$(echo "$1"/lib/python3*/site-packages)" >"$new"
  fi
  chmod 755 "$new"
  mv "$new" "$bin/jailpy"
}

install_jailpy() { # unless this very jailpy is there; sets $environment
  local old
  environment=$library/$(fingerprint)
  is_complete "$environment" && [ -x "$bin/jailpy" ] && grep -qF "$environment" "$bin/jailpy" && return
  need_to_run
  say "installing to $library"
  act mkdir -p "$library"
  [ -n "$dry_run" ] || { exec 9>"$library/lock" && flock 9; } # two at once: the second finds it done
  is_complete "$environment" || make_environment "$environment" "$source_dir"
  act write_launcher "$environment"
  act mkdir -p "$man"
  act cp "$source_dir"/man/*.1 "$man/"
  for old in "$library"/*; do
    [ "$old" = "$environment" ] || [ ! -d "$old" ] || act rm -rf "$old"
  done
  [ -n "$dry_run" ] || exec 9>&-
}

system_has_it() { # root has installed this very jailpy
  local environment
  environment=/usr/local/lib/jailpy/$(fingerprint)
  is_complete "$environment" && grep -qsF "$environment" /usr/local/bin/jailpy
}

run_jailpy() {
  if system_has_it; then bin=/usr/local/bin; else install_jailpy; fi
  act exec "$bin/jailpy" run "$@"
}

run_tests() {
  local environment=$source_dir/.venv wanted
  need_to_test
  wanted=$(sha256sum <"$source_dir/pyproject.toml")
  if ! is_complete "$environment" || [ "$(cat "$environment/project" 2>/dev/null)" != "$wanted" ]; then
    say "installing the test tools to $environment"
    make_environment "$environment" --editable "${source_dir}[test]"
    [ -n "$dry_run" ] || echo "$wanted" >"$environment/project"
  fi
  cd "$source_dir"
  act exec "$environment/bin/python" -m pytest -n auto --dist worksteal "$@"
}

uninstall() {
  local page
  act rm -rf "$library" "$source_dir/.venv"
  for page in "$source_dir"/man/*.1; do act rm -f "$man/$(basename "$page")"; done
  if grep -qsF "$library" "$bin/jailpy"; then act rm -f "$bin/jailpy"; fi
  [ "$(id -u)" != 0 ] || act rm -rf /var/cache/jailpy
}

main() {
  if [ "${1:-}" = --dry-run ]; then
    dry_run=yes
    shift
  fi
  [ "$(uname -s)" = Linux ] || fail "jailpy needs Linux" "on Windows use WSL2, on macOS Lima or another virtual machine"
  local verb=${1:-install}
  [ $# = 0 ] || shift
  set_places
  case $verb in
    install)
      install_jailpy
      [ -n "$dry_run" ] || [[ :$PATH: == *:$bin:* ]] || say "installed as $bin/jailpy; $bin is not in PATH"
      ;;
    run) run_jailpy "$@" ;;
    test) run_tests "$@" ;;
    uninstall) uninstall ;;
    -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" ;;
    *) fail "unknown command: $verb" "./install.sh --help lists them" ;;
  esac
}

main "$@"
