# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154 # _vz_settings comes from vzctl's
# Completion of vzclone(8).

# What it shares with vzctl lies beside it, under the one name when installed and the other in the sources.
for _vz_file in "${BASH_SOURCE[0]%/*}/vzctl" "${BASH_SOURCE[0]%/*}/../vzctl/vzctl.bash"; do
    # shellcheck source=/dev/null
    [[ -f $_vz_file ]] && . "$_vz_file"
done
unset _vz_file

_vzclone() {
    local option word
    local options="--ip --start --wait --keep-identity --no-freeze --verbose --help --version"
    _vz_option_and_word
    _vz_value "$option" "$word" && return
    if [[ $word == -* ]]; then
        _vz_offer_words "$word" "$options $_vz_settings"
    else
        _vz_offer "$word" "$(_vz_containers)"
    fi
}
complete -F _vzclone vzclone
