# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Completion of vzbackup(8).

_vzbackup() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    case $before in
    -m | --mode)
        mapfile -t COMPREPLY < <(compgen -W "snapshot suspend stop" -- "$current")
        return
        ;;
    -d | --dumpdir)
        mapfile -t COMPREPLY < <(compgen -d -- "$current")
        return
        ;;
    --script)
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
        ;;
    -x | --exclude)
        mapfile -t COMPREPLY < <(compgen -W "$(vzlist -aHo ctid 2>/dev/null)" -- "$current")
        return
        ;;
    -o | --output | --full-every | --exclude-path | --bwlimit | --lockwait | --mailto | --keep-* | --maxfiles) return ;;
    esac
    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "--all --exclude --dumpdir --mode --stop --suspend --snapshot --full --full-every
            --exclude-path --stdexcludes --bwlimit --lockwait --script --mailto --mail-error-only --keep-last --keep-hourly
            --keep-daily --keep-weekly --keep-monthly --keep-yearly --maxfiles --dry-run --no-header --output --json --null
            --quiet --help --version" -- "$current")
        return
    fi
    case ${COMP_WORDS[1]} in
    umount) mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
    info | verify | consolidate | diff | mount | remove) mapfile -t COMPREPLY < <(compgen -W "$(vzbackup list -Ho id 2>/dev/null)" -- "$current") ;;
    *) mapfile -t COMPREPLY < <(compgen -W "list info verify consolidate diff mount umount remove prune $(vzlist -aHo ctid,name 2>/dev/null)" -- "$current") ;;
    esac
}
complete -o filenames -F _vzbackup vzbackup
