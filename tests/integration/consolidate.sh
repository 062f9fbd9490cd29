#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016,SC2154 # words for a shell inside; out and err are set by expect
# vzbackup consolidate: one full archive out of a chain, the same files, and nothing that leans on the others any more.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
. "$VZ_SOURCE_DIR/tests/lib/backup_tree.sh"
sandbox "$0" "$@"
sandbox_template

depot=/var/lib/vz/dump
part() { echo "$depot/$1.$2"; }
parts() { find "$depot" -name 'vzbackup-*' -printf '%f\n' | sort | xargs; }
restored() { # BACKUP: its files, from a container made of it
    expect 0 vzrestore "$1" 201
    tree_of 201 >"$VZ_TMP/restored"
    expect 0 vzctl destroy 201
}
chain() {
    expect 0 vzctl start 101
    many_kinds
    # Holes in a file that is too large to be kept in memory.
    expect 0 vzctl exec 101 'cd /srv; truncate -s 40M holes; for at in 0 15000000 30000001; do head -c 4000000 /dev/urandom | dd of=holes bs=1M oflag=seek_bytes seek=$at conv=notrunc 2>/dev/null; done; truncate -s 9M all_hole'
    expect 0 vzctl stop 101 --fast
    expect 0 vzbackup 101
    first=$out
    first_tree=$(tree_of 101)
    expect 0 vzctl start 101
    expect 0 vzctl exec2 101 'cd /srv; mv deep moved; echo two >moved/er/file; rm soft shared/7; echo new >shared/new; rm -r /usr/share/doc/apt; printf more >>holes'
    expect 0 vzctl stop 101 --fast
    mknod /var/lib/vz/private/101/upper/srv/node c 1 3 && chown --reference=/var/lib/vz/private/101/upper/srv /var/lib/vz/private/101/upper/srv/node
    expect 0 vzbackup 101
    second=$out
    expect 0 vzctl mount 101
    echo third >/var/lib/vz/root/101/srv/third && chown --reference=/var/lib/vz/root/101/srv /var/lib/vz/root/101/srv/third
    expect 0 vzctl umount 101
    was=$(tree_of 101)
    expect 0 vzbackup 101
    third=$out
}

made_full() {
    equal "a chain of three archives" 3 "$(vzbackup info 101 --json | jq '.archives | length')"
    expect 0 vzbackup consolidate 101
    equal "prints its id, which stays" "$third" "$out"
    expect 0 vzbackup info "$third" --json
    equal "goes on from nothing" ' 0 1' "$(jq -r '[.base, .links, (.archives | length)] | join(" ")' <<<"$out")"
    equal "the list calls it full" "full" "$(vzbackup list 101 -Ho kind | tail -1)"
    expect 0 vzbackup verify "$first" "$second" "$third"
    equal "all are sound" "$first $second $third" "$(xargs <<<"$out")"
    check_not "its old archive, which nothing needs, is gone" test -e "$(part "$third" tar.zst)"
    restored "$third"
    equal "restored, all is as it was" "$was" "$(cat "$VZ_TMP/restored")"
    restored "$first"
    equal "an earlier one too" "$first_tree" "$(cat "$VZ_TMP/restored")"
    expect 0 vzbackup consolidate "$third"
    check "once more is nothing to do" grep -q "is full already" <<<"$err"
}

in_the_middle() {
    expect 0 vzbackup consolidate "$second"
    check "one that others go on from keeps its archive" test -e "$(part "$first" tar.zst)"
    expect 0 vzbackup verify "$first" "$second" "$third"
    expect 0 vzbackup prune 101 --keep-last 1
    equal "the others can go, with all that was theirs" "$third.full.files.zst $third.full.tar.zst $third.json" "$(parts)"
    expect 0 vzbackup verify "$third"
    expect 0 vzbackup 101 --json
    equal "the next goes on from it" "$third" "$(jq -r .base <<<"$out")"
    check "and reads next to nothing" test "$(jq .bytes_read <<<"$out")" -lt 2000000
    restored 101
    equal "restored, all is as it was" "$was" "$(cat "$VZ_TMP/restored")"
}

by_hand() {
    check "plain tar and zstd restore it" restored_by_tar "$(part "$third" full.tar.zst)" "$VZ_TMP/plain"
    expect 0 vzctl mount 101
    check "hard links are there" test "$VZ_TMP/plain/seen/srv/link" -ef "$VZ_TMP/plain/seen/srv/moved/er/file"
    check "holes are" cmp /var/lib/vz/root/101/srv/holes "$VZ_TMP/plain/seen/srv/holes"
    check "and take no room" test "$(stat -c %b "$VZ_TMP/plain/seen/srv/holes")" -lt 60000
    expect 0 vzctl umount 101
    equal "and all the rest, folders' times too" "$(grep -v security.capability <<<"$was")" "$(tree_in "$VZ_TMP/plain/seen" | grep -v security.capability)"
    umount "$VZ_TMP/plain/seen"
    expect 0 vzbackup 101 --full
}

damaged() {
    local before byte size found=0
    expect 0 vzbackup prune 101 --keep-last 1
    expect 0 vzctl mount 101
    echo fourth >/var/lib/vz/root/101/srv/third
    expect 0 vzctl umount 101
    expect 0 vzbackup 101
    before=$(cd "$depot" && sha256sum vzbackup-*)
    local base archive
    base=$(vzbackup list 101 -Ho id | head -1)
    archive=$(part "$base" tar.zst)
    cp "$archive" "$VZ_TMP/kept"
    size=$(stat -c %s "$archive")
    for byte in 10 $((size / 2)) $((size - 4)); do
        printf '\x5a' | dd of="$archive" bs=1 seek=$byte conv=notrunc 2>/dev/null
        vzbackup consolidate 101 2>"$VZ_TMP/err" >/dev/null || grep -q "$base.tar.zst is damaged" "$VZ_TMP/err" && found=$((found + 1))
        cp "$VZ_TMP/kept" "$archive"
    done
    equal "a byte that is another is found" 3 $found
    rm "$archive"
    expect 1 vzbackup consolidate 101
    check "a missing link is named" grep -q "$base.tar.zst is missing" <<<"$err"
    cp "$VZ_TMP/kept" "$archive"
    equal "everything is as it was" "$before" "$(cd "$depot" && sha256sum vzbackup-*)"
    expect 1 vzbackup consolidate vzbackup-101-2001_01_01-00_00_00
    check "one that is not there" grep -q "there is no such backup" <<<"$err"
    expect 2 vzbackup consolidate
}

without_template() {
    expect 0 vzctl create 102 --layout dir
    expect 0 vzbackup 102
    expect 0 vzctl mount 102
    (cd /var/lib/vz/root/102 && echo changed >etc/hostname && rm etc/issue)
    expect 0 vzctl umount 102
    expect 0 vzbackup 102
    local own
    own=$(tree_of 102)
    expect 0 vzbackup consolidate 102
    expect 0 vzbackup prune 102 --keep-last 1
    restored 102
    equal "layout dir: restored, all is as it was" "$own" "$(cat "$VZ_TMP/restored")"
    expect 0 vzctl destroy 102
}

no_space() {
    local full=$VZ_TMP/full
    mkdir "$full" && mount -t tmpfs -o size=180M tmpfs "$full"
    expect 0 vzctl create 103 --ostemplate debian-13-x86_64-minimal --layout overlay
    expect 0 vzctl mount 103
    head -c 13000000 /dev/urandom >/var/lib/vz/root/103/srv/large
    expect 0 vzctl umount 103
    expect 0 vzbackup --dumpdir "$full" 103
    expect 0 vzctl mount 103
    echo more >/var/lib/vz/root/103/srv/more
    expect 0 vzctl umount 103
    expect 0 vzbackup --dumpdir "$full" 103
    local before room
    room=$(df --output=avail -k "$full" | tail -1)
    head -c "$(((room - 5000) * 1024))" /dev/zero >"$full/other"
    before=$(cd "$full" && sha256sum vzbackup-*)
    expect 46 vzbackup --dumpdir "$full" consolidate 103
    equal "a full disk: everything is as it was" "$before" "$(cd "$full" && sha256sum vzbackup-*)"
    equal "and nothing half-made stays" "" "$(find "$full" -name '.vzbackup*.zst')"
    expect 0 vzctl destroy 103
    umount "$full"
}

expect 0 vzctl create 101 --hostname web
chain
made_full
in_the_middle
by_hand
damaged
without_template
no_space
expect 0 vzctl destroy 101
finish
