"""Completion scripts for bash, zsh and fish, written from the table of commands."""

from __future__ import annotations

from envd_cache.cli.commands import COMMANDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.cli.options import Command, Option

_FILES = {"--output", "--from", "--report", "--envd", "--check"}
_FOLDERS = {"--path"}

# A name may hold spaces and stars. With `filenames` bash quotes them, and puts a `/` behind a folder.
_BASH_PATHS = (
    "_envd_cache_paths() {",
    "    local IFS=$'\\n'",
    '    mapfile -t COMPREPLY < <(compgen "$1" -- "$word")',
    "    compopt -o filenames 2> /dev/null",
    "    return 0",
    "}",
)


def script(shell: str) -> str:
    """Return the script for a shell; it goes where the shell looks, or through `eval`."""
    return {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell]()


def _names(option: Option) -> list[str]:
    return [name for name in (option.name, option.short) if name]


def _bash() -> str:
    commands = " ".join(command.name for command in COMMANDS)
    lines = [
        '# bash completion for envd-cache: eval "$(envd-cache completion bash)"',
        "_envd_cache() {",
        '    local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}"',
        "    COMPREPLY=()",
        # bash takes `--to=bake` and `build.envd:build` apart at the mark.
        '    if [[ $word == "=" ]]; then word=""; fi',
        '    if [[ $before == "=" ]]; then before="${COMP_WORDS[COMP_CWORD-2]}"; fi',
        '    if [[ $word == ":" || $before == ":" ]]; then return; fi',
        "    if [[ $COMP_CWORD -eq 1 ]]; then",
        f'        COMPREPLY=($(compgen -W "{commands} --help --version" -- "$word"))',
        "        return",
        "    fi",
        '    case "${COMP_WORDS[1]}" in',
    ]
    for command in COMMANDS:
        lines += [f"        {command.name})", '            case "$before" in']
        for option in command.options:
            if option.kind == "flag":
                continue
            lines.append(f"                {'|'.join(_names(option))})")
            lines.append(f"                    {_bash_values(option)}")
            lines.append("                    return ;;")
        lines += ["            esac", "            if [[ $word == -* ]]; then"]
        options = " ".join([option.name for option in command.options] + ["--help"])
        lines += [f'                COMPREPLY=($(compgen -W "{options}" -- "$word"))', "            else"]
        lines += [f"                {_bash_operand(command)}", "            fi ;;"]
    lines += ["    esac", "}", *_BASH_PATHS, "complete -F _envd_cache envd-cache"]
    return "\n".join(lines) + "\n"


def _bash_values(option: Option) -> str:
    if option.choices:
        return f'COMPREPLY=($(compgen -W "{" ".join(option.choices)}" -- "$word"))'
    if option.name in _FOLDERS:
        return "_envd_cache_paths -d"
    return "_envd_cache_paths -f" if option.name in _FILES else ":"


def _bash_operand(command: Command) -> str:
    operand = command.operand
    if operand is None:
        return ":"
    if operand.choices:
        return f'COMPREPLY=($(compgen -W "{" ".join(operand.choices)}" -- "$word"))'
    return "_envd_cache_paths -f"


def _zsh() -> str:
    lines = ["#compdef envd-cache", "_envd_cache() {", "    local -a commands", "    commands=("]
    lines += [f"        {_zsh_quote(f'{command.name}:{command.help}')}" for command in COMMANDS]
    lines += [
        "    )",
        "    if (( CURRENT == 2 )); then",
        "        _describe command commands",
        "        return",
        "    fi",
        "    case $words[2] in",
    ]
    for command in COMMANDS:
        lines.append(f"        {command.name})")
        specs = [_zsh_option(option) for option in command.options]
        if command.operand:
            action = f"({' '.join(command.operand.choices)})" if command.operand.choices else "_files"
            place = "*" if command.operand.many else "2"
            specs.append(_zsh_quote(f"{place}:{command.operand.name}:{action}"))
        lines.append("            _arguments " + " ".join([_zsh_quote("1: :"), *specs]) + " ;;")
    lines += ["    esac", "}", 'if [ "$funcstack[1]" = "_envd_cache" ]; then', '    _envd_cache "$@"', "else"]
    lines += ["    compdef _envd_cache envd-cache", "fi"]
    return "\n".join(lines) + "\n"


def _zsh_option(option: Option) -> str:
    help_text = option.help.replace("[", "(").replace("]", ")").replace(":", "")
    star = "*" if option.kind == "list" else ""
    value = ""
    if option.kind != "flag":
        action = f"({' '.join(option.choices)})" if option.choices else ""
        action = action or (
            "_files -/" if option.name in _FOLDERS else "_files" if option.name in _FILES else " "
        )
        value = f":{option.key}:{action}"
    return " ".join(_zsh_quote(f"{star}{name}[{help_text}]{value}") for name in _names(option))


def _zsh_quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _fish() -> str:
    none = " ".join(command.name for command in COMMANDS)
    lines = ["# fish completion for envd-cache: envd-cache completion fish | source"]
    lines.append("complete -c envd-cache -n __fish_use_subcommand -l version -d 'print the version'")
    for command in COMMANDS:
        lines.append(
            f"complete -c envd-cache -f -n 'not __fish_seen_subcommand_from {none}' "
            f"-a {command.name} -d {_fish_quote(command.help)}"
        )
    for command in COMMANDS:
        seen = f"complete -c envd-cache -n '__fish_seen_subcommand_from {command.name}'"
        if command.operand and command.operand.choices:
            lines.append(f"{seen} -f -a '{' '.join(command.operand.choices)}'")
        for option in command.options:
            parts = [seen, f"-l {option.name[2:]}"]
            if option.short:
                parts.append(f"-s {option.short[1:]}")
            if option.kind != "flag":
                parts.append("-r")
            if option.choices:
                parts.append(f"-f -a '{' '.join(option.choices)}'")
            lines.append(" ".join([*parts, f"-d {_fish_quote(option.help)}"]))
    return "\n".join(lines) + "\n"


def _fish_quote(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
