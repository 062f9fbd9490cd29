#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # out and err: of harness.sh
# DISKSPACE and DISKINODES by project quotas, on ext4 and xfs, for layouts dir and overlay; and a file system that gets
# its quotas later.
. "$VZ_SOURCE_DIR/tests/system/inside/common.bash"

folder=/srv/vz

mount_new() { # FILE-SYSTEM OPTIONS-OF-MKFS OPTIONS-OF-MOUNT
    # shellcheck disable=SC2086 # words
    check "there is a new $1" "mkfs.$1" -q $2 /dev/vz/data
    mkdir -p "$folder"
    check "it is mounted" mount -o "$3" /dev/vz/data "$folder"
    mkdir -m 700 "$folder/private"
}

unmount_it() {
    check "it is unmounted" umount "$folder"
    wipefs -qa /dev/vz/data
}

check_limits() { # FILE-SYSTEM LAYOUT
    local what="32: $2 on $1" used shown
    expect 0 vzctl create 101 --ostemplate tiny --layout "$2" --diskspace 60M --diskinodes 600
    expect 0 vzctl start 101
    check "$what: df shows the limit ($(room) MB)" between 59 60 "$(room)"
    check_not "$what: there is no more room than that" fill 70 /big
    check "$what: the program is told so" grep -qE "No space left on device|Disk quota exceeded" "$VZ_TMP/inside"
    used=$(du -sm "$folder/private/101" | cut -f 1)
    check "$what: and the disk has no more ($used MB)" test "$used" -le 61
    shown=$(vzlist -H -o diskspace 101 | tr -d ' ')
    check "$what: vzlist shows what is used ($shown KiB)" between $((55 << 10)) $((60 << 10)) "$shown"
    shown=$(vzlist -H -o diskinodes 101 | tr -d ' ')
    check "$what: and how many files ($shown)" between 10 600 "$shown"
    expect 0 vzctl set 101 --diskspace 100M --save
    equal "$what: it grows in use" 100 "$(room)"
    check "$what: and can be filled" fill 70 /big
    check_not "$what: so many files and no more" make_files 700
    check "$what: the program is told so, too" grep -qE "No space left on device|Disk quota exceeded" "$VZ_TMP/inside"
    expect 0 vzctl set 101 --diskinodes 2000 --save
    check "$what: live as well" make_files 700
    expect 0 vzctl quotaoff 101
    check "$what: lifted" fill 130 /big
    expect 0 vzctl quotaon 101
    check_not "$what: and on again" fill 1 /more
    expect 0 vzctl stop 101
    expect 0 vzctl start 101
    check_not "$what: and after a start" fill 1 /more
    expect 0 vzctl stop 101 --fast
    expect 0 vzctl destroy 101
}

# A clone shares what its source had; when the source is gone, nobody is charged for it.
check_shared_layers() {
    expect 0 vzctl create 101 --ostemplate tiny --diskspace 60M
    expect 0 vzctl mount 101
    check "the container has much" dd if=/dev/urandom of=/var/lib/vz/root/101/large bs=1M count=30 status=none
    expect 0 vzctl umount 101
    expect 0 vzclone 101 102
    check "it is shared" test -e "$folder"/private/.layers/*/upper/large
    check "it counts against the source" between 25 31 "$((60 - $(left 101)))"
    expect 0 vzctl destroy 101
    expect 0 vzctl create 101 --ostemplate tiny --diskspace 60M
    check "not against the next one of that number" between 59 60 "$(left 101)"
    expect 0 vzctl destroy 101
    expect 0 vzctl mount 102
    check "the clone has all" test "$(stat -c %s /var/lib/vz/root/102/large)" = $((30 << 20))
    expect 0 vzctl umount 102
    expect 0 vzctl destroy 102
    equal "and it goes with the last one" "" "$(ls -A "$folder/private")"
}

left() { # CTID: MB that are free in it
    vzctl --quiet mount "$1" >/dev/null 2>&1
    df -BM --output=avail "/var/lib/vz/root/$1" | tr -dc 0-9
    vzctl --quiet umount "$1" >/dev/null 2>&1
}

check_late_quotas() {
    local before
    mount_new ext4 "-O ^quota,^project" defaults
    expect 0 vzctl create 101 --ostemplate tiny --layout dir --config vswap-256m
    one_message "the limits of a sample" "tune2fs -O project,quota"
    before=$(conf)
    expect 62 vzctl set 101 --diskspace 60M --save
    one_message "no quotas on ext4" "tune2fs -O project,quota"
    equal "the container is as it was" "$before" "$(conf)"
    check "the file system gets quotas" umount "$folder"
    check "as the message said" tune2fs -O project,quota /dev/vz/data
    check "it is mounted with them" mount -o prjquota /dev/vz/data "$folder"
    expect 61 vzctl set 101 --diskspace 60M --save
    one_message "a container from before" "vzctl quotainit"
    expect 0 vzctl quotainit 101
    expect 0 vzctl set 101 --diskspace 60M --save
    expect 0 vzctl start 101
    check_not "after quotainit it is limited" fill 70 /big
    expect 0 vzctl stop 101 --fast
    expect 0 vzctl destroy 101
    unmount_it
}

make_template
check "there is a volume for them" lvcreate -q -y -L 1G -n data vz
cp /etc/vz/vz.conf "$VZ_TMP/vz.conf"
sed -i "s|^VE_PRIVATE=.*|VE_PRIVATE=\"$folder/private/\$VEID\"|" /etc/vz/vz.conf
mount_new ext4 "-O quota,project" prjquota
check_limits ext4 overlay
check_shared_layers
unmount_it
mount_new xfs "" prjquota
check_limits xfs dir
unmount_it
check_late_quotas
cp "$VZ_TMP/vz.conf" /etc/vz/vz.conf
check "the volume goes" lvremove -q -y vz/data
finish
