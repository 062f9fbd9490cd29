# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables are set by quickstart
# Part of quickstart: apt, with a memory of what it brings.

apt() {
    DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 \
        -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \
        -o APT::Install-Recommends=false "$@"
}

# Before anything is changed: names of packages that the same command would newly install.
remember_new_packages() {
    apt -s "$@" | awk '$1 == "Inst" && $3 !~ /^\[/ {print $2}' >>"$state/packages"
}

apt_remembering() {
    remember_new_packages "$@" && apt_watching_accounts "$@"
}

accounts() { sed -n 's/^\([^:]*\):.*/\1/p' "/etc/$1" | sort; } # passwd or group

# Packages make accounts and leave them when they are purged.
apt_watching_accounts() {
    local status=0 file
    for file in passwd group; do accounts "$file" >"$state/$file.before"; done
    apt "$@" || status=$?
    for file in passwd group; do accounts "$file" | comm -13 "$state/$file.before" - >>"$state/$file.new"; done
    return "$status"
}

remember_host() {
    mkdir -p "$state"
    [ -e "$state/host" ] && return
    local name
    find /var/lib/apt/lists -maxdepth 1 -name '*Packages*' | grep -q . || : >"$state/no-lists-before"
    find /var/cache/apt/archives -maxdepth 1 -name '*.deb' | grep -q . || : >"$state/no-archives-before"
    for name in "${left_by_packages[@]}"; do [ -e "$name" ] || echo "$name"; done >"$state/absent"
    for name in "${settings[@]}"; do
        [ ! -r "/proc/sys/$name" ] || echo "$name $(cat "/proc/sys/$name")"
    done >"$state/host.new"
    mv "$state/host.new" "$state/host"
}

# The development files of liblxc bring LXC's own services, one of which makes a bridge. They stay off.
keep_lxc_services_off() {
    local unit
    dpkg-query -W lxc >/dev/null 2>&1 && return
    mkdir -p /etc/systemd/system
    for unit in "${lxc_units[@]}"; do
        [ -e "/etc/systemd/system/$unit" ] || ln -s /dev/null "/etc/systemd/system/$unit"
        echo "$unit" >>"$state/masked"
    done
}

install_build_dependencies() {
    dpkg --configure -a
    apt update || return
    keep_lxc_services_off
    apt_remembering install ca-certificates curl dpkg-dev iproute2 || return
    (cd "$source" && apt_remembering build-dep -Pnocheck ./)
}

install_packages() {
    local deb debs=()
    for deb in "$work"/packages/*.deb; do debs+=("$deb"); done
    [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" != Y ] ||
        apt_remembering install apparmor || return
    remember_new_packages install "${debs[@]}" || return
    apt_watching_accounts install --reinstall --allow-downgrades "${debs[@]}" || return
    cp "$work/packages/key" "$state/installed"
}

is_installed() {
    [ "$(cat "$state/installed" 2>/dev/null)" = "$(packages_key "$source")" ] &&
        dpkg-query -W -f '${db:Status-Status}\n' "${our_packages[@]}" 2>/dev/null | grep -qc '^installed' &&
        ! dpkg-query -W -f '${db:Status-Status}\n' "${our_packages[@]}" 2>&1 | grep -qv '^installed'
}
