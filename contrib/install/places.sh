# shellcheck shell=bash
# Where an installed jailpy stands, and the small files around it: sourced by install.sh, which has say, fail, act,
# quietly and the variables source_dir and dry_run.
# shellcheck disable=SC2034,SC2154 # variables that go from one file to the other

set_places() { # for the user that runs this
  home=${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}
  if [ "$(id -u)" = 0 ]; then
    library=/usr/local/lib/jailpy bin=/usr/local/bin share=/usr/local/share
    umask 022 # for everybody, whatever root's own habit
  else
    { [ -d "$home" ] && [ -w "$home" ]; } || fail "there is no home folder to install to" "set HOME to a folder of yours"
    library=$home/.local/share/jailpy bin=$home/.local/bin share=$home/.local/share
  fi
}

small_files() { # a line for each: the file in the checkout, a tab, where it goes
  local file
  for file in "$source_dir"/man/*.[1-9] "$source_dir"/contrib/completions/*; do
    printf '%s\t%s/' "$file" "$share"
    case ${file##*/} in
      *.[1-9]) echo "man/man${file##*.}/${file##*/}" ;;
      # The places in which each shell looks for completions that did not come with the system.
      *.bash) echo bash-completion/completions/jailpy ;;
      *.fish) echo "fish/vendor_completions.d/${file##*/}" ;;
      _*) echo "zsh/site-functions/${file##*/}" ;;
    esac
  done
}

place_small_files() { # those that are not there yet, or are another version's
  local from to
  while IFS=$'\t' read -r from to; do
    cmp -s "$from" "$to" || act install -D -m 644 "$from" "$to"
  done < <(small_files)
}

remove_small_files() {
  local to
  while IFS=$'\t' read -r _ to; do
    [ ! -e "$to" ] || act rm -f "$to"
  done < <(small_files)
}

traces() { # folders that this user's jails leave: what was worked out, reports and audit lines, what runs now
  if [ "$(id -u)" = 0 ]; then
    printf '%s\n' /var/cache/jailpy /var/lib/jailpy /run/jailpy
  else
    printf '%s\n' "${XDG_CACHE_HOME:-$home/.cache}/jailpy" "${XDG_STATE_HOME:-$home/.local/state}/jailpy" \
      "${XDG_RUNTIME_DIR:-/run/user/$(id -u)}/jailpy" "/tmp/jailpy-$(id -u)"
  fi
}

# --- AppArmor --------------------------------------------------------------------------------------------------------

restriction=/proc/sys/kernel/apparmor_restrict_unprivileged_userns # Ubuntu 23.10 and newer
profiles=/etc/apparmor.d

namespaces_are_for_all() { [ "$(cat "$restriction" 2>/dev/null)" != 1 ]; }

allow_namespaces() { # where AppArmor keeps unnamed programs from user namespaces, name our launcher
  local ours=$source_dir/contrib/apparmor/jailpy
  [ -e "$restriction" ] || return 0
  if [ "$(id -u)" != 0 ]; then
    namespaces_are_for_all || grep -qsF "$bin/jailpy" "$profiles"/* || say_how_to_allow "$ours"
    return 0
  fi
  ! cmp -s "$ours" "$profiles/jailpy" || return 0
  act install -D -m 644 "$ours" "$profiles/jailpy"
  if command -v apparmor_parser >/dev/null; then
    act quietly apparmor_parser --replace "$profiles/jailpy" || say "AppArmor did not load $profiles/jailpy"
  fi
}

say_how_to_allow() { # to a user, whose launcher stands elsewhere; $1: the profile of root's
  local name change
  name=$profiles/jailpy-$(id -un)
  change="s|^profile jailpy \"[^\"]*\"|profile ${name##*/} \"$bin/jailpy\"|; s|<local/jailpy>|<local/${name##*/}>|"
  say "AppArmor keeps the programs of ordinary users from user namespaces here, jailpy too:" \
    "an administrator must run this line once, as root:"
  printf '  sed %q %q >%q && apparmor_parser --replace %q\n' "$change" "$1" "$name" "$name" >&2
}

forbid_namespaces() { # take the profile out of the kernel, and its file and what the parser made of it off the disk
  local kept
  [ "$(id -u)" = 0 ] && [ -e "$profiles/jailpy" ] || return 0
  ! command -v apparmor_parser >/dev/null || act quietly apparmor_parser --remove "$profiles/jailpy" || true
  act rm -f "$profiles/jailpy"
  for kept in /var/cache/apparmor/*/jailpy; do
    [ ! -e "$kept" ] || act rm -f "$kept"
  done
}
