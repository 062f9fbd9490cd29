# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Completion of vzfirewall(8).

_vzfirewall() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} words
    case $before in
    -p | --policy)
        mapfile -t COMPREPLY < <(compgen -W "drop accept" -- "$current")
        return
        ;;
    esac
    if [[ $current == -* ]]; then
        words="--out --policy --no-header --json --null --quiet --help --version"
    elif [ "$COMP_CWORD" -eq 1 ]; then
        words="show add del set test reload"
    elif [[ $COMP_CWORD -eq 2 || ${COMP_WORDS[1]} == @(show|test|reload) ]]; then
        words=$(vzlist -a -H -o ctid 2>/dev/null)
    elif [[ ${COMP_WORDS[1]} == del ]]; then
        words=$(vzfirewall show --json "${COMP_WORDS[2]}" 2>/dev/null | sed -n 's/.*"rule": "\([^"]*\)".*/\1/p')
    else
        words="tcp: udp: icmp any"
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -F _vzfirewall vzfirewall
