#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Interfaces on bridges: several containers and VLANs on one bridge, addresses from outside, forged sources refused, changes
# live and at the next start, a reboot from inside, devices of the host lent and returned, and nothing left behind.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
. "$VZ_SOURCE_DIR/tests/lib/tiny_template.sh"
. "$VZ_SOURCE_DIR/tests/lib/lan.sh"
need_programs ip bridge nft ping nsenter
sandbox "$0" "$@"

tiny_template tiny
for n in 101 102 103; do expect 0 vzctl create $n --ostemplate tiny --hostname "ct$n"; done
vzctl --quiet set 101 --ipadd 10.10.0.101 --save

reaches() { # CTID ADDRESS [PING-OPTION…]
    inside "$1" ping -c 1 -W 1 -q "$2" "${@:3}" >/dev/null 2>&1
}
netif() { sed -n 's/^NETIF="\(.*\)"$/\1/p' "/etc/vz/conf/$1.conf"; }
wait_for() { # COMMAND…: until it succeeds, 5 s at most
    local i
    for ((i = 0; i < 50; i++)); do "$@" && return; sleep 0.1; done
    return 1
}
host_state() {
    ip -o link show | sed 's/^[0-9]*: \([^:@]*\).*/\1/' | sort
    nft list ruleset | grep -E 'veth|port_|(in|out)10[0-9]|flows'
    find /run/vz/net -mindepth 1 ! -name '*lock' -printf '%f\n' | sort
}

ip link add br0 type bridge
# Not every kernel has VLANs.
vlans=no
ip link set br0 type bridge vlan_filtering 1 2>/dev/null && ip link add br0.10 link br0 type vlan id 10 2>/dev/null && vlans=yes
ip link set br0 up
ip addr add 10.50.0.1/24 dev br0
ip addr add 2001:db8:50::1/64 dev br0 nodad
ip link add br1 mtu 1400 type bridge
ip link set br1 up
nft add table inet foreign
nft add chain inet foreign kept '{ type filter hook forward priority 0; }'
foreign=$(nft list table inet foreign)
before=$(host_state)

# ---- adding while it runs ---------------------------------------------------------------------------------------
expect 0 vzctl start 101
expect 0 vzctl set 101 --netif_add eth0,,,,br0 --save
equal "NETIF is complete" "ifname=eth0,bridge=br0,mac=00:18:51:xx,host_ifname=veth101.0,host_mac=fe:ff:ff:ff:ff:ff,mac_filter=on" \
    "$(netif 101 | sed 's/\(mac=00:18:51\)[0-9a-f:]*/\1:xx/')"
mac=$(netif 101 | grep -o '00:18:51:[0-9a-f:]*')
equal "the interface has that MAC address" "$mac" "$(inside 101 ip -o link show eth0 | grep -o "link/ether [^ ]*" | cut -d " " -f 2)"
check "its host end is a port of the bridge" test "$(ip -o link show master br0 | grep -c veth101.0)" = 1
expect 0 vzctl set 101 --ifname eth0 --ipadd 10.50.0.101/24 --ipadd 2001:db8:50::101/64 --gw 10.50.0.1 --save
check "it reaches the host through the bridge" reaches 101 10.50.0.1 -I eth0
check "… by IPv6, too" wait_for reaches 101 2001:db8:50::1
equal "the routed default route is the better one" "venet0" "$(inside 101 ip route get 203.0.113.1 | grep -o 'dev [^ ]*' | cut -d ' ' -f 2)"
equal "the gateway is the second one" "default via 10.50.0.1 dev eth0 metric 100 onlink" "$(inside 101 ip route show default dev eth0 | sed 's/default via 10.50.0.1/default via 10.50.0.1 dev eth0/; s/ *$//')"
check "the name in its own hosts file has the new address" grep -q '^10.50.0.101' /var/lib/vz/root/101/etc/hosts
expect 78 vzctl set 102 --netif_add eth0,,,,br0 --ifname eth0 --ipadd 10.50.0.101/24 --save
expect 0 vzctl set 102 --netif_add eth0,,,,br0 --netif_add eth1,,,,br1 --ifname eth0 --ipadd 10.50.0.102/24 --save
expect 0 vzctl start 102
check "two containers on one bridge reach each other" reaches 101 10.50.0.102 -I eth0
equal "the MTU is that of the bridge" 1400 "$(inside 102 ip -o link show eth1 | grep -o 'mtu [0-9]*' | cut -d ' ' -f 2)"
other=$(netif 102 | grep -o ',mac=00:18:51:[0-9a-f:]*' | sort -u | wc -l)
equal "each interface has a MAC address of its own" 2 "$other"

# ---- forged sources ---------------------------------------------------------------------------------------------
drops() { nft list chain bridge vz port_veth101.0 | grep "$1" | sed -n 's/.*packets \([0-9]*\) .*/\1/p' | head -n 1; }
inside 101 ip addr add 10.50.0.66/24 dev eth0
check_not "a forged IPv4 source gets no answer" reaches 101 10.50.0.1 -I 10.50.0.66
check "… and is counted" test "$(drops '\sip saddr')" -gt 0
inside 101 ip addr del 10.50.0.66/24 dev eth0
inside 101 ip addr add 2001:db8:50::66/64 dev eth0 nodad
check_not "a forged IPv6 source gets no answer" reaches 101 2001:db8:50::1 -I 2001:db8:50::66
inside 101 ip addr del 2001:db8:50::66/64 dev eth0
inside 101 ip link set eth0 address 00:18:51:de:ad:01
check_not "a forged MAC address gets no answer" reaches 101 10.50.0.102 -I eth0
check "… and is counted" test "$(drops 'ether saddr')" -gt 0
expect 0 vzctl set 101 --ifname eth0 --mac_filter off
inside 101 ip link set eth0 address 00:18:51:de:ad:01
check "without the filter it is let through" wait_for reaches 101 10.50.0.102 -I eth0
expect 0 vzctl set 101 --ifname eth0 --mac_filter on
equal "the filter sets the right MAC address again" "$mac" "$(inside 101 ip -o link show eth0 | grep -o 'link/ether [^ ]*' | cut -d ' ' -f 2)"
check "and it works again" wait_for reaches 101 10.50.0.102 -I eth0

# ---- pitfall #2641: frames that also go through the rules of the host for packets ---------------------------------
bridge_nf=/proc/sys/net/bridge/bridge-nf-call
if [ -e $bridge_nf-iptables ]; then
    for kind in arptables iptables ip6tables; do echo 1 >$bridge_nf-$kind; done
    expect 0 vzctl restart 102
    check "#2641: two containers on one bridge still reach each other" wait_for reaches 101 10.50.0.102 -I eth0
    check "#2641: … and the host" reaches 101 10.50.0.1 -I eth0
    check "#2641: … by IPv6, too" wait_for reaches 101 2001:db8:50::1
    inside 101 ip addr add 10.50.0.66/24 dev eth0
    check_not "#2641: a forged source still gets no answer" reaches 101 10.50.0.1 -I 10.50.0.66
    inside 101 ip addr del 10.50.0.66/24 dev eth0
    equal "#2641: what the administrator chose is left alone" "1 1 1" "$(cat $bridge_nf-{arptables,iptables,ip6tables} | xargs)"
    for kind in arptables iptables ip6tables; do echo 0 >$bridge_nf-$kind; done
    expect 0 vzctl restart 102
    equal "#2641: … that, too" "0 0 0" "$(cat $bridge_nf-{arptables,iptables,ip6tables} | xargs)"
else
    echo "not tried: #2641, this kernel has no bridge-nf"
fi

# ---- VLANs ------------------------------------------------------------------------------------------------------
if [ $vlans = yes ]; then
    expect 0 vzctl set 101 --ifname eth0 --vlan 10 --save
    equal "the port is in that VLAN only" "10" "$(bridge -j vlan show dev veth101.0 | grep -o '"vlan":[0-9]*' | cut -d : -f 2 | xargs)"
    check_not "the other VLAN is out of reach" reaches 101 10.50.0.102 -I eth0
    expect 0 vzctl set 102 --ifname eth0 --bridge br0.10 --save
    check "a VLAN device of the bridge stands for both" wait_for reaches 101 10.50.0.102 -I eth0
    expect 0 vzctl stop 102
    expect 0 vzctl start 102
    check "the same after a new start" wait_for reaches 101 10.50.0.102 -I eth0
    expect 0 vzctl set 102 --ifname eth0 --bridge br0 --save
    expect 0 vzctl set 101 --ifname eth0 --vlan none --save
    check "back in the untagged VLAN" wait_for reaches 101 10.50.0.102 -I eth0
else
    echo "not tried: this kernel has no VLANs on bridges"
fi
expect 130 vzctl set 101 --ifname eth0 --bridge br1 --vlan 10
check "a bridge without VLANs is told" grep -q vlan_filtering <<<"$err"
expect 130 vzctl set 101 --ifname eth0 --bridge nobridge --save
check "a missing bridge is told" grep -q "nobridge does not exist" <<<"$err"
check "and the interface stays as it was" reaches 101 10.50.0.102 -I eth0
check_not "… in the configuration, too" grep -q nobridge /etc/vz/conf/101.conf

# ---- restarts and reboots ---------------------------------------------------------------------------------------
expect 0 vzctl restart 101
check "everything is there after a restart" wait_for reaches 101 10.50.0.102 -I eth0
cat >>/etc/vz/conf/103.conf <<<'NETIF="ifname=eth0,bridge=br0,ip=10.50.0.103/24"'
expect 0 vzctl start 103
equal "what NETIF does not say is chosen, always the same" "veth103.0" "$(ip -o link show master br0 | grep -o 'veth103.0')"
check "a hand-written NETIF works" wait_for reaches 103 10.50.0.102
expect 0 vzctl stop 103
sed -i 's/bridge=br0/bridge=nobridge/' /etc/vz/conf/103.conf
expect 130 vzctl start 103
check "a start without the bridge says so" grep -q "nobridge does not exist" <<<"$err"
sed -i 's/ifname=eth0/ifname=eth0 up/' /etc/vz/conf/103.conf
expect 130 vzctl start 103
sed -i '/^NETIF/d' /etc/vz/conf/103.conf

# ---- devices of the host ----------------------------------------------------------------------------------------
# The kernel saves real ones when a namespace dies; these it would not.
ip link add base type veth peer name base1
ip link add dummy7 link base type macvlan
ip link add dummy8 link base type macvlan
expect 0 vzctl set 102 --netdev_add dummy7 --save
check "the device is inside" inside 102 ip link show dummy7
check_not "and not on the host" ip link show dummy7 2>/dev/null
expect 0 vzctl set 102 --netdev_add dummy8 --save
expect 0 vzctl set 102 --netdev_del dummy8 --save
check "it comes back live" ip link show dummy8
inside 102 ip link set dummy7 name renamed
expect 0 vzctl stop 102
check "it comes back at the stop, with its name" ip link show dummy7
expect 0 vzctl start 102
check "and goes in at the next start" inside 102 ip link show dummy7
for device in lo venet101 tun0 tap1 nosuchdev; do expect 104 vzctl set 102 --netdev_add "$device" --save; done
expect 0 vzctl set 102 --netdev_del dummy7 --save
check "given back for good" ip link show dummy7
ip link del dummy7
ip link del dummy8
ip link del base

# ---- wrong options ----------------------------------------------------------------------------------------------
expect 21 vzctl set 101 --netif_add eth0
expect 21 vzctl set 101 --netif_add 'a b'
expect 21 vzctl set 101 --netif_del eth9
expect 21 vzctl set 101 --ifname eth9 --bridge br0
expect 20 vzctl set 101 --bridge br0
expect 21 vzctl set 101 --ifname eth0 --mac 01:00:00:00:00:01
expect 21 vzctl set 101 --ifname eth0 --vlan 5000
ip link add taken type veth peer name taken1
expect 130 vzctl set 101 --netif_add 'eth5,,taken,,br0'
check "a device of the host is not touched" ip link show taken
ip link del taken

# ---- removing, and what is left ---------------------------------------------------------------------------------
expect 0 vzctl set 101 --netif_del all --save
check_not "it is gone inside" inside 101 ip link show eth0 2>/dev/null
check_not "and on the host" ip link show veth101.0 2>/dev/null
equal "NETIF is empty" "" "$(netif 101)"
vzctl --quiet stop 101
vzctl --quiet stop 102
equal "nothing is left on the host" "$before" "$(host_state)"
equal "tables of others are untouched" "$foreign" "$(nft list table inet foreign)"
finish
