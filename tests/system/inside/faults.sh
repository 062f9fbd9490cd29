#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016,SC2154 # $VEID is for vzctl; out and err: of harness.sh
# Storage that fails: a full thin pool, a volume or its group that has vanished, a file system that has become
# read-only. Each is told in one line, and the container is what it was.
. "$VZ_SOURCE_DIR/tests/system/inside/common.bash"

as_it_was() { # WHAT: since "remember"
    equal "$1: the configuration is as it was" "$conf_before" "$(conf)"
    equal "$1: so is its state" "$state_before" "$(vzctl status 101)"
    equal "$1: so are the volumes" "$volumes_before" "$(volumes)"
}

remember() {
    conf_before=$(conf)
    state_before=$(vzctl status 101)
    volumes_before=$(volumes)
}

check_full_pool() {
    expect 0 vzctl create 101 --ostemplate tiny --layout lvmthin --diskspace 300M
    expect 0 vzctl start 101
    expect 0 inside "echo precious >/root/file && sync"
    lvcreate -q -y -V 2G -T -n hog vz/pool
    dd if=/dev/zero of=/dev/vz/hog bs=1M oflag=direct status=none 2>/dev/null
    lvs vz/pool
    remember
    expect 46 vzctl create 102 --ostemplate tiny --layout lvmthin
    one_message "create in a full pool" "thin pool vz/pool is full.*lvextend"
    check_not "nothing of it is left" ls -d /etc/vz/conf/102.conf /var/lib/vz/private/102
    expect 46 vzctl set 101 --diskspace 500M --save
    one_message "grow in a full pool" "thin pool vz/pool is full"
    as_it_was "a full pool"
    check_not "what is written is lost, and that is said" fill 50 /root/more
    cat "$VZ_TMP/inside"
    expect 0 vzctl stop 101 --fast
    remember
    expect 46 vzctl start 101
    one_message "start in a full pool" "thin pool vz/pool is full"
    as_it_was "a start in a full pool"
    check "room is made" lvremove -q -y vz/hog
    expect 0 vzctl start 101
    equal "the container goes on" precious "$(inside cat /root/file)"
    expect 0 inside "echo more >>/root/file && sync"
    expect 0 vzctl stop 101 --fast
    expect 0 vzctl destroy 101
}

check_vanished_group() {
    expect 0 vzctl create 101 --ostemplate tiny --layout lvm --diskspace 100M
    volumes_before=$(volumes)
    check "the group goes" vgrename -q vz away
    conf_before=$(conf)
    state_before=$(vzctl status 101)
    expect 43 vzctl start 101
    one_message "start without the group" 'Volume group "vz" not found'
    expect 52 vzctl destroy 101
    one_message "destroy without the group" 'Volume group "vz" not found'
    expect 53 vzctl create 102 --ostemplate tiny --layout lvm
    one_message "create without the group" 'Volume group "vz" not found'
    expect 0 vzlist -a -H -o ctid,status
    check "it comes back" vgrename -q away vz
    as_it_was "a vanished group"
    expect 0 vzctl start 101
    expect 0 vzctl stop 101 --fast
}

check_vanished_volume() {
    check "the volume goes" lvremove -q -y "vz/$(volumes | grep -v ^vz-template-)"
    remember
    expect 43 vzctl start 101
    one_message "start without the volume" "logical volume vz/vz-.* is gone"
    expect 43 vzctl mount 101
    one_message "mount without the volume" "logical volume vz/vz-.* is gone"
    expect 43 vzctl set 101 --diskspace 200M --save
    one_message "grow without the volume" "logical volume vz/vz-.* is gone"
    expect 43 vzctl convert 101 --layout dir
    as_it_was "a vanished volume"
    expect 0 vzctl destroy 101
}

check_read_only() {
    check "there is a disk" lvcreate -q -y -L 300M -n data vz
    mkfs.ext4 -q /dev/vz/data && mkdir -p /srv/ro && mount /dev/vz/data /srv/ro
    local layout
    for layout in dir overlay; do
        expect 0 vzctl create 101 --ostemplate tiny --layout "$layout" --private '/srv/ro/$VEID' --diskquota no
        check "$layout: the disk becomes read-only" mount -o remount,ro /srv/ro
        remember
        check_not "$layout: it does not start" vzctl start 101 2>"$VZ_TMP/err" >/dev/null
        err=$(cat "$VZ_TMP/err")
        one_message "$layout: start" "[Rr]ead-only"
        as_it_was "$layout, read-only"
        expect 48 vzctl convert 101 --layout lvm
        one_message "$layout: convert" "Read-only file system"
        expect 52 vzctl destroy 101
        one_message "$layout: destroy" "Read-only file system"
        as_it_was "$layout, read-only"
        expect 48 vzctl create 102 --ostemplate tiny --layout "$layout" --private '/srv/ro/$VEID' --diskquota no
        one_message "$layout: create" "Read-only file system"
        check_not "nothing of it is left" ls -d /etc/vz/conf/102.conf
        check "$layout: it can be written again" mount -o remount,rw /srv/ro
        expect 0 vzctl start 101
        expect 0 vzctl stop 101 --fast
        expect 0 vzctl destroy 101
    done
    umount /srv/ro && lvremove -q -y vz/data
}

make_template
check_full_pool
check_vanished_group
check_vanished_volume
check_read_only
finish
