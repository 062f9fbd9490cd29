#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vzbackup killed at calls that write, and failing at them: earlier backups stay sound, the next run needs no repair,
# and nothing half-made stays.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
. "$VZ_SOURCE_DIR/tests/lib/tiny_template.sh"
. "$VZ_SOURCE_DIR/tests/lib/chaos.sh"
need_programs strace
sandbox "$0" "$@"

calls=rename,renameat2,unlinkat,unlink,fsync,fdatasync,write,syncfs,openat,clone,clone3
depot=/var/lib/vz/dump
own=/var/lib/vz/root/101/etc

tiny_template tiny
expect 0 vzctl create 101 --ostemplate tiny --hostname one
expect 0 vzctl mount 101
echo first >"$own/state" && mkdir "$own/own" && ln "$own/state" "$own/own/state"
expect 0 vzctl umount 101
expect 0 vzbackup 101
first=$out
parts=$(cd "$depot" && sha256sum "$first".*)
clean=$(settled_traces)
mkdir "$VZ_SANDBOX/kept"
cp -a "$depot"/*"$first"* "$VZ_SANDBOX/kept/"

# Whatever happened: the first one is as it was, each one listed can be read, and the next run works.
after_backup() {
    equal_quietly "the first backup is untouched" "$parts" "$(cd "$depot" && sha256sum "$first".*)"
    quietly 0 vzbackup list 101
    quietly 0 vzbackup 101
    local id
    for id in $(vzbackup list 101 -Ho id); do
        quietly 0 vzbackup info "$id"
        check_quietly "its manifest is whole" zstd -qt "$depot/$id.files.zst"
    done
    equal_quietly "nothing half-made stays" "" "$(find "$depot" -name '.*.tar.zst' -o -name '.*.files.zst' -o -name '.*.json*' -o -name '.template*.tar*')"
    quietly 0 vzbackup prune 101 --keep-last 1
    rm -f "$depot"/vzbackup-101-*
    (cd "$depot" && cp -a "$VZ_SANDBOX"/kept/* .)
    same_traces "$clean"
}
quietly 0 vzctl mount 101
echo second >"$own/state"
quietly 0 vzctl umount 101
STRACE=-f step_through backup "$calls" after_backup vzbackup 101

# ---- no space, and a disk that does not write ---------------------------------------------------------------------
failing() { # ERROR CALL: at each of its calls
    local n failed=0
    for ((n = 1; n < 200; ++n)); do
        where="$1 at $2 $n"
        STRACE=-f traced -e trace="$2" -e inject="$2:error=$1:when=$n" -- vzbackup --quiet 101 && [ -s "$VZ_TMP/out" ] || failed=$((failed + 1))
        grep -q INJECTED "$VZ_TMP/trace" || break
        after_backup
    done
    check "$1 at each $2: nothing is lost (fails at $failed of $((n - 1)))" test "$failed" -gt 2
}
failing ENOSPC write
failing EIO fsync

# ---- a depot that is full -----------------------------------------------------------------------------------------
full=$VZ_TMP/full
mkdir "$full" && mount -t tmpfs -o size=64k tmpfs "$full"
quietly 0 vzctl mount 101
head -c 1M /dev/urandom >"$own/big"
quietly 0 vzctl umount 101
expect 46 vzbackup --dumpdir "$full" 101
equal "nothing of it is left there" "" "$(find "$full" -name 'vzbackup-*')"
umount "$full"
finish
