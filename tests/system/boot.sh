#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The machine goes down and comes up again, with systemd in charge: containers are shut down cleanly and started again.
# nftables takes all tables away, and the service brings ours back. Containers are in VLANs, which only the kernel here
# has. Then the machine loses its power, and containers are started all the same.
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

rules_are_back() { guest nft list chain inet vz masquerade101 >/dev/null 2>&1; }

check_reload() {
    must guest systemctl start nftables
    check_not "a start of nftables takes the rules away" rules_are_back
    expect 0 guest systemctl reload vz
    check "a reload of the service brings them back" rules_are_back
    expect 0 guest systemctl reload nftables
    check "a reload of nftables brings ours back too" wait_for 60 rules_are_back
    expect 0 guest systemctl is-active vz
}

# An address in each VLAN, and the host in one of them.
check_vlans() {
    must guest 'ip link add br0 type bridge vlan_filtering 1 && ip link set br0 up &&
        ip link add link br0 name br0.10 type vlan id 10 && ip link set br0.10 up &&
        ip addr add 192.168.10.1/24 dev br0.10 && bridge vlan add vid 10 dev br0 self'
    expect 0 guest vzctl set 101 --netif_add eth0,,,,br0 --ifname eth0 --vlan 10 --ipadd 192.168.10.101/24 --save
    expect 0 guest vzctl set 102 --netif_add eth0,,,,br0 --ifname eth0 --vlan 20 --ipadd 192.168.10.102/24 --save
    equal "each port is in its VLAN only" "10 20" "$(guest bridge -j vlan show | jq '.[] | select(.ifname != "br0") | .vlans[].vlan' | xargs)"
    expect 0 guest ping -c 1 -W 20 192.168.10.101
    expect 1 guest ping -c 1 -W 2 192.168.10.102
    expect 130 guest vzctl set 102 --ifname eth0 --bridge br0.10 --save
    check "two VLANs at once are told" grep -q 'br0.10 is VLAN 10, and not 20' <<<"$err"
    expect 0 guest vzctl set 102 --ifname eth0 --vlan none --bridge br0.10 --save
    expect 0 guest ping -c 1 -W 20 192.168.10.102
    expect 0 guest vzctl exec2 101 ping -c 1 -W 20 192.168.10.102
    expect 0 guest vzctl set 101 --netif_del all --save
    expect 0 guest vzctl set 102 --netif_del all --save
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
    check_reload
    check_vlans
    reset_guest
    check_after_power_cut
    finish
}

main
