#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Somebody flushed the host's tables, or took a container's routes away: `vz-boot reload` makes them again while
# connections go on, also when it is killed half-way; and changes of interfaces and firewalls that are killed leave the old
# state or the new one.
# shellcheck disable=SC2154 # out and err: of harness.sh
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
. "$VZ_SOURCE_DIR/tests/lib/tiny_template.sh"
. "$VZ_SOURCE_DIR/tests/lib/lan.sh"
. "$VZ_SOURCE_DIR/tests/lib/chaos.sh"
need_programs ip nft nsenter python3 strace
sandbox "$0" "$@"

tiny_template tiny
expect 0 vzctl create 101 --ostemplate tiny --ipadd 10.10.0.101
expect 0 vzctl create 102 --ostemplate tiny --ipadd 10.10.0.102
ip link add br0 type bridge
ip link set br0 up
ip addr add 10.50.0.1/24 dev br0

# A machine beyond the uplink: it serves a page, and knows no way to the container's private address.
lan_machine
mkdir "$VZ_TMP/www"
echo "It works" >"$VZ_TMP/www/index.html"
nsenter --net --target $lan -- python3 -m http.server --directory "$VZ_TMP/www" 80 >/dev/null 2>&1 & # no function: it is to be killed
server=$!
trap 'kill $lan $server 2>/dev/null; sandbox_leave' EXIT
cat >"$VZ_TMP/page.py" <<'PYTHON'
import sys, urllib.request
urllib.request.install_opener(urllib.request.build_opener(urllib.request.ProxyHandler({})))
print(urllib.request.urlopen(sys.argv[1], timeout=2).read().decode().strip())
PYTHON
page() { inside 101 python3 "$VZ_TMP/page.py" http://198.51.100.1/ 2>/dev/null; }
reaches() { ping -c 1 -W 1 -q "$1" >/dev/null 2>&1; }
wait_for() {
    local i
    for ((i = 0; i < 50; i++)); do "$@" >/dev/null && return; sleep 0.1; done
    return 1
}
network() { # all that the host has of the containers, and nothing that only counts
    # One line a chain or map, in any order.
    nft list ruleset | sed -E 's/packets [0-9]+ bytes [0-9]+//' |
        awk '/^table/ { table = $0; next } { line = line $0 } /^\t?}$/ { if (line != "}") print table, line; line = "" }' | sort
    ip -o route show | grep venet
    ip neigh show nud permanent | grep venet | sort
    ip -o link show type bridge_slave | sed 's/^[0-9]*: \([^@]*\).* master \([^ ]*\).*/\1 \2/'
}

# ---- vz-boot reload -------------------------------------------------------------------------------------------------
expect 0 vz-boot reload
equal "nothing runs: nothing to do" "reload: 0 done, 0 failed" "$out"
expect 0 vzctl start 101
expect 0 vzctl start 102
expect 0 vzctl set 101 --netif_add eth0,,,,br0 --ifname eth0 --ipadd 10.50.0.101/24 --firewall icmp --save
check "it gets the page" wait_for page
check "its host reaches it" wait_for reaches 10.50.0.101
network_before=$(network)
nft add table inet foreign

nft flush ruleset
equal "without tables, nobody answers its private address" "" "$(page)"
expect 0 vz-boot reload
equal "all that run are done" "reload: 2 done, 0 failed" "$out"
equal "it gets the page again" "It works" "$(page)"
equal "everything is there again" "$network_before" "$(network)"
expect 0 vz-boot reload
equal "and doing it again changes nothing" "$network_before" "$(network)"

ip route del 10.10.0.101
ip neigh flush nud permanent dev venet101
ip link set veth101.0 nomaster
nft delete table inet vz
check_not "without a port, its host does not reach it" reaches 10.50.0.101
nft -f - <<<"table inet foreign { chain kept { type filter hook forward priority 0; }; }"
expect 0 vz-boot reload
equal "routes and ports are there again" "$network_before" "$(network | grep -v '^table inet foreign')"
check "… and work" reaches 10.50.0.101
equal "… the page, too" "It works" "$(page)"
check "tables of others are untouched" nft list chain inet foreign kept >/dev/null
nft delete table inet foreign

# One that is broken does not keep the others back.
cp /etc/vz/conf/102.conf "$VZ_TMP/102.conf"
echo 'NETIF="ifname=eth0,bridge=nobridge"' >>/etc/vz/conf/102.conf
nft flush ruleset
expect 3 vz-boot reload
check "the broken one is named" grep -q 'CT 102: .*nobridge' <<<"$err"
equal "the other one is done" "It works" "$(page)"
cp "$VZ_TMP/102.conf" /etc/vz/conf/102.conf
expect 0 vz-boot reload
equal "all is well again" "$network_before" "$(network)"
expect 0 vzctl stop 102 --fast
network_before=$(network)

before_reload() { nft flush ruleset; }
after_reload() {
    quietly 0 vz-boot reload
    equal_quietly "everything is there again" "$network_before" "$(network)"
}
readonly kills=rename,renameat,unlink,sendto,sendmsg,setns,clone,clone3,vfork,wait4
STRACE=-f step_through reload "$kills" after_reload vz-boot reload
unset -f before_reload

# ---- interfaces -------------------------------------------------------------------------------------------------------
netif() { sed -n 's/^NETIF="\(.*\)"$/\1/p' /etc/vz/conf/101.conf; }
whole() { # the host has what the configuration says, or a start of it would have
    local wanted got
    wanted=$(netif | grep -o 'host_ifname=veth101\.[0-9]*' | cut -d = -f 2 | sort | xargs)
    got=$(ip -o link show | grep -o 'veth101\.[0-9]*' | sort -u | xargs)
    equal_quietly "the host has the configured interfaces" "$wanted" "$got"
}
one=$(netif)
after_netif() {
    check_quietly "old or new: $(netif)" [ "$(netif | tr ';' '\n' | sed 's/mac=[^,]*//' | grep -c 'bridge=br0')" = "$(netif | tr ';' '\n' | grep -c .)" ]
    equal_quietly "NETIF is there once" 1 "$(grep -c ^NETIF= /etc/vz/conf/101.conf)"
    quietly "0|21" vzctl set 101 --netif_add eth1,00:18:51:00:00:01,,,br0 --save
    check_quietly "both are in the configuration" grep -q 'ifname=eth0.*;ifname=eth1' /etc/vz/conf/101.conf
    quietly 0 vz-boot reload
    whole
    check_quietly "the new one is inside" inside 101 ip link show eth1 >/dev/null
    quietly 0 vzctl set 101 --netif_del eth1 --save
    whole
    equal_quietly "the configuration is the old one" "$one" "$(netif)"
    equal_quietly "the host is as before" "$network_before" "$(network)"
}
step_through netif_add "$kills" after_netif vzctl set 101 --netif_add eth1,00:18:51:00:00:01,,,br0 --save
before_netif_del() { vzctl --quiet set 101 --netif_add eth1,00:18:51:00:00:01,,,br0 --save; }
step_through netif_del "$kills" after_netif vzctl set 101 --netif_del eth1 --save

# ---- firewalls --------------------------------------------------------------------------------------------------------
after_firewall() {
    check_quietly "old or new" grep -qx -e 'FIREWALL="icmp"' -e 'FIREWALL="tcp:80"' /etc/vz/conf/101.conf
    # What is loaded is one of the two, never none.
    check_quietly "rules are loaded" nft list chain inet vz in101 >/dev/null
    quietly 0 vzfirewall set 101 icmp
    quietly 0 vzfirewall reload
    equal_quietly "the host is as before" "$network_before" "$(network)"
}
step_through firewall_set "$kills" after_firewall vzfirewall set 101 tcp:80
step_through firewall_reload "$kills" after_firewall vzfirewall reload 101

expect 0 vzctl set 101 --netif_del all --save
expect 0 vzctl stop 101
equal "nothing of the network is left" "" "$(ip -o link show | grep -E 'venet|veth10'; nft list ruleset | grep -E '10[12]|flows'
    find /run/vz/net -mindepth 1 ! -name '*lock')"
finish
