# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Completion of vzdf(8).

_vzdf() {
    local current=${COMP_WORDS[COMP_CWORD]} words
    words=$(vzlist -a -H -o ctid 2>/dev/null)
    [[ $current == -* ]] && words="--walk --output --no-header --json --null --help --version"
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -F _vzdf vzdf
