#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016,SC2154 # words for a shell inside; out and err are set by expect
# Devices, features, capabilities, mount options and the view of memory: live, saved, after a start, and after a reboot
# from inside, which starts nothing from outside again.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
. "$VZ_SOURCE_DIR/tests/lib/groups.sh"
sandbox "$0" "$@"
sandbox_template

opens() { inside "[ -c /dev/$1 ] && exec 5<>/dev/$1"; }
reads() { inside "[ -c /dev/$1 ] && exec 5</dev/$1"; }

# A device of the host that harms nobody: the control device of loop devices (c 10:237), else the one of rfkill.
spare_device() {
    local device
    for device in loop-control rfkill hpet uinput; do
        [ -c "/dev/$device" ] && echo "$device" && return
    done
}

devnodes() {
    local device
    device=$(spare_device)
    [ -n "$device" ] || { echo "no spare device: DEVNODES is not tried"; return; }
    check_not "$device is not inside" inside "[ -e /dev/$device ]"
    expect 0 vzctl set 101 --devnodes "$device:rw" --save
    equal "DEVNODES" "$device:rw" "$(saved DEVNODES)"
    check "DEVNODES: it opens, live" opens "$device"
    equal "it belongs to the container's root" 0 "$(inside "stat -c %u /dev/$device")"
    expect 0 vzctl set 101 --devnodes "$device:r" --save
    equal "a new word replaces the old" "$device:r" "$(saved DEVNODES)"
    check "DEVNODES r: it opens for reading" reads "$device"
    check_not "DEVNODES r: not for writing" opens "$device"
    expect 0 vzctl set 101 --devnodes "$device:none" --save
    equal "none takes it away" "" "$(saved DEVNODES)"
    check_not "and from inside" inside "[ -e /dev/$device ]"
    refuses 86 --devnodes no/such/device:rw
    refuses 21 --devnodes ../mem:rw
    refuses 21 --devnodes "$device"
}

# The container's root can put anything in the place of a node: only its own rights are used there.
hostile_dev() {
    local device victim=/var/lib/vz/victim
    device=$(spare_device)
    [ -n "$device" ] || return
    echo host >"$victim"
    inside "ln -s ../../../../../..$victim /dev/$device"
    expect 0 vzctl set 101 --devnodes "$device:rw" --save
    check "over a link that leads out" opens "$device"
    expect 0 vzctl set 101 --devnodes "$device:none" --save
    inside "rm -f /dev/$device; mkfifo /dev/$device"
    expect 0 timeout 20 vzctl set 101 --devnodes "$device:rw" --save
    check "over a FIFO" opens "$device"
    expect 0 vzctl set 101 --devnodes "$device:none" --save
    inside "rm -rf /dev/net; ln -s /proc/1 /dev/net; mount -t tmpfs none /proc"
    vzctl set 101 --devnodes "$device:rw" --devnodes "$device:none" >/dev/null 2>&1
    inside "umount /proc; rm -f /dev/net"
    equal "nothing of the host is touched" host "$(cat "$victim")"
}

devices() {
    expect 0 vzctl set 101 --devices c:10:200:rw --devices b:8:all:r --save
    equal "DEVICES" "c:10:200:rw b:8:all:r" "$(saved DEVICES)"
    if [ -c /dev/net/tun ]; then
        check "DEVICES: the kernel's name for it opens, live" opens net/tun
    fi
    expect 0 vzctl set 101 --devices c:10:200:none --save
    equal "one is taken away" "b:8:all:r" "$(saved DEVICES)"
    check_not "live" opens net/tun
    expect 0 vzctl set 101 --devices b:8:all:none --save
    refuses 21 --devices b:7:0:rw
    refuses 21 --devices c:10:rw
}

features() {
    check_not "no tun without the feature" opens net/tun
    expect 0 vzctl set 101 --features tun:on,fuse:on,nfs:on --mount_opts noatime --save
    equal "FEATURES" "tun:on fuse:on nfs:on" "$(saved FEATURES)"
    expect 0 vzctl set 101 --features fuse:off --save
    equal "FEATURES add up" "tun:on fuse:off nfs:on" "$(saved FEATURES)"
    expect 0 vzctl restart 101 --wait
    check "what cannot work is told" grep -q "feature nfs cannot work.*mount it on the host" <<<"$err"
    if [ -c /dev/net/tun ]; then
        check "tun opens" opens net/tun
        check "and makes a device" inside 'ip tuntap add dev tun7 mode tun && ip link set tun7 up'
    fi
    check_not "fuse is off" opens fuse
    refuses 21 --features warp:on
    refuses 21 --features tun
    check "MOUNT_OPTS" inside 'grep -q "^[^ ]* / [^ ]* [^ ]*noatime" /proc/mounts'
    refuses 21 --mount_opts uid=0
}

has_capability() { # NUMBER
    local mask
    mask=$(inside 'sed -n "s/^CapBnd:[[:space:]]*//p" /proc/1/status')
    [ $((0x$mask >> $1 & 1)) -eq 1 ]
}

capabilities() {
    check "net_raw at first" has_capability 13
    check_not "no sys_time" has_capability 25
    expect 0 vzctl set 101 --capability net_raw:off,sys_time:on --save
    equal "CAPABILITY" "net_raw:off sys_time:on" "$(saved CAPABILITY)"
    check "not before a restart" has_capability 13
    expect 0 vzctl restart 101 --wait
    check_not "net_raw is gone" has_capability 13
    check "sys_time is there" has_capability 25
    check_not "and yet cannot set the host's clock" inside 'date -s 2001-01-01'
    expect 0 vzctl set 101 --capability CAP_NET_RAW:on --save
    equal "CAPABILITY adds up" "net_raw:on sys_time:on" "$(saved CAPABILITY)"
    refuses 21 --capability flying:on
    refuses 21 --capability net_raw
}

# The engine keeps its configuration over a reboot from inside; what was saved since counts all the same.
reboot_inside() {
    local device before
    device=$(spare_device)
    [ -n "$device" ] && expect 0 vzctl set 101 --devnodes "$device:rw" --save
    expect 0 vzctl set 101 --numfile 4000 --shmpages 3000 --numpty 5 --cpumask 0 --save
    before=$(init_of 101)
    inside 'systemctl reboot'
    rebooted() { [ "$(init_of 101)" != "$before" ] && inside true; }
    check "it runs again" until_true rebooted
    equal "NUMFILE after a reboot" 4000 "$(inside 'ulimit -n')"
    equal "SHMPAGES after a reboot" 3000 "$(inside 'cat /proc/sys/kernel/shmall')"
    check "NUMPTY after a reboot" inside 'grep -q "devpts.*max=5" /proc/mounts'
    if has_group_file 101 cpuset.cpus; then
        equal "CPUMASK after a reboot" 0 "$(inside 'sed -n "s/^Cpus_allowed_list:[[:space:]]*//p" /proc/1/status')"
    fi
    if [ -n "$device" ]; then check "$device after a reboot" until_true opens "$device"; fi
    if [ -c /dev/net/tun ]; then check "tun after a reboot" opens net/tun; fi
}

# Where lxcfs can run. Without it nothing changes.
memory_view() {
    if ! command -v lxcfs >/dev/null || [ ! -c /dev/fuse ]; then
        check_not "no lxcfs, no trace of it" inside 'grep -q lxcfs /proc/mounts'
        echo "no lxcfs on this machine: the rest of it is not tried"
        return
    fi
    mkdir -p /var/lib/lxcfs
    command lxcfs /var/lib/lxcfs >"$VZ_TMP/lxcfs.log" 2>&1 &
    local pid=$!
    until_true mountpoint -q /var/lib/lxcfs
    expect 0 vzctl set 101 --ram 256M --swap 0 --save
    expect 0 vzctl restart 101 --wait
    equal "its own memory in /proc/meminfo" $((256 << 10)) "$(inside 'sed -n "s/^MemTotal: *\([0-9]*\) kB/\1/p" /proc/meminfo')"
    expect 0 vzctl set 101 --meminfo none --save
    expect 0 vzctl restart 101 --wait
    check_not "MEMINFO=none: the host's" test "$(inside 'sed -n "s/^MemTotal: *\([0-9]*\) kB/\1/p" /proc/meminfo')" = $((256 << 10))
    expect 0 vzctl stop 101
    kill "$pid"
    wait "$pid"
    umount -l /var/lib/lxcfs 2>/dev/null
    expect 0 vzctl start 101 --wait
    refuses 21 --meminfo all
}

expect 0 vzctl create 101 --ram 512M --swap 0
expect 0 vzctl start 101 --wait
devnodes
hostile_dev
devices
features
capabilities
reboot_inside
memory_view
finish
