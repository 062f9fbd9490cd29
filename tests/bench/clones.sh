#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How long clone, snapshot and rollback of a stopped container take on the layouts that need no copy of everything:
# tests/bench/clones.sh, with the tools to measure installed or first in PATH. MB (1000) is the container's size, RUNS (5)
# how often; the best and the median are told; *: written by the container itself. Needs root.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export VZ_SOURCE_DIR=${VZ_SOURCE_DIR:-$(dirname "$(dirname "$here")")}
export VZ_TMP=${VZ_TMP:-$(mktemp -d)}
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
. "$VZ_SOURCE_DIR/tests/lib/tiny_template.sh"
. "$VZ_SOURCE_DIR/tests/lib/btrfs.sh"
sandbox "$0" "$@"

mb=${MB:-1000} runs=${RUNS:-5}
id=11111111-1111-1111-1111-111111111111

big_template() {
    local tree=$VZ_SANDBOX/tree part
    mkdir "$tree" && tiny_tree "$tree" && mkdir "$tree/data"
    for part in $(seq 1 10); do
        head -c "${mb}00K" /dev/urandom >"$tree/data/$part"
    done
    tar --numeric-owner -C "$tree" -cf /var/lib/vz/template/cache/big.tar .
    rm -rf "$tree"
}

timed() { # COMMAND…: adds milliseconds to $times
    local begin=${EPOCHREALTIME/./}
    "$@" >/dev/null || fail "$*"
    times+=($(((${EPOCHREALTIME/./} - begin) / 1000)))
}

row() { # WHAT
    mapfile -t times < <(printf '%s\n' "${times[@]}" | sort -n)
    printf '%-10s %-20s %8s %8s\n' "$layout" "$1" "${times[0]}" "${times[$((${#times[@]} / 2))]}"
    times=()
}

measure() { # LAYOUT
    local layout=$1 n times=() clones=() snapshots=() rollbacks=()
    vzctl --quiet create 101 --ostemplate big --layout "$layout" || fail "create"
    for ((n = 0; n < runs; n++)); do
        timed vzclone 101 102; clones+=("${times[@]}"); times=()
        timed vzctl snapshot 101 --id "$id"; snapshots+=("${times[@]}"); times=()
        timed vzctl snapshot-switch 101 --id "$id"; rollbacks+=("${times[@]}"); times=()
        vzctl --quiet snapshot-delete 101 --id "$id"
        vzctl --quiet destroy 102
    done
    times=("${clones[@]}"); row clone
    times=("${snapshots[@]}"); row snapshot
    times=("${rollbacks[@]}"); row snapshot-switch
    vzctl --quiet destroy 101
}

# The same where the container itself wrote it all. Once it is shared, nothing is left to do: each is timed the first time.
write_much() {
    vzctl --quiet mount 101 && head -c "${mb}M" "$VZ_SANDBOX/random" >"/var/lib/vz/root/101/own.$1" && vzctl --quiet umount 101
}

measure_own() { # LAYOUT
    local layout="$1*" n times=() clones=() snapshots=() rollbacks=()
    head -c "${mb}M" /dev/urandom >"$VZ_SANDBOX/random"
    for ((n = 0; n < runs; n++)); do
        vzctl --quiet create 101 --ostemplate big --layout "$1" || fail "create"
        write_much clone
        timed vzclone 101 102; clones+=("${times[@]}"); times=()
        write_much snapshot
        timed vzctl snapshot 101 --id "$id"; snapshots+=("${times[@]}"); times=()
        timed vzctl snapshot-switch 101 --id "$id"; rollbacks+=("${times[@]}"); times=()
        vzctl --quiet destroy 102
        vzctl --quiet destroy 101
    done
    times=("${clones[@]}"); row clone
    times=("${snapshots[@]}"); row snapshot
    times=("${rollbacks[@]}"); row snapshot-switch
}

printf '%-10s %-20s %8s %8s\n' "$mb MB" "$runs runs" "best ms" "median"
big_template
measure overlay
measure_own overlay
mkdir "$VZ_SANDBOX/keep" && mv /var/lib/vz/template/cache/big.tar "$VZ_SANDBOX/keep/"
btrfs_data $((mb * 4 + 500))M
mv "$VZ_SANDBOX/keep/big.tar" /var/lib/vz/template/cache/
measure btrfs
exit "${failures:-0}"
