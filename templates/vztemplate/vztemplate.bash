# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for vztemplate
_vztemplate() {
    local cur prev verb word
    cur=${COMP_WORDS[COMP_CWORD]}
    prev=${COMP_WORDS[COMP_CWORD - 1]}
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case $word in build | list | info | verify | remove | import | fetch) verb=$word && break ;; esac
    done
    case $prev in
    --keyring) mapfile -t COMPREPLY < <(compgen -f -- "$cur") && return ;;
    --recipe-dir) mapfile -t COMPREPLY < <(compgen -d -- "$cur") && return ;;
    --mirror | --name | --sha256) return ;;
    -o | --output)
        mapfile -t COMPREPLY < <(compgen -W "name size date suite architecture users origin tree sha256 archive" -- "$cur")
        return
        ;;
    esac
    if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "--all --force --mirror --no-updates --keyring --recipe-dir --recipes --name --sha256
            --no-signature --dry-run --output --no-header --json --null --quiet --verbose --help --version" -- "$cur")
        return
    fi
    case $verb in
    "") mapfile -t COMPREPLY < <(compgen -W "build list info verify remove import fetch" -- "$cur") ;;
    build) mapfile -t COMPREPLY < <(compgen -W "$(vztemplate list --recipes 2>/dev/null | cut -d ' ' -f 1)" -- "$cur") ;;
    info | verify | remove) mapfile -t COMPREPLY < <(compgen -W "$(vztemplate list -H -o name 2>/dev/null)" -- "$cur") ;;
    import) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    esac
}
complete -o filenames -F _vztemplate vztemplate
