#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # out and err are set by expect
# vzbackup consolidate killed at calls that write, and failing at them: what is backed up can be restored after each,
# and nothing half-made stays.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
. "$VZ_SOURCE_DIR/tests/lib/tiny_template.sh"
. "$VZ_SOURCE_DIR/tests/lib/chaos.sh"
need_programs strace
sandbox "$0" "$@"

calls=rename,renameat2,unlinkat,unlink,fsync,fdatasync,write,openat,clone,clone3,execve,chroot,mount
depot=/var/lib/vz/dump
own=/var/lib/vz/root/101/etc

change() { # WORD: and a backup of it
    expect 0 vzctl mount 101
    echo "$1" >"$own/state"
    expect 0 vzctl umount 101
    expect 0 vzbackup 101
}

tiny_template tiny
expect 0 vzctl create 101 --ostemplate tiny --hostname one
expect 0 vzctl mount 101
mkdir "$own/own" && echo kept >"$own/own/kept" && ln "$own/own/kept" "$own/link"
expect 0 vzctl umount 101
change first
change second
change third
clean=$(settled_traces)
mkdir "$VZ_SANDBOX/kept"
cp -a "$depot"/vzbackup-101-* "$VZ_SANDBOX/kept/"
mapfile -t ids < <(vzbackup list 101 -Ho id)
newest=${ids[2]}

before_consolidate() {
    rm -f "$depot"/vzbackup-101-* "$depot"/.vzbackup-101-*.zst
    cp -a "$VZ_SANDBOX"/kept/* "$depot/"
}
# Whatever happened: every backup is sound, and the next run works and leaves nothing.
after_consolidate() {
    local id
    quietly 0 vzbackup verify "${ids[@]}"
    quietly 0 vzbackup consolidate "$newest"
    equal_quietly "it is full" 0 "$(vzbackup info "$newest" --json | jq .links)"
    quietly 0 vzbackup prune 101 --keep-last 1
    equal_quietly "nothing else stays" "$newest.full.files.zst $newest.full.tar.zst $newest.json" \
        "$(find "$depot" \( -name 'vzbackup-*' -o -name '.vzbackup-*' \) ! -name '*.lock' -printf '%f\n' | sort | xargs)"
    id=$(vzrestore "$newest" --path etc/state --to - | tar -xO ./etc/state)
    equal_quietly "its files are those it had" third "$id"
    before_consolidate
    same_traces "$clean"
}
STRACE=-f step_through consolidate "$calls" after_consolidate vzbackup consolidate 101

failing() { # ERROR CALL: at each of its calls
    local n failed=0
    for ((n = 1; n < 200; ++n)); do
        where="$1 at $2 $n"
        before_consolidate
        STRACE=-f traced -e trace="$2" -e inject="$2:error=$1:when=$n" -- vzbackup --quiet consolidate 101 && [ -s "$VZ_TMP/out" ] || failed=$((failed + 1))
        grep -q INJECTED "$VZ_TMP/trace" || break
        after_consolidate
    done
    check "$1 at each $2: nothing is lost (fails at $failed of $((n - 1)))" test "$failed" -gt 2
}
failing ENOSPC write
failing EIO fsync
finish
