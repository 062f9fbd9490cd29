# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Completion of vzhosts(8).

_vzhosts() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    case $before in
    -f | --format)
        mapfile -t COMPREPLY < <(compgen -W "hosts dnsmasq zone" -- "$current")
        return
        ;;
    -u | --update)
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
        ;;
    -p | --push)
        mapfile -t COMPREPLY < <(compgen -A hostname -S : -- "$current")
        return
        ;;
    -[dez] | --domain | --rsh | --zone | --name-server | --contact) return ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "--format --domain --update --containers --push --rsh --zone --name-server
        --contact --check --json --quiet --help --version" -- "$current")
}
complete -o filenames -F _vzhosts vzhosts
