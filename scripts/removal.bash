# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables are set by quickstart
# Part of quickstart: taking everything away again.

remove_container() {
    local ctid
    command -v vzctl >/dev/null || return 0
    ctid=$(our_container) || return 0
    vzctl stop "$ctid" --fast
    vzctl destroy "$ctid" && rm -f "/etc/vz/conf/$ctid".*destroyed
}

remove_templates() {
    local name
    [ -e "$state/templates" ] && command -v vztemplate >/dev/null || return 0
    sort -u "$state/templates" | while read -r name; do
        vztemplate info "$name" >/dev/null 2>&1 || continue
        vztemplate remove "$name" || echo "$name stays: it is in use"
    done
}

installed_of() { # NAME…: those that are installed or have left configuration
    dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null | awk '$2 != "not-installed" {print $1}'
}

# What we brought, without what something else has come to need.
packages_to_purge() {
    local ours others needed
    mapfile -t ours < <(sort -u "$state/packages" | sed 's/:.*//')
    mapfile -t ours < <(installed_of "${ours[@]}" "${our_packages[@]}" | sort -u)
    [ "${#ours[@]}" -gt 0 ] || return 0
    mapfile -t others < <(apt -s purge "${ours[@]}" | awk '$1 == "Purg" || $1 == "Remv" {print $2}' |
        sort -u | comm -23 - <(printf '%s\n' "${ours[@]}"))
    [ "${#others[@]}" -gt 0 ] || { printf '%s\n' "${ours[@]}" && return; }
    mapfile -t needed < <(apt-cache depends --recurse --installed --no-suggests --no-conflicts --no-breaks \
        --no-replaces --no-enhances "${others[@]}" | grep -v '^[ |<]' | sort -u)
    comm -23 <(printf '%s\n' "${ours[@]}") <(printf '%s\n' "${needed[@]}")
}

purge_packages() {
    local list
    [ -e "$state/packages" ] || return 0
    dpkg --configure -a
    mapfile -t list < <(packages_to_purge)
    [ "${#list[@]}" -eq 0 ] || apt purge "${list[@]}"
}

# Accounts that our packages made; if one of the packages had to stay, the accounts stay with it.
remove_accounts() {
    local name
    mapfile -t left < <(cut -d : -f 1 "$state/packages" 2>/dev/null)
    [ "${#left[@]}" -gt 0 ] && [ -z "$(installed_of "${left[@]}")" ] || return 0
    while read -r name; do userdel "$name" || true; done < <(created_accounts passwd)
    while read -r name; do groupdel "$name" || true; done < <(created_accounts group)
}

created_accounts() { # passwd or group: those that are still there
    [ ! -e "$state/$1.new" ] || accounts "$1" | comm -12 - <(sort -u "$state/$1.new")
}

restore_host() {
    local unit setting value name
    remove_accounts
    [ ! -e "$state/absent" ] || while read -r name; do
        rm -df "$name" || true
    done <"$state/absent"
    [ ! -e "$state/masked" ] || while read -r unit; do
        [ "$(readlink "/etc/systemd/system/$unit")" != /dev/null ] || rm "/etc/systemd/system/$unit"
    done < <(sort -u "$state/masked")
    [ ! -e "$state/host" ] || while read -r setting value; do
        echo "$value" >"/proc/sys/$setting"
    done <"$state/host"
    [ ! -e "$state/no-archives-before" ] || apt-get clean
    [ ! -e "$state/no-lists-before" ] || find /var/lib/apt/lists -type f -not -name lock -delete
    rm -rf "$state"
}

remove_files() {
    rm -rf "$work"
    rmdir --ignore-fail-on-non-empty "$source/.cache" 2>/dev/null || true
}

tear_down() {
    [ "$(id -u)" -eq 0 ] || die "must be run as root: try sudo ./quickstart --remove"
    [ -d "$state" ] || die "nothing to remove: there is no $state"
    lock
    local log
    log=$(mktemp /tmp/quickstart-remove.XXXXXX)
    steps_begin 5 "$log"
    step "Removing the container" remove_container
    step "Removing the template" remove_templates
    step "Purging packages it brought" purge_packages
    step "Restoring settings" restore_host
    step "Removing files" remove_files
    rm -f "$log"
    echo "Everything quickstart brought is gone."
}
