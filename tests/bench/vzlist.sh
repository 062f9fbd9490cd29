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

measure() { # ARGUMENTS…
    local begin end i peak
    begin=$(date +%s%N)
    for ((i = 0; i < runs; i++)); do
        VZ_SYSROOT=$root vzlist "$@" >"$root/out" 2>&1 || true
    done
    end=$(date +%s%N)
    peak=$(VZ_SYSROOT=$root python3 - "$@" <<'PYTHON'
import resource, subprocess, sys
subprocess.run(["vzlist"] + sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
PYTHON
)
    printf '%-28s %7.1f ms %5s MB %7s lines\n' "vzlist $*" "$(((end - begin) / runs / 1000))e-3" "$peak" \
        "$(wc -l <"$root/out")"
}

make_host
echo "$containers configured containers, mean of $runs runs"
measure -a
measure -a -o vpsid,status -H
measure -a -s -hostname
measure -a -j
measure
measure 150
