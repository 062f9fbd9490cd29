#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016,SC2154 # words for a shell inside; out and err are set by expect
# vzbackup mount: a backup as a folder, for reading, and nothing left of it afterwards.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
. "$VZ_SOURCE_DIR/tests/lib/backup_tree.sh"
sandbox "$0" "$@"
sandbox_template

at=$VZ_TMP/mounted
mkdir "$at"
expect 0 vzctl create 101 --hostname web
expect 0 vzctl start 101
many_kinds
expect 0 vzctl stop 101 --fast
expect 0 vzbackup 101
expect 0 vzctl mount 101
echo later >/var/lib/vz/root/101/etc/motd
expect 0 vzctl umount 101
was=$(tree_of 101)
expect 0 vzbackup 101
id=$out

if ! vzbackup mount 101 "$at" >"$VZ_TMP/out" 2>"$VZ_TMP/err"; then
    grep -q "vzrestore --to" "$VZ_TMP/err" && skip "this kernel does not map the owners of a tmpfs"
    fail "mount: $(cat "$VZ_TMP/err")"
fi
equal "prints its id" "$id" "$(cat "$VZ_TMP/out")"
equal "all is as it was" "$(sed '/^0 0 d 755 [^ ]* *$/d' <<<"$was")" "$(tree_in "$at" | sed '/^0 0 d 700 [^ ]* *$/d')"
check "only for reading" grep -q " $at ro,nosuid,nodev" /proc/self/mountinfo
check_not "nothing can be written" touch "$at/new"
check "nobody but root gets in" test "$(stat -c %a "$at")" = 700
expect 51 vzbackup umount "$VZ_TMP"
(cd "$at" && exec sleep 1000) &
busy=$!
sleep 0.3
expect 51 vzbackup umount "$at"
kill $busy
wait $busy 2>/dev/null
expect 0 vzbackup umount "$at"
check_not "it is gone" mountpoint -q "$at"
expect 51 vzbackup umount "$at"

bad=0
for n in 0.02 0.05 0.1 0.2 0.4 0.8; do
    timeout -s KILL "$n" vzbackup mount 101 "$at" >/dev/null 2>&1
    ! mountpoint -q "$at" || { [ "$(cat "$at/etc/motd")" = later ] && vzbackup umount "$at" || bad=1; }
done
equal "killed at any time, it is there as a whole or not at all" 0 $bad

expect 2 vzbackup mount 101
expect 2 vzbackup umount
expect 1 vzbackup mount vzbackup-101-2001_01_01-00_00_00 "$at"
printf '\x5a' | dd of="/var/lib/vz/dump/$id.files.zst" bs=1 seek=100 conv=notrunc 2>/dev/null
expect 1 vzbackup mount 101 "$at"
check_not "a damaged one is not shown" mountpoint -q "$at"
expect 0 vzctl destroy 101
finish
