# Completion of jailpy for fish: made by contrib/completions.py, not edited by hand.

function __jailpy_takes_value --argument-names command # the options of a command that have one
    switch $command
        case run
            string join \n -- -c -m --code --python -p --profile --read --write --env --limit --timeout --cgroup-parent --require --policy-digest --stdin --out --report --exit-status --label
        case exec
            string join \n -- --python -p --profile --read --write --env --limit --timeout --cgroup-parent --require --policy-digest --stdin --out --report --exit-status --label
        case plan
            string join \n -- -c -m --code --python -p --profile --read --write --env --limit --timeout --cgroup-parent --require --policy-digest --stdin --out --report --exit-status --label
        case ps
            string join \n -- 
        case kill
            string join \n -- --label
        case doctor
            string join \n -- 
        case 'profile list'
            string join \n -- 
        case 'profile show'
            string join \n -- 
        case 'profile check'
            string join \n -- 
        case 'profile diff'
            string join \n -- 
        case 'profile new'
            string join \n -- --extends -o
        case 'profile freeze'
            string join \n -- -o
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
    string join \n -- (string split ' ' 'default strict numeric')
    for file in /etc/jailpy/profiles/*.toml $config/jailpy/profiles/*.toml
        string replace -r '.*/(.*)\.toml$' '$1' -- $file
    end
end

function __jailpy_limits
    string join \n -- (string split ' ' 'wall cpu memory memory-high swap cpu-quota cpu-weight cpus io-read io-write tasks open-files file-size write write-files output output.then cgroup-parent')=
end

function __jailpy_layers
    set -l before (string match -r '.*,' -- (commandline -ct | string replace -r '^--[a-z-]+=' ''))
    string join \n -- $before(string split ' ' 'namespaces rootfs capabilities no-new-privs seccomp landlock cgroup')
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
complete -c jailpy -n '__jailpy_at command' -f -a run -d 'Run a Python program in a jail.'
complete -c jailpy -n '__jailpy_at command' -f -a exec -d 'Run any other program, in the same jail.'
complete -c jailpy -n '__jailpy_at command' -f -a plan -d 'Print the steps that run would take here, and take none of them.'
complete -c jailpy -n '__jailpy_at command' -f -a ps -d 'List the runs that live now.'
complete -c jailpy -n '__jailpy_at command' -f -a kill -d 'End runs, and say how each of them ended.'
complete -c jailpy -n '__jailpy_at command' -f -a doctor -d 'Say what this host offers, what is missing, and the line that enables it.'
complete -c jailpy -n '__jailpy_at command' -f -a profile -d 'Show, check, compare and write profiles.'
complete -c jailpy -n '__jailpy_at profile' -f -a list -d 'List the profiles that have names.'
complete -c jailpy -n '__jailpy_at profile' -f -a show -d 'Print a profile, or what it says in effect.'
complete -c jailpy -n '__jailpy_at profile' -f -a check -d 'Say what is too wide in a profile, or contradicts itself.'
complete -c jailpy -n '__jailpy_at profile' -f -a diff -d 'Say what a profile gives that another does not.'
complete -c jailpy -n '__jailpy_at profile' -f -a new -d 'Print a new profile to begin with, full of comments.'
complete -c jailpy -n '__jailpy_at profile' -f -a freeze -d 'Print a profile with all that it inherits, so that no update changes it.'
complete -c jailpy -n '__jailpy_at options run' -s c -x -d 'Run CODE; what follows are its arguments.'
complete -c jailpy -n '__jailpy_at options run' -s m -x -d 'Run a module; what follows are its arguments.'
complete -c jailpy -n '__jailpy_at options run' -l code -x -a '(__fish_complete_directories)' -d 'Show DIR as /plugin, for -m.'
complete -c jailpy -n '__jailpy_at options run' -l python -r -F -d 'The interpreter, a virtual environment\'s too.'
complete -c jailpy -n '__jailpy_at options run' -s p -l profile -r -F -a '(__jailpy_profiles)' -d 'The profile; a file is named with a slash.'
complete -c jailpy -n '__jailpy_at options run' -l read -r -F -d 'Show a file or folder, read-only; HOST:JAIL names its place.'
complete -c jailpy -n '__jailpy_at options run' -l write -r -F -d 'The same, and it can be written to.'
complete -c jailpy -n '__jailpy_at options run' -l env -x -a '(__jailpy_variables)' -d 'Set a variable; without a value, the caller\'s.'
complete -c jailpy -n '__jailpy_at options run' -l limit -x -a '(__jailpy_limits)' -d 'Set a limit, such as memory=1G.'
complete -c jailpy -n '__jailpy_at options run' -l timeout -x -d 'The same as --limit wall=TIME: 500ms, 90s, 5m.'
complete -c jailpy -n '__jailpy_at options run' -l cgroup-parent -r -F -d 'Make its cgroup below this one.'
complete -c jailpy -n '__jailpy_at options run' -l require -x -a '(__jailpy_layers)' -d 'Refuse to run where one of these layers is missing.'
complete -c jailpy -n '__jailpy_at options run' -l policy-digest -x -d 'Refuse to run under any other policy.'
complete -c jailpy -n '__jailpy_at options run' -l stdin -r -F -d 'Its standard input, in place of jailpy\'s own.'
complete -c jailpy -n '__jailpy_at options run' -l out -x -a '(__fish_complete_directories)' -d 'Copy to this folder what the program leaves in /out.'
complete -c jailpy -n '__jailpy_at options run' -l raw -d 'Let a terminal obey all that it writes.'
complete -c jailpy -n '__jailpy_at options run' -l tty -d 'Give it a terminal of its own; without PLUGIN, run Python.'
complete -c jailpy -n '__jailpy_at options run' -l report -r -F -d 'Write a report in JSON.'
complete -c jailpy -n '__jailpy_at options run' -l exit-status -x -a 'plugin outcome' -d 'What the exit status tells.'
complete -c jailpy -n '__jailpy_at options run' -l label -x -d 'What this run is: for the report, ps and kill.'
complete -c jailpy -n '__jailpy_at options run' -l no-history -d 'Keep no report among the last hundred.'
complete -c jailpy -n '__jailpy_at options run' -l json -d 'Print the report, and the output in it, as JSON.'
complete -c jailpy -n '__jailpy_at options run' -s q -d 'Say nothing about how the program ended.'
complete -c jailpy -n '__jailpy_at options run' -s v -d 'Say which layers are on, and how the program ended.'
complete -c jailpy -n '__jailpy_at options exec' -l python -r -F -d 'The interpreter, a virtual environment\'s too.'
complete -c jailpy -n '__jailpy_at options exec' -s p -l profile -r -F -a '(__jailpy_profiles)' -d 'The profile; a file is named with a slash.'
complete -c jailpy -n '__jailpy_at options exec' -l read -r -F -d 'Show a file or folder, read-only; HOST:JAIL names its place.'
complete -c jailpy -n '__jailpy_at options exec' -l write -r -F -d 'The same, and it can be written to.'
complete -c jailpy -n '__jailpy_at options exec' -l env -x -a '(__jailpy_variables)' -d 'Set a variable; without a value, the caller\'s.'
complete -c jailpy -n '__jailpy_at options exec' -l limit -x -a '(__jailpy_limits)' -d 'Set a limit, such as memory=1G.'
complete -c jailpy -n '__jailpy_at options exec' -l timeout -x -d 'The same as --limit wall=TIME: 500ms, 90s, 5m.'
complete -c jailpy -n '__jailpy_at options exec' -l cgroup-parent -r -F -d 'Make its cgroup below this one.'
complete -c jailpy -n '__jailpy_at options exec' -l require -x -a '(__jailpy_layers)' -d 'Refuse to run where one of these layers is missing.'
complete -c jailpy -n '__jailpy_at options exec' -l policy-digest -x -d 'Refuse to run under any other policy.'
complete -c jailpy -n '__jailpy_at options exec' -l stdin -r -F -d 'Its standard input, in place of jailpy\'s own.'
complete -c jailpy -n '__jailpy_at options exec' -l out -x -a '(__fish_complete_directories)' -d 'Copy to this folder what the program leaves in /out.'
complete -c jailpy -n '__jailpy_at options exec' -l raw -d 'Let a terminal obey all that it writes.'
complete -c jailpy -n '__jailpy_at options exec' -l tty -d 'Give it a terminal of its own; without PLUGIN, run Python.'
complete -c jailpy -n '__jailpy_at options exec' -l report -r -F -d 'Write a report in JSON.'
complete -c jailpy -n '__jailpy_at options exec' -l exit-status -x -a 'plugin outcome' -d 'What the exit status tells.'
complete -c jailpy -n '__jailpy_at options exec' -l label -x -d 'What this run is: for the report, ps and kill.'
complete -c jailpy -n '__jailpy_at options exec' -l no-history -d 'Keep no report among the last hundred.'
complete -c jailpy -n '__jailpy_at options exec' -l json -d 'Print the report, and the output in it, as JSON.'
complete -c jailpy -n '__jailpy_at options exec' -s q -d 'Say nothing about how the program ended.'
complete -c jailpy -n '__jailpy_at options exec' -s v -d 'Say which layers are on, and how the program ended.'
complete -c jailpy -n '__jailpy_at options plan' -s c -x -d 'Run CODE; what follows are its arguments.'
complete -c jailpy -n '__jailpy_at options plan' -s m -x -d 'Run a module; what follows are its arguments.'
complete -c jailpy -n '__jailpy_at options plan' -l code -x -a '(__fish_complete_directories)' -d 'Show DIR as /plugin, for -m.'
complete -c jailpy -n '__jailpy_at options plan' -l python -r -F -d 'The interpreter, a virtual environment\'s too.'
complete -c jailpy -n '__jailpy_at options plan' -s p -l profile -r -F -a '(__jailpy_profiles)' -d 'The profile; a file is named with a slash.'
complete -c jailpy -n '__jailpy_at options plan' -l read -r -F -d 'Show a file or folder, read-only; HOST:JAIL names its place.'
complete -c jailpy -n '__jailpy_at options plan' -l write -r -F -d 'The same, and it can be written to.'
complete -c jailpy -n '__jailpy_at options plan' -l env -x -a '(__jailpy_variables)' -d 'Set a variable; without a value, the caller\'s.'
complete -c jailpy -n '__jailpy_at options plan' -l limit -x -a '(__jailpy_limits)' -d 'Set a limit, such as memory=1G.'
complete -c jailpy -n '__jailpy_at options plan' -l timeout -x -d 'The same as --limit wall=TIME: 500ms, 90s, 5m.'
complete -c jailpy -n '__jailpy_at options plan' -l cgroup-parent -r -F -d 'Make its cgroup below this one.'
complete -c jailpy -n '__jailpy_at options plan' -l require -x -a '(__jailpy_layers)' -d 'Refuse to run where one of these layers is missing.'
complete -c jailpy -n '__jailpy_at options plan' -l policy-digest -x -d 'Refuse to run under any other policy.'
complete -c jailpy -n '__jailpy_at options plan' -l stdin -r -F -d 'Its standard input, in place of jailpy\'s own.'
complete -c jailpy -n '__jailpy_at options plan' -l out -x -a '(__fish_complete_directories)' -d 'Copy to this folder what the program leaves in /out.'
complete -c jailpy -n '__jailpy_at options plan' -l raw -d 'Let a terminal obey all that it writes.'
complete -c jailpy -n '__jailpy_at options plan' -l tty -d 'Give it a terminal of its own; without PLUGIN, run Python.'
complete -c jailpy -n '__jailpy_at options plan' -l report -r -F -d 'Write a report in JSON.'
complete -c jailpy -n '__jailpy_at options plan' -l exit-status -x -a 'plugin outcome' -d 'What the exit status tells.'
complete -c jailpy -n '__jailpy_at options plan' -l label -x -d 'What this run is: for the report, ps and kill.'
complete -c jailpy -n '__jailpy_at options plan' -l no-history -d 'Keep no report among the last hundred.'
complete -c jailpy -n '__jailpy_at options plan' -l json -d 'Print it as JSON.'
complete -c jailpy -n '__jailpy_at options plan' -s q -d 'Say nothing about how the program ended.'
complete -c jailpy -n '__jailpy_at options plan' -s v -d 'Say which layers are on, and how the program ended.'
complete -c jailpy -n '__jailpy_at options ps' -l json -d 'Print it as JSON.'
complete -c jailpy -n '__jailpy_at options kill' -l label -x -d 'Those that have this label.'
complete -c jailpy -n '__jailpy_at options kill' -l all -d 'All of them.'
complete -c jailpy -n '__jailpy_at options doctor' -l json -d 'Print it as JSON.'
complete -c jailpy -n '__jailpy_at options "profile list"' -l json -d 'Print it as JSON.'
complete -c jailpy -n '__jailpy_at options "profile show"' -l effective -d 'Print what it says in effect.'
complete -c jailpy -n '__jailpy_at options "profile show"' -l json -d 'Print it as JSON.'
complete -c jailpy -n '__jailpy_at options "profile check"' -l sarif -d 'Print the findings as SARIF 2.1.0.'
complete -c jailpy -n '__jailpy_at options "profile check"' -l json -d 'Print it as JSON.'
complete -c jailpy -n '__jailpy_at options "profile diff"' -l markdown -d 'Print it as Markdown, for a review.'
complete -c jailpy -n '__jailpy_at options "profile diff"' -l json -d 'Print it as JSON.'
complete -c jailpy -n '__jailpy_at options "profile new"' -l extends -r -F -a '(__jailpy_profiles)' -d 'What it builds on: default@1.'
complete -c jailpy -n '__jailpy_at options "profile new"' -s o -r -F -d 'Write it to a new file.'
complete -c jailpy -n '__jailpy_at options "profile freeze"' -s o -r -F -d 'Write it to a new file.'
