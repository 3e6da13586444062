"""Completion for bash, zsh and fish: scripts that hold all they offer, so that the TAB key starts no program.

In bash and fish a function reads the words before the cursor: which command they name, which option waits for how many
more values, or how many words stood at their places. zsh does that by itself.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from brave_tf.cli.completion_words import SETTINGS
from brave_tf.cli.interface import Argument, Command

HEAD = "# Completion of brave-tf for {0}, written by `brave-tf completion {0}`; write it again after an upgrade.\n"
ROOT = {
    "--help": "show the commands",
    "--version": "print the version",
    "--json": "print the result as JSON",
    "--quiet": "print nothing but warnings and errors",
    "--verbose": "print more than usual",
}


def bash_script(commands: Sequence[Command]) -> str:
    """The script for bash."""
    takes = "".join(
        f"        {_bash_case(command, what, argument)}) REPLY={_quoted(_told(argument))} ;;\n"
        for command in commands
        for what, argument in _what_takes(command)
    )
    options = "".join(
        f"        {command.name}) REPLY={_quoted(' '.join(_names(command)))} ;;\n" for command in commands
    )
    first = " ".join([*(command.name for command in commands), *ROOT])
    return HEAD.format("bash") + _BASH.replace("@TAKES@", takes).replace("@OPTIONS@", options).replace("@FIRST@", first)


def fish_script(commands: Sequence[Command]) -> str:
    """The script for fish."""
    takes = "".join(
        f"        case {_quoted(f'{command.name} {what}')}\n"
        f"            string split ' ' -- {_quoted(_told(argument))}\n"
        for command in commands
        for what, argument in _what_takes(command)
    )
    options = "".join(
        f"        case {command.name}\n"
        + "".join(
            f"            printf '%s\\t%s\\n' {name} {_quoted(each.help)}\n"
            for each in command.options
            for name in each.names
        )
        for command in commands
    )
    helps = {**{command.name: command.help for command in commands}, **ROOT}
    first = "".join(f"        printf '%s\\t%s\\n' {name} {_quoted(text)}\n" for name, text in helps.items())
    return HEAD.format("fish") + _FISH.replace("@TAKES@", takes).replace("@OPTIONS@", options).replace("@FIRST@", first)


def zsh_script(commands: Sequence[Command]) -> str:
    """The script for zsh."""
    described = "".join(f"        {_quoted(f'{command.name}:{command.help}')}\n" for command in commands)
    root = " ".join(_quoted(f"{name}[{text}]") for name, text in ROOT.items())
    cases = "".join(
        f"            {command.name})\n                _arguments"
        + "".join(f" \\\n                    {spec}" for spec in _zsh_specs(command))
        + "\n                ;;\n"
        for command in commands
    )
    script = _ZSH.replace("@COMMANDS@", described).replace("@ROOT@", root).replace("@CASES@", cases)
    return "#compdef brave-tf\n" + HEAD.format("zsh") + script


def _what_takes(command: Command) -> Iterator[tuple[str, Argument]]:
    """Places by their number, and options by their spellings, with what they take."""
    for number, place in enumerate(command.places, start=1):
        yield str(number), place
    for option in command.options:
        yield from ((name, option) for name in option.names if option.most != 0)


def _told(argument: Argument) -> str:
    """How many values an argument takes, whether they are files, and the words that they may be."""
    count = "many" if argument.most is None else str(argument.most)
    return " ".join([count, "files" if argument.values == "path" else "-", *argument.words])


def _names(command: Command) -> list[str]:
    return [name for option in command.options for name in option.names]


def _bash_case(command: Command, what: str, argument: Argument) -> str:
    # The last of the words at places may be several.
    if not argument.is_option and argument.most is None:
        return f"'{command.name} '[{what}-9]*"
    return f"'{command.name} {what}'"


def _zsh_specs(command: Command) -> Iterator[str]:
    for number, place in enumerate(command.places, start=1):
        at = "*" if place.most is None else f"{number}" if place.is_required else f"{number}:"
        yield _quoted(f"{at}:{place.names[0]}:{_zsh_action(place)}")
    for option in command.options:
        text = option.help.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
        value = f"{option.metavar.replace(':', ' ')}:{_zsh_action(option)}"
        values = {0: "", None: f":*-*:{value}"}.get(option.most, f":{value}" * (option.most or 0))
        yield from (_quoted(f"*{name}[{text}]{values}") for name in option.names)


def _zsh_action(argument: Argument) -> str:
    words = " ".join(argument.words)
    if argument.name == SETTINGS:
        return f'{{compadd -S "" -- {words}}}'
    if argument.values == "path":
        return f"{{_files; compadd -- {words}}}" if words else "_files"
    return f"({words})" if words else " "


def _quoted(text: str) -> str:
    """A word of a script that all three shells read as it is."""
    return "'" + text.replace("'", "\u2019") + "'"


_BASH = """
_brave_tf_takes() {
    # What an option, or a place by its number, takes: how many values, whether files, and the words that are known.
    case "$1 $2" in
@TAKES@        *) REPLY='0 -' ;;
    esac
}

_brave_tf_options() {
    case "$1" in
@OPTIONS@        *) REPLY='' ;;
    esac
}

_brave_tf() {
    local word=${COMP_WORDS[COMP_CWORD]} command='' option='' place=1 left=0 each i REPLY IFS=$' \t\n'
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        each=${COMP_WORDS[i]}
        if [[ $each == [=:] ]]; then
            # Bash divides --seed=1 and narrow.frames=16 there.
            ((i++))
        elif [[ -z $command ]]; then
            [[ $each == -* ]] || command=$each
        elif [[ $each == -* ]]; then
            option=$each
            _brave_tf_takes "$command" "$option"
            left=${REPLY%% *}
        elif [[ $left == many ]]; then
            :
        elif ((left > 0)); then
            ((left--))
        else
            ((place++))
        fi
    done
    if [[ -z $command ]]; then
        COMPREPLY=($(compgen -W '@FIRST@' -- "$word"))
        return
    fi
    if [[ $left == 0 ]]; then option=$place; fi
    _brave_tf_takes "$command" "$option"
    set -- $REPLY
    if [[ $word == -* || $1 == 0 ]]; then
        _brave_tf_options "$command"
        COMPREPLY=($(compgen -W "$REPLY" -- "$word"))
        return
    fi
    if (($# > 2)); then COMPREPLY=($(compgen -W "${*:3}" -- "$word")); fi
    if [[ ${COMPREPLY[0]} == *= ]]; then compopt -o nospace 2> /dev/null; fi
    if [[ $2 == files ]]; then
        compopt -o filenames 2> /dev/null
        while IFS= read -r each; do COMPREPLY+=("$each"); done < <(compgen -f -- "$word")
    fi
}

complete -F _brave_tf brave-tf
"""

_FISH = """
function __brave_tf_takes
    # What an option, or a place by its number, takes: how many values, whether files, and the words that are known.
    switch "$argv[1] $argv[2]"
@TAKES@    end
end

function __brave_tf_options
    switch "$argv[1]"
@OPTIONS@    end
end

function __brave_tf_complete
    set -l word (commandline -ct)
    set -l before (commandline -opc)
    set -l command ''
    set -l option ''
    set -l place 1
    set -l left 0
    for each in $before[2..-1]
        if test -z "$command"
            string match -q -- '-*' $each; or set command $each
        else if string match -q -- '-*' $each
            set -l parts (string split -m 1 = -- $each)
            set option $parts[1]
            set left (__brave_tf_takes $command $option)[1]
            # Its value stands in the same word.
            test (count $parts) -gt 1 -a "$left" != many; and set left 0
        else if test "$left" = many
            continue
        else if test "$left" -gt 0 2> /dev/null
            set left (math $left - 1)
        else
            set place (math $place + 1)
        end
    end
    if test -z "$command"
@FIRST@        return
    end
    if test -z "$left" -o "$left" = 0
        set option $place
        set left 0
    end
    set -l taken (__brave_tf_takes $command $option)
    # The last of the words at places may be several.
    while test -z "$taken[1]" -a "$option" = "$place" -a $place -gt 1
        set place (math $place - 1)
        set option $place
        set taken (__brave_tf_takes $command $option)
        test "$taken[1]" = many; or set -e taken
    end
    if string match -q -- '-*' $word; or test -z "$taken[1]"
        __brave_tf_options $command
        return
    end
    test (count $taken) -gt 2; and printf '%s\\n' $taken[3..-1]
    test "$taken[2]" = files; and __fish_complete_path $word
end

complete -c brave-tf -e
complete -c brave-tf -f -a '(__brave_tf_complete)'
"""

_ZSH = """
_brave-tf() {
    local context state state_descr line
    typeset -A opt_args
    local -a commands
    commands=(
@COMMANDS@    )
    _arguments -C @ROOT@ '1:command:->command' '*:: :->rest'
    case $state in
        command) _describe -t commands command commands ;;
        rest)
            case $words[1] in
@CASES@            esac
            ;;
    esac
}

if [[ $funcstack[1] == _brave-tf ]]; then
    _brave-tf "$@"
else
    compdef _brave-tf brave-tf
fi
"""

SCRIPTS: Mapping[str, Callable[[Sequence[Command]], str]] = {
    "bash": bash_script,
    "zsh": zsh_script,
    "fish": fish_script,
}
