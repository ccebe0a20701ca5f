# @@linted
# Completion of jailpy for bash: made by contrib/completions.py, not edited by hand.

_jailpy_flags() { # REPLY: the options of the command $1
  case $1 in
@@flags
    *) REPLY='--version -h --help' ;;
  esac
}

_jailpy_kind() { # REPLY: how the value of the option $2 of the command $1 is completed; fails where it takes none
  last='' choices=''
  case $1:$2 in
@@kinds
    *) REPLY='' ;;
  esac
  [ -n "$REPLY" ]
}

_jailpy_profiles() { # the names that can be given without a slash
  local file
  echo @@profiles
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
      read -ra words <<<'@@layers'
      [[ $1 != *,* ]] || words=("${words[@]/#/${1%,*},}")
      ;;
    limits)
      compopt -o nospace
      read -ra words <<<'@@limits'
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
    _jailpy_offer "$word" '' @@commands "${flags[@]}"
  elif [ "$command" = profile ]; then
    compopt +o default +o bashdefault
    _jailpy_offer "$word" '' @@profile_commands -h --help
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
