# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Completion of vzubc(8).

_vzubc() {
    local current=${COMP_WORDS[COMP_CWORD]} words
    words=$(vzlist -a -H -o ctid 2>/dev/null)
    [[ $current == -* ]] && words="--failed --json --null --help --version"
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -F _vzubc vzubc
