#!/usr/bin/env bash
# Install jailpy from this checkout, with what it needs from the system.
#
#   ./install.sh                install: as root for everybody, below /usr/local; as a user below ~/.local
#   ./install.sh run WORD...    install what is missing, then `jailpy run WORD...`
#   ./install.sh test [ARG]...  install the test tools too, then run the whole suite
#   ./install.sh bundle DIR     collect in DIR what an install takes from the network, for hosts that have none
#   ./install.sh uninstall      remove all that the above put in place but system packages; reports and caches too
#
# Before the command:
#   --dry-run                   only say what would be done
#   --wheelhouse DIR            take Python packages from DIR, made by bundle, and nothing from the network
#
# Exit status: that of jailpy or of the tests; 125 when something is missing that this user cannot install.
set -euo pipefail

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dry_run=''
wheelhouse=''
python=''
oldest='3, 11'

# shellcheck source=contrib/install/packages.sh
. "$source_dir/contrib/install/packages.sh"
# shellcheck source=contrib/install/places.sh
. "$source_dir/contrib/install/places.sh"

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

# --- the environment --------------------------------------------------------------------------------------------------

fingerprint() { # of all that an installed jailpy is made from: an edited checkout is another jailpy
  (cd "$source_dir" && find pyproject.toml install.sh contrib jailpy profiles man -type f ! -name '*.py[co]' -print0 |
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
  pip "$environment" install "$@"
}

pip() { # that of the environment $1, with the words that follow
  local environment=$1 from=() hint="the network, or a compiler, may be missing; the lines above are pip's"
  if [ -n "$wheelhouse" ]; then
    from=(--no-index --find-links "$wheelhouse")
    hint="the bundle must have been made from this version, for this Python and this architecture"
  fi
  shift
  # A user's pip may be set to install into the home folder, which an environment refuses.
  PIP_USER=0 act quietly "$environment/bin/python" -I -m pip --quiet --no-input --disable-pip-version-check "$@" \
    "${from[@]}" || fail "pip could not install jailpy" "$hint"
}

write_launcher() { # $bin/jailpy, which starts the environment at $1; replaced by one rename
  local interpreter=$1/bin/python new=$bin/.jailpy.$$
  mkdir -p "$bin"
  # A script with its interpreter in the first line saves a shell; the kernel allows it neither blanks nor great length.
  if [[ $interpreter =~ [[:space:]] ]] || [ ${#interpreter} -gt 120 ]; then
    printf '#!/bin/sh\nexec %q -I -m jailpy "$@"\n' "$interpreter" >"$new" # slower by a shell and a site module
  else
    "$interpreter" -I -c 'from jailpy import keep; print(keep.script(), end="")' >"$new" ||
      fail "the command could not be made"
  fi
  chmod 755 "$new"
  mv "$new" "$bin/jailpy"
}

install_jailpy() { # what of this very jailpy is not there yet
  environment=$library/$(fingerprint)
  { is_complete "$environment" && grep -qsF "$environment" "$bin/jailpy"; } || install_environment "$environment"
  place_small_files
  allow_namespaces
}

install_environment() { # to $1, with the launcher that starts it, in place of any other version
  local environment=$1 old
  if [ -n "$wheelhouse" ]; then need_to_install_wheels; else need_to_run; fi
  say "installing to $library"
  act mkdir -p "$library"
  [ -n "$dry_run" ] || { exec 9>"$library/lock" && flock 9; } # two at once: the second finds it done
  if ! is_complete "$environment"; then
    make_environment "$environment" "$source_dir"
    act "$environment/bin/python" -X no_debug_ranges -I -m jailpy.keep || fail "the modules of a start could not be kept in one file"
    act "$environment/bin/python" -I -m jailpy.plan.precompile || fail "the shipped profiles could not be compiled"
    act mark_complete "$environment"
  fi
  act write_launcher "$environment"
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
  namespaces_are_for_all || fail "AppArmor keeps the copies of jailpy that the tests make from user namespaces" \
    "as root, until the tests are through: sysctl kernel.apparmor_restrict_unprivileged_userns=0"
  need_to_test
  wanted=$(sha256sum <"$source_dir/pyproject.toml")
  if ! is_complete "$environment" || [ "$(cat "$environment/project" 2>/dev/null)" != "$wanted" ]; then
    say "installing the test tools to $environment"
    make_environment "$environment" --editable "${source_dir}[test]"
    [ -n "$dry_run" ] || echo "$wanted" >"$environment/project"
    act mark_complete "$environment"
  fi
  cd "$source_dir"
  act exec "$environment/bin/python" -m pytest -n auto --dist worksteal "$@"
}

bundle() { # wheels of jailpy, of what it needs, and of what builds it, in the folder $1
  local environment builder
  need_to_run
  environment=$(mktemp -d)
  # shellcheck disable=SC2064 # the folder of now, not of later
  trap "rm -rf '$environment'" EXIT
  builder=$(sed -n 's/^requires = \["\(.*\)"\]$/\1/p' "$source_dir/pyproject.toml")
  act quietly "$python" -I -m venv "$environment" || fail "no virtual environment could be made at $environment"
  pip "$environment" wheel --use-pep517 --wheel-dir "$1" "$builder" "$source_dir"
  say "to install without a network: ./install.sh --wheelhouse $1"
}

uninstall() {
  local trace
  remove_small_files
  forbid_namespaces
  act rm -rf "$library" "$source_dir/.venv"
  if grep -qsF "$library" "$bin/jailpy"; then act rm -f "$bin/jailpy"; fi
  while read -r trace; do
    [ ! -e "$trace" ] || act rm -rf "$trace"
  done < <(traces)
}

usage() { sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; }

main() {
  while :; do
    case ${1:-} in
      --dry-run) dry_run=yes && shift ;;
      --wheelhouse)
        [ -d "${2:-}" ] || fail "--wheelhouse needs a folder of wheels" "./install.sh bundle DIR makes one"
        wheelhouse=$(cd "$2" && pwd)
        shift 2
        ;;
      *) break ;;
    esac
  done
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
    bundle)
      [ $# = 1 ] || fail "bundle needs one folder" "./install.sh bundle DIR"
      bundle "$1"
      ;;
    uninstall) uninstall ;;
    -h | --help) usage ;;
    *) fail "unknown command: $verb" "./install.sh --help lists them" ;;
  esac
}

main "$@"
