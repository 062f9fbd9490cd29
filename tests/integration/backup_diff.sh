#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016,SC2154 # words for a shell inside; out and err are set by expect
# vzbackup diff: what differs between backups, and between a backup and its container now.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
. "$VZ_SOURCE_DIR/tests/lib/backup_tree.sh"
sandbox "$0" "$@"
sandbox_template

depot=/var/lib/vz/dump
root=/var/lib/vz/root/101

expect 0 vzctl create 101 --hostname web
expect 0 vzctl start 101
many_kinds
expect 0 vzctl stop 101 --fast
expect 0 vzbackup 101
first=$out
expect 0 vzbackup diff 101
equal "a container that has not changed does not differ" "" "$out"
expect 0 vzbackup diff "$first" "$first"

expect 0 vzctl start 101
expect 0 vzctl exec2 101 'cd /srv; echo two >>deep/er/file; chmod 600 shared/1; chown 12:13 shared/2; touch -d 2001-01-01T00:00Z shared/3
    rm shared/4 soft; ln -s elsewhere soft; echo new >new; rm pipe; mkdir pipe; : >"$(printf "odd\n2")"
    chmod 700 /etc/default; echo x >>/etc/issue; touch -r /etc/hostname /etc/issue; rm -r /usr/share/doc/apt; rm /etc/debian_version; mv /etc/motd /etc/motd2'
expect 0 vzctl stop 101 --fast
expected='changed content,time /etc/issue
changed mode /etc/default
removed - /etc/debian_version
removed - /etc/motd
added - /etc/motd2
changed content,mode,time /srv/deep/er/file
changed content,mode,time /srv/link
added - /srv/new
added - /srv/odd\n2
changed type /srv/pipe
changed mode /srv/shared/1
changed owner,group /srv/shared/2
changed time /srv/shared/3
removed - /srv/shared/4
changed target,time /srv/soft
removed - /usr/share/doc/apt'
# (Writing takes the set-id bit away.) Left out: folders' times, what the guest itself wrote while it ran, and what lies below a folder that is gone.
essential() { grep -E ' /(srv/|etc/(issue|default|debian_version|motd)|usr/share/doc/apt$)' | grep -v '^changed time /srv/\(shared\|deep\)$' | LC_ALL=C sort -k 3; }
expect 1 vzbackup diff "$first"
equal "to the container now" "$(LC_ALL=C sort -k 3 <<<"$expected")" "$(essential <<<"$out")"
check "each file of a removed folder is named" grep -q '^removed - /usr/share/doc/apt/' <<<"$out"
expect 0 vzbackup 101
second=$out
expect 1 vzbackup diff "$first" "$second"
equal "to another backup" "$(LC_ALL=C sort -k 3 <<<"$expected")" "$(essential <<<"$out")"
forth=$out
expect 1 vzbackup diff "$second" "$first"
equal "and back: as many lines" "$(wc -l <<<"$forth")" "$(wc -l <<<"$out")"
check "what was removed is added" grep -q '^added - /etc/motd$' <<<"$out"

expect 1 vzbackup diff "$first" "$second" --json
equal "JSON: one object a line" "$(wc -l <<<"$forth")" "$(jq -s length <<<"$out")"
equal "with how" 'changed ["mode"] file' "$(jq -r 'select(.path == "/srv/shared/1") | "\(.change) \(.how) \(.type)"' <<<"$out")"
equal "odd names in base 64" "$(printf '/srv/odd\n2')" "$(jq -r 'select(.path64) | .path64' <<<"$out" | base64 -d)"
vzbackup diff "$first" "$second" -0 >"$VZ_TMP/nul"
check "-0: names as they are" grep -qz "^added - /srv/odd
2\$" "$VZ_TMP/nul"

# The same files under other inodes, ids and times of change, on another layout: nothing differs.
expect 0 vzrestore 101 102 --layout dir --no-scripts
vzbackup 102 >"$VZ_TMP/id"
expect 0 vzbackup diff "$second" "$(cat "$VZ_TMP/id")"
sed -i "s/^VE_UUID=.*/$(grep ^VE_UUID= /etc/vz/conf/101.conf)/" /etc/vz/conf/102.conf
expect 0 vzbackup diff 102
expect 0 vzctl mount 102
: >/var/lib/vz/root/102/srv/sparse
expect 0 vzctl umount 102
expect 1 vzbackup diff 102
equal "a file with holes that is empty now" "changed content,time /srv/sparse" "$out"
expect 0 vzctl destroy 102

expect 0 vzctl start 101
check_not "of a running container" vzbackup diff "$first" -q >/dev/null
expect 0 vzctl stop 101 --fast
# ---- trouble is none of 0 and 1 ------------------------------------------------------------------------------------
expect 3 vzbackup diff "$first" vzbackup-101-2001_01_01-00_00_00
expect 2 vzbackup diff
expect 2 vzbackup diff "$first" "$first" "$first"
printf '\x5a' | dd of="$depot/$first.files.zst" bs=1 seek=100 conv=notrunc 2>/dev/null
expect 3 vzbackup diff "$first" "$second"
check "names what is damaged" grep -q "$first.files.zst" <<<"$err"
printf '\x5a' | dd of="$(ls $depot/template-*)" bs=1 seek=10000 conv=notrunc 2>/dev/null
expect 3 vzbackup diff "$second"
check "a damaged template too" grep -q "template-.* is damaged" <<<"$err"
expect 0 vzctl destroy 101
expect 14 vzbackup diff "$second"
finish
