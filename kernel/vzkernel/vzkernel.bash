# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Completion of vzkernel(8).

_vzkernel() {
    local current=${COMP_WORDS[COMP_CWORD]} words="check"
    [[ $current == -* ]] && words="--json --no-header --help --version"
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -F _vzkernel vzkernel
