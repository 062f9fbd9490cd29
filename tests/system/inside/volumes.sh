#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # out and err: of harness.sh
# A container on a logical volume and on a thin one: its room, how that grows and shrinks, the way there and back.
. "$VZ_SOURCE_DIR/tests/system/inside/common.bash"

used() { vzlist -aH -o diskspace 101 | tr -d ' '; }

check_life() { # LAYOUT
    expect 0 vzctl create 101 --ostemplate tiny --layout "$1" --diskspace 200M --diskinodes 2000
    expect 0 vzctl start 101
    check "32: $1: df shows the limit ($(room) MB)" between 160 200 "$(room)"
    check_not "32: $1: there is no more room than that" fill 220 /big
    check "32: $1: the program is told so" grep -q "No space left on device" "$VZ_TMP/inside"
    expect 0 vzctl set 101 --diskspace 400M --save
    check "32: $1: it grows in use ($(room) MB)" between 350 400 "$(room)"
    check "32: $1: and can be filled" fill 220 /big
    check "$1: vzlist shows what is used ($(used) KiB)" between $((220 << 10)) $((400 << 10)) "$(used)"
    expect 0 vzctl set 101 --diskinodes 500 --save
    check_not "32: $1: so many files and no more" make_files 600
    check "32: $1: the program is told so, too" grep -q "Disk quota exceeded" "$VZ_TMP/inside"
    expect 0 vzctl set 101 --diskinodes 2000 --save
    check "32: $1: live as well" make_files 600
}

check_shrinking() { # LAYOUT
    local before
    before=$(conf)
    expect 154 vzctl set 101 --diskspace 100M --save
    equal "$1: no smaller while it runs" "$before" "$(conf)"
    inside rm /big
    expect 0 vzctl stop 101
    expect 154 vzctl set 101 --diskspace 100M --save
    expect 0 vzctl set 101 --diskspace 100M --offline-resize --save
    expect 0 vzctl start 101
    check "$1: smaller when asked for ($(room) MB)" between 70 100 "$(room)"
    check "$1: the rest is there" inside test -e /many/600
    expect 0 vzctl stop 101
    before=$(conf)
    expect 154 vzctl set 101 --diskspace 1M --offline-resize --save
    equal "$1: never smaller than what is in it" "$before" "$(conf)"
    expect 0 vzctl start 101
    expect 0 vzctl stop 101
}

check_end() { # LAYOUT
    equal "$1: a volume that is not mounted is not asked" - "$(used)"
    expect 0 vzctl destroy 101
    equal "$1: no volume is left" "" "$(volumes | grep -v '^vz-template-')"
}

listing() {
    vzctl mount 101 >/dev/null
    (
        cd /var/lib/vz/root/101 || exit
        find . -mindepth 1 -printf '%P %y %m %U:%G %l %T@\n' | sort
        find . -type f -printf '%P %n\n' | sort
        find . -type f -exec md5sum {} + | sort -k 2
    )
    vzctl umount 101 >/dev/null
}

check_convert() {
    local wanted layout
    expect 0 vzctl create 101 --ostemplate tiny --layout overlay --config vswap-256m
    expect 0 vzctl start 101
    check "files to carry are made" inside 'mkdir -p /srv/a/b && echo kept >/srv/a/file && ln /srv/a/file /srv/a/same &&
        ln -s file /srv/a/link && mkfifo /srv/fifo && mv /etc/hostname /srv/a/b && rm -r /tmp && chmod 4711 /bin/cat'
    expect 0 vzctl stop 101
    wanted=$(listing)
    for layout in lvm dir lvmthin overlay; do
        expect 0 vzctl convert 101 --layout "$layout"
        equal "$layout: nothing is lost" "$wanted" "$(listing)"
        equal "$layout: its volumes, and no others" "$(grep -c lvm <<<"$layout")" "$(volumes | grep -vc '^vz-template-')"
    done
    expect 0 vzctl start 101
    equal "it runs, and knows what it knew" kept "$(inside cat /srv/a/same)"
    expect 0 vzctl stop 101 --fast
    expect 0 vzctl destroy 101
}

# Clones and snapshots of a thin volume take no time that depends on what is in it.
check_copies() {
    local one=11111111-1111-1111-1111-111111111111 begin
    expect 0 vzctl create 101 --ostemplate tiny --layout lvmthin --diskspace 200M --name first
    expect 0 vzctl start 101
    check "much is written" fill 100 /big
    inside 'echo first >/state'
    expect 0 vzctl snapshot 101 --id "$one" --name before
    inside 'echo second >/state; rm /big'
    begin=${EPOCHREALTIME/./}
    expect 0 vzclone 101 102 --name copy
    echo "    vzclone: $(((${EPOCHREALTIME/./} - begin) / 1000)) ms"
    expect 0 vzctl snapshot-list 101
    check "the snapshot is listed" grep -q "{$one}.*before" <<<"$out"
    mkdir -p /srv/look
    expect 0 vzctl snapshot-mount 101 --id "$one" --target /srv/look
    equal "it can be looked at" first "$(cat /srv/look/state)"
    expect 0 vzctl snapshot-umount 101 --id "$one"
    expect 0 vzctl snapshot-switch 101 --id "$one"
    equal "the state is back" first "$(inside cat /state)"
    check "all of it" inside test -s /big
    expect 0 vzctl start 102
    equal "the copy has a state of its own" second "$(vzctl exec2 102 cat /state)"
    expect 0 vzctl snapshot-delete 101 --id "$one"
    expect 0 vzctl stop 101 --fast
    expect 0 vzctl destroy 101
    equal "and needs nothing of its source" second "$(vzctl exec2 102 cat /state)"
    expect 0 vzctl stop 102 --fast
    expect 0 vzctl destroy 102
    equal "no volume is left" "" "$(volumes | grep -v '^vz-template-')"
}

make_template
check_life lvm
expect 0 vzctl stop 101 --fast
check_end lvm
check_life lvmthin
check_shrinking lvmthin
check_end lvmthin
check_copies
check_convert
finish
