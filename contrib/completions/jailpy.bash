# shellcheck shell=bash
# Completion of jailpy for bash: made by contrib/completions.py, not edited by hand.

_jailpy_flags() { # REPLY: the options of the command $1
  case $1 in
    run) REPLY='-c -m --code --python -p --profile --read --write --env --limit --timeout --cgroup-parent --require --policy-digest --stdin --out --raw --tty --report --exit-status --label --no-history --json -q -v -h --help' ;;
    exec) REPLY='--python -p --profile --read --write --env --limit --timeout --cgroup-parent --require --policy-digest --stdin --out --raw --tty --report --exit-status --label --no-history --json -q -v -h --help' ;;
    plan) REPLY='-c -m --code --python -p --profile --read --write --env --limit --timeout --cgroup-parent --require --policy-digest --stdin --out --raw --tty --report --exit-status --label --no-history --json -q -v -h --help' ;;
    ps) REPLY='--json -h --help' ;;
    kill) REPLY='--label --all -h --help' ;;
    doctor) REPLY='--json -h --help' ;;
    'profile list') REPLY='--json -h --help' ;;
    'profile show') REPLY='--effective --json -h --help' ;;
    'profile check') REPLY='--sarif --json -h --help' ;;
    'profile diff') REPLY='--markdown --json -h --help' ;;
    'profile new') REPLY='--extends -o -h --help' ;;
    'profile freeze') REPLY='-o -h --help' ;;
    *) REPLY='--version -h --help' ;;
  esac
}

_jailpy_kind() { # REPLY: how the value of the option $2 of the command $1 is completed; fails where it takes none
  last='' choices=''
  case $1:$2 in
    run:-c) REPLY=nothing last=yes ;;
    run:-m) REPLY=nothing last=yes ;;
    run:--code) REPLY=folders ;;
    run:--python) REPLY=files ;;
    run:-p) REPLY=profiles ;;
    run:--profile) REPLY=profiles ;;
    run:--read) REPLY=files ;;
    run:--write) REPLY=files ;;
    run:--env) REPLY=variables ;;
    run:--limit) REPLY=limits ;;
    run:--timeout) REPLY=nothing ;;
    run:--cgroup-parent) REPLY=files ;;
    run:--require) REPLY=layers ;;
    run:--policy-digest) REPLY=nothing ;;
    run:--stdin) REPLY=files ;;
    run:--out) REPLY=folders ;;
    run:--report) REPLY=files ;;
    run:--exit-status) REPLY=choice choices='plugin outcome' ;;
    run:--label) REPLY=nothing ;;
    exec:--python) REPLY=files ;;
    exec:-p) REPLY=profiles ;;
    exec:--profile) REPLY=profiles ;;
    exec:--read) REPLY=files ;;
    exec:--write) REPLY=files ;;
    exec:--env) REPLY=variables ;;
    exec:--limit) REPLY=limits ;;
    exec:--timeout) REPLY=nothing ;;
    exec:--cgroup-parent) REPLY=files ;;
    exec:--require) REPLY=layers ;;
    exec:--policy-digest) REPLY=nothing ;;
    exec:--stdin) REPLY=files ;;
    exec:--out) REPLY=folders ;;
    exec:--report) REPLY=files ;;
    exec:--exit-status) REPLY=choice choices='plugin outcome' ;;
    exec:--label) REPLY=nothing ;;
    plan:-c) REPLY=nothing last=yes ;;
    plan:-m) REPLY=nothing last=yes ;;
    plan:--code) REPLY=folders ;;
    plan:--python) REPLY=files ;;
    plan:-p) REPLY=profiles ;;
    plan:--profile) REPLY=profiles ;;
    plan:--read) REPLY=files ;;
    plan:--write) REPLY=files ;;
    plan:--env) REPLY=variables ;;
    plan:--limit) REPLY=limits ;;
    plan:--timeout) REPLY=nothing ;;
    plan:--cgroup-parent) REPLY=files ;;
    plan:--require) REPLY=layers ;;
    plan:--policy-digest) REPLY=nothing ;;
    plan:--stdin) REPLY=files ;;
    plan:--out) REPLY=folders ;;
    plan:--report) REPLY=files ;;
    plan:--exit-status) REPLY=choice choices='plugin outcome' ;;
    plan:--label) REPLY=nothing ;;
    kill:--label) REPLY=nothing ;;
    'profile new:--extends') REPLY=profiles ;;
    'profile new:-o') REPLY=files ;;
    'profile freeze:-o') REPLY=files ;;
    *) REPLY='' ;;
  esac
  [ -n "$REPLY" ]
}

_jailpy_profiles() { # the names that can be given without a slash
  local file
  echo default strict numeric
  for file in /etc/jailpy/profiles/*.toml "${XDG_CONFIG_HOME:-$HOME/.config}"/jailpy/profiles/*.toml; do
    file=${file##*/}
    file=${file%.toml}
    [[ $file != *[!A-Za-z0-9._-]* ]] && echo "$file"
  done
}

_jailpy_offer() { # those words after the first two that begin with $1; $2 stands before them on the command line
  local begun=$1 before=$2 word
  shift 2
  for word; do
    [[ $word == "$begun"* ]] && COMPREPLY+=("$before$word")
  done
}

_jailpy_value() { # offer values of the kind REPLY that begin with $1; $2 stands before them
  local -a words
  case $REPLY in
    files) return ;; # readline's own
    folders) compopt +o default -o dirnames && return ;;
    profiles) [[ $1 == */* ]] && return ;;
  esac
  compopt +o default +o bashdefault
  case $REPLY in
    choice) read -ra words <<<"$choices" ;;
    layers)
      read -ra words <<<'namespaces rootfs capabilities no-new-privs seccomp landlock cgroup'
      [[ $1 != *,* ]] || words=("${words[@]/#/${1%,*},}")
      ;;
    limits)
      compopt -o nospace
      read -ra words <<<'wall cpu memory memory-high swap cpu-quota cpu-weight cpus io-read io-write tasks open-files file-size write write-files output output.then cgroup-parent'
      words=("${words[@]/%/=}")
      ;;
    profiles) read -rd '' -a words < <(_jailpy_profiles) ;;
    variables) mapfile -t words < <(compgen -e) ;;
  esac
  _jailpy_offer "$1" "$2" "${words[@]}"
}

_jailpy_rest() { # what follows the options of the command $1
  local -a words
  case $1 in
    run | exec | plan) return ;; # files
    'profile list' | 'profile new') ;;
    profile\ *)
      REPLY=profiles
      _jailpy_value "$2" ''
      return
      ;;
    kill) read -rd '' -a words < <(jailpy ps 2>/dev/null | sed '1d; s/ .*//') ;;
  esac
  compopt +o default +o bashdefault
  _jailpy_offer "$2" '' "${words[@]}"
}

_jailpy() {
  local command='' waits='' over='' word last choices before i
  local -a words=() flags
  COMPREPLY=()
  for ((i = 1; i <= COMP_CWORD; i++)); do # bash parts words at = and : too; here they are whole again
    if ((${#words[@]})) && [[ ${COMP_WORDS[i]} == [=:]* || ${words[-1]} == *[=:] ]]; then
      words[-1]+=${COMP_WORDS[i]}
    else
      words+=("${COMP_WORDS[i]}")
    fi
  done
  for word in "${words[@]::${#words[@]}-1}"; do
    if [ -z "$command" ]; then
      [[ $word == -* ]] || command=$word
    elif [ "$command" = profile ]; then
      [[ $word == -* ]] || command="profile $word"
    elif [ -n "$waits" ]; then
      over=$last waits=''
    elif [[ $word == -- || $word == - || $word != -* ]]; then
      [[ $command == profile\ * ]] || over=yes
    elif [[ $word != --*=* ]] && _jailpy_kind "$command" "$word"; then
      waits=$word
    fi
    [ -z "$over" ] || break
  done
  word=${words[-1]}
  if [ -z "$command" ]; then
    compopt +o default +o bashdefault
    _jailpy_flags ''
    read -ra flags <<<"$REPLY"
    _jailpy_offer "$word" '' run exec plan ps kill doctor profile "${flags[@]}"
  elif [ "$command" = profile ]; then
    compopt +o default +o bashdefault
    _jailpy_offer "$word" '' list show check diff new freeze -h --help
  elif [ -n "$waits" ]; then
    _jailpy_kind "$command" "$waits"
    _jailpy_value "$word" ''
  elif [ -n "$over" ]; then
    _jailpy_rest "$command" "$word"
  elif [[ $word == --*=* ]]; then
    _jailpy_kind "$command" "${word%%=*}" && _jailpy_value "${word#*=}" "${word%%=*}="
  elif [[ $word == -* ]]; then
    compopt +o default +o bashdefault
    _jailpy_flags "$command"
    read -ra flags <<<"$REPLY"
    _jailpy_offer "$word" '' "${flags[@]}"
  else
    _jailpy_rest "$command" "$word"
  fi
  before=${word%"${COMP_WORDS[COMP_CWORD]}"}
  [[ ${COMP_WORDS[COMP_CWORD]} != [=:] ]] || before=$word
  COMPREPLY=("${COMPREPLY[@]#"$before"}") # only what follows the last = or : is replaced
}

complete -o bashdefault -o default -F _jailpy jailpy
