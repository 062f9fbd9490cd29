# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154 # _vz_settings comes from vzctl's
# Completion of vzrestore(8).

# What it shares with vzctl lies beside it, under the one name when installed and the other in the sources.
for _vz_file in "${BASH_SOURCE[0]%/*}/vzctl" "${BASH_SOURCE[0]%/*}/../vzctl/vzctl.bash"; do
    # shellcheck source=/dev/null
    [[ -f $_vz_file ]] && . "$_vz_file"
done
unset _vz_file

_vzrestore() {
    local option word
    local options="--dumpdir --path --to --layout --ip --force --no-scripts --start --wait --dry-run --json --verbose --help --version"
    _vz_option_and_word
    case $option in
    -d | --dumpdir | -t | --to)
        compopt -o dirnames 2>/dev/null
        return
        ;;
    --layout) _vz_offer_words "$word" "dir overlay btrfs lvm lvmthin" && return ;;
    esac
    _vz_value "$option" "$word" && return
    if [[ $word == -* ]]; then
        _vz_offer_words "$word" "$options $_vz_settings"
    elif [[ $word == */* ]]; then
        compopt -o default 2>/dev/null
    else
        _vz_offer "$word" "$(vzbackup list -Ho id 2>/dev/null)"$'\n'"$(_vz_containers)"
    fi
}
complete -F _vzrestore vzrestore
