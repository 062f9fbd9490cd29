# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Completion of vzcfgvalidate(8).

_vzcfgvalidate() {
    local current=${COMP_WORDS[COMP_CWORD]}
    case ${COMP_WORDS[COMP_CWORD - 1]} in
    -v | --verbose) mapfile -t COMPREPLY < <(compgen -W "yes no" -- "$current") && return ;;
    esac
    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "--repair --verbose --json --help --version" -- "$current")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
    fi
}
complete -F _vzcfgvalidate vzcfgvalidate
