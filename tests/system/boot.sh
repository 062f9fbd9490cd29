#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The machine goes down and comes up again, with systemd in charge: containers are shut down cleanly and started again.
# Then it loses its power, and containers are started all the same.
# shellcheck disable=SC2154 # out: of harness.sh
set -u
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/machine.bash"

# 101 starts at boot. 102 does not say, and starts because it ran when the machine went down. 103 never starts.
create_containers() {
    local ctid
    for ctid in 101 102 103; do
        must guest vzctl create "$ctid" --ostemplate debian-13-x86_64-minimal --ipadd "10.10.0.$ctid"
    done
    expect 0 guest vzctl set 101 --onboot yes --save
    expect 0 guest sed -i /^ONBOOT=/d /etc/vz/conf/102.conf
    expect 0 guest vzctl set 103 --onboot no --save
    must guest vzctl start 101 --wait --wait-timeout 300
    must guest vzctl start 102 --wait --wait-timeout 300
}

# Inside, a service that notes when it is stopped; one that is killed does not.
watch_shutdown() {
    guest vzctl exec2 101 - <<'SCRIPT'
cat >/etc/systemd/system/witness.service <<'UNIT'
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
ExecStop=/bin/sh -c 'echo stopped >>/root/witness'
UNIT
systemctl start witness
SCRIPT
    expect 0 guest vzctl exec2 101 systemctl is-active witness
}

check_after_boot() {
    expect 0 guest systemctl is-system-running --wait
    equal "no unit failed" running "$out"
    expect 0 guest systemctl is-active vz.service
    equal "what ran runs again" "101 102" "$(guest vzlist -H -o ctid | xargs)"
    equal "what rested rests" 103 "$(guest vzlist -S -H -o ctid | xargs)"
    expect 0 guest vzctl exec2 101 cat /root/witness
    equal "it was shut down, not killed" stopped "$out"
    expect 0 guest ping -c 1 -W 20 10.10.0.101
    expect 0 guest ping -c 1 -W 20 10.10.0.102
    check "AppArmor confines them" guest \
        'for init in $(pgrep -f ^/sbin/init); do cat /proc/$init/attr/current; done | grep -c "^lxc-vz (enforce)" | grep -qx 2'
}

check_after_power_cut() {
    expect 0 guest systemctl is-system-running --wait
    equal "no unit fails after a power cut" running "$out"
    check "what starts at boot runs" guest 'vzlist -H -o ctid | grep -qw 101'
    check_not "what never does rests" guest 'vzlist -H -o ctid | grep -qw 103'
    expect 0 guest ping -c 1 -W 20 10.10.0.101
    expect 0 guest vzctl exec2 101 cat /root/witness
    equal "that time nothing was shut down" stopped "$out"
    expect 0 guest vzctl start 103 --wait --wait-timeout 300
    expect 0 guest vzctl stop 101
}

main() {
    start_machine_with_packages
    create_containers
    watch_shutdown
    reboot_guest
    check_after_boot
    reset_guest
    check_after_power_cut
    finish
}

main
