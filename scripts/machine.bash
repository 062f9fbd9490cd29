# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables are set by quickstart
# Part of quickstart: is this the machine for it?

check_machine() {
    [ "$(id -u)" -eq 0 ] || die "must be run as root: try sudo ./quickstart"
    check_system
    check_kernel
    check_space /var 2500
    check_space "$source" 800
}

check_system() {
    local ID="" VERSION_ID=""
    [ -r /etc/os-release ] && . /etc/os-release
    [ "$ID" = debian ] || die "this is not Debian (${ID:-unknown}); the packages are for Debian 12 and 13"
    case "$VERSION_ID" in
    12 | 13) ;;
    *) die "this is Debian ${VERSION_ID:-of unknown version}; the packages are for Debian 12 and 13" ;;
    esac
}

check_kernel() {
    unshare --user --map-root-user true 2>/dev/null ||
        die "this kernel does not allow user namespaces; see sysctl user.max_user_namespaces, or leave the sandbox this shell runs in"
    unshare --mount true 2>/dev/null || die "no right to mount here: this shell runs in a confined container"
    grep -q ' - cgroup2\? ' /proc/self/mountinfo ||
        die "no cgroup hierarchy is mounted; try: mount -t cgroup2 cgroup2 /sys/fs/cgroup"
}

check_space() { # FOLDER MEGABYTES
    local free
    free=$(df -Pm "$1" | awk 'NR == 2 {print $4}')
    [ "$free" -ge "$2" ] || [ -e "$state/installed" ] ||
        die "$1 has $free MB of free space; $2 MB are needed"
}
