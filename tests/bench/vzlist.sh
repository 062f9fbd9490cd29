#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How long vzlist takes with many configured containers: tests/bench/vzlist.sh [CONTAINERS [RUNS]], with the vzlist to
# measure first in PATH. Needs no root.
set -eu

containers=${1:-1000}
runs=${2:-20}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

make_host() {
    local source ctid
    source=$(dirname "$0")/../../utils/conf
    mkdir -p "$root/etc/vz/conf" "$root/run/vz"
    cp "$source/vz.conf" "$root/etc/vz/"
    for ((ctid = 101; ctid < 101 + containers; ctid++)); do
        {
            cat "$source/ve-basic.conf-sample"
            printf 'OSTEMPLATE="debian-13-x86_64-minimal"\nHOSTNAME="ct%s.example.org"\nNAME="web%s"\n' "$ctid" "$ctid"
            printf 'IP_ADDRESS="10.0.%s.%s 2001:db8::%s"\n' $((ctid / 256)) $((ctid % 256)) "$ctid"
            printf 'NAMESERVER="inherit"\nLOCAL_UID="1006632960"\nLOCAL_GID="1006632960"\n'
        } >"$root/etc/vz/conf/$ctid.conf"
    done
}

# Wall clock and CPU of one run, and the most memory it had (where time(1) is installed).
measure() { # ARGUMENTS…
    local i peak="-" wall user kernel TIMEFORMAT='%R %U %S'
    read -r wall user kernel < <({ time for ((i = 0; i < runs; i++)); do
        vzlist "$@" >"$root/out" 2>/dev/null || true
    done; } 2>&1)
    [ -x /usr/bin/time ] && peak=$(/usr/bin/time -q -f %M vzlist "$@" 2>&1 >/dev/null | tail -n 1)
    awk -v runs="$runs" -v wall="$wall" -v cpu="$user $kernel" -v peak="$peak" -v what="vzlist $*" 'BEGIN {
        split(cpu, part, " ")
        printf "%-30s %8.1f %8.1f %8s\n", what, wall / runs * 1000, (part[1] + part[2]) / runs * 1000, peak }'
}

export VZ_SYSROOT=$root
make_host
printf '%-30s %8s %8s %8s\n' "$containers containers, $runs runs" "wall ms" "CPU ms" "KB"
measure -a
measure -a -o vpsid,status -H
measure -a -s -hostname
measure -a -j
measure
measure 150
