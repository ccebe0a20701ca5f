# Completion of jailpy for fish: made by contrib/completions.py, not edited by hand.

function __jailpy_takes_value --argument-names command # the options of a command that have one
    switch $command
@@takes
    end
end

function __jailpy_at --argument-names place command # is the cursor at the command, among its options, or behind them
    set -l words (commandline -opc)[2..]
    set -l found
    set -l at command
    set -l waits
    for word in $words
        if test -z "$found"
            string match -q -- '-*' $word; or set found $word
            test -n "$found"; and set at options
            test "$found" = profile; and set at profile
        else if test "$found" = profile
            string match -q -- '-*' $word; and continue
            set found "profile $word"
            set at options
        else if test -n "$waits"
            contains -- $waits -c -m; and set at rest
            set waits
        else if contains -- $word - --; or not string match -q -- '-*' $word
            string match -q 'profile *' -- $found; or set at rest
        else if contains -- $word (__jailpy_takes_value $found)
            set waits $word
        end
        test $at = rest; and break
    end
    test $at = $place; and test -z "$command" -o "$command" = "$found"
end

function __jailpy_profiles
    set -l config $HOME/.config
    set -q XDG_CONFIG_HOME; and set config $XDG_CONFIG_HOME
    string join \n -- (string split ' ' '@@profiles')
    for file in /etc/jailpy/profiles/*.toml $config/jailpy/profiles/*.toml
        string replace -r '.*/(.*)\.toml$' '$1' -- $file
    end
end

function __jailpy_limits
    string join \n -- (string split ' ' '@@limits')=
end

function __jailpy_layers
    set -l before (string match -r '.*,' -- (commandline -ct | string replace -r '^--[a-z-]+=' ''))
    string join \n -- $before(string split ' ' '@@layers')
end

function __jailpy_variables
    set --names -x
end

function __jailpy_runs
    jailpy ps 2>/dev/null | string match -rv '^ID ' | string replace -r ' .*' ''
end

complete -c jailpy -n '__jailpy_at command' -f
complete -c jailpy -n '__jailpy_at command' -l version -d 'Print the version.'
complete -c jailpy -n 'not __jailpy_at rest' -s h -l help -d 'Print the help.'
complete -c jailpy -n '__jailpy_at profile' -f
for command in show check diff freeze
    complete -c jailpy -n "__jailpy_at options 'profile $command'" -a '(__jailpy_profiles)'
end
complete -c jailpy -n '__jailpy_at options "profile list"' -f
complete -c jailpy -n '__jailpy_at options "profile new"' -f
complete -c jailpy -n '__jailpy_at options ps' -f
complete -c jailpy -n '__jailpy_at options doctor' -f
complete -c jailpy -n '__jailpy_at options kill' -f -a '(__jailpy_runs)'
complete -c jailpy -n '__jailpy_at rest kill' -f -a '(__jailpy_runs)'
@@lines
