# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Completion of vzlist(8).

_vzlist() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} head="" words
    case $before in
    -o | --output)
        # Fields are joined by commas: complete the last one.
        [[ $current == *,* ]] && head=${current%,*},
        words=$(vzlist -L 2>/dev/null | cut -d ' ' -f 1)
        mapfile -t COMPREPLY < <(compgen -P "$head" -W "$words" -- "${current#"$head"}")
        return
        ;;
    -s | --sort)
        words=$(vzlist -L 2>/dev/null | cut -d ' ' -f 1)
        [[ $current == -* ]] && head=-
        mapfile -t COMPREPLY < <(compgen -P "$head" -W "$words" -- "${current#-}")
        return
        ;;
    -[hNd] | --hostname | --name_filter | --description) return ;;
    esac
    words=$(vzlist -a -H -o ctid 2>/dev/null)
    [[ $current == -* ]] && words="--all --stopped --name --no-header --no-trim --json --output --ids --sort --hostname
        --name_filter --description --list --null --help --version"
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -F _vzlist vzlist
