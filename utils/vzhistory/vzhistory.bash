# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Completion of vzhistory(8).

_vzhistory() {
    local word=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]} file
    local -a ids=()
    COMPREPLY=()
    case $option in
    --since | --until | -s | -u)
        mapfile -t COMPREPLY < <(compgen -W "today yesterday 1h 24h 7d" -- "$word")
        return
        ;;
    --who | -w)
        mapfile -t COMPREPLY < <(compgen -u -- "$word")
        return
        ;;
    --output | -o)
        mapfile -t COMPREPLY < <(compgen -W "time,ctid,who,where,status,what time,ctid,user,command,error" -- "$word")
        return
        ;;
    --last | -n | --note) return ;;
    esac
    if [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "--since --until --who --last --follow --note --output --no-header --json --null
            --help --version" -- "$word")
        return
    fi
    for file in "${VZ_SYSROOT:-}"/etc/vz/conf/*.conf; do
        file=${file##*/} file=${file%.conf}
        [[ $file == [1-9]* && $file != *[!0-9]* ]] && ids+=("$file")
    done
    mapfile -t COMPREPLY < <(compgen -W "${ids[*]}" -- "$word")
}
complete -F _vzhistory vzhistory
