#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What other system tests stand on: the stock kernel, disks with LVM and quotas, and a cable between two machines.
# shellcheck disable=SC2154 # out: of harness.sh
set -u
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/machine.bash"

check_kernel() {
    check "the kernel is Debian's" guest 'dpkg -S "/boot/vmlinuz-$(uname -r)"'
    check "AppArmor is on" guest 'grep -qx Y /sys/module/apparmor/parameters/enabled'
    check "cgroup v2 is all there is" guest '! grep -q " - cgroup " /proc/self/mountinfo'
    expect 0 guest systemctl is-system-running
    check "the clock goes" test $(($(date +%s) - $(guest date +%s))) -lt 30
}

check_thin_volumes() { # DEVICE
    must guest "pvcreate -q $1 && vgcreate -q vz $1"
    expect 0 guest "lvcreate -q -T -L 1G vz/pool && lvcreate -q -T -V 2G -n thin vz/pool"
    expect 0 guest "mkfs.xfs -q /dev/vz/thin && mount /dev/vz/thin /mnt && umount /mnt"
    expect 0 guest "vgremove -q -y vz && pvremove -q $1"
}

check_project_quota() { # DEVICE
    must guest "mkfs.ext4 -q -O quota,project $1 && mount -o prjquota $1 /mnt"
    must guest "mkdir /mnt/part && chattr +P -p 77 /mnt/part && setquota -P 77 0 1024 0 0 /mnt"
    # The machine's root may exceed it; a container's root may not.
    must guest "chown 1000 /mnt/part"
    check_not "the quota holds" guest "setpriv --reuid 1000 dd if=/dev/zero of=/mnt/part/file bs=64k count=32 status=none"
    check "no more than that is written" test "$(guest stat -c %b /mnt/part/file)" -le 2048
    expect 0 guest umount /mnt
}

check_cable() {
    start_another_machine b
    join_machines "" b
    must guest ip address add 10.77.0.1/24 dev eth1
    must guest_of b ip address add 10.77.0.2/24 dev eth1
    expect 0 guest ping -c 3 -W 10 10.77.0.2
    expect 0 guest_of b ping -c 3 -W 10 10.77.0.1
    check_not "they have addresses of their own" test "$(guest cat /sys/class/net/eth1/address)" = \
        "$(guest_of b cat /sys/class/net/eth1/address)"
}

main() {
    local device
    start_machine
    check_kernel
    device=$(guest_disk 4G)
    equal "the new disk has a name" /dev/vdb "$device"
    check_thin_volumes "$device"
    check_project_quota "$device"
    check_cable
    finish
}

main
