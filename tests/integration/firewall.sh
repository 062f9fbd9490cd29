#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Firewalls of containers, routed and bridged: who gets through, proven by connecting from other networks; connections that
# live through a reload; rules that are there before the init; hostile configurations; tables of others.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
. "$VZ_SOURCE_DIR/tests/lib/tiny_template.sh"
. "$VZ_SOURCE_DIR/tests/lib/lan.sh"
need_programs ip nft ping nsenter python3
sandbox "$0" "$@"

rules_without_counts() { nft list ruleset | sed 's/packets.*//'; }

tiny_template tiny

# A machine in the uplink's network, with a second address, and one on the bridge.
lan_machine
on_lan ip addr add 198.51.100.77/24 dev lan0
on_lan ip route add 10.10.0.0/24 via 198.51.100.2
ip link add br0 type bridge
ip link set br0 up
ip link add lanbr type veth peer name eth9 netns $lan
ip link set lanbr master br0 up
on_lan ip link set eth9 up
on_lan ip addr add 10.50.0.1/24 dev eth9
on_lan ip addr add 10.50.0.77/24 dev eth9
on_lan ip addr add 2001:db8:50::1/64 dev eth9 nodad

nft add table inet foreign
nft add chain inet foreign kept '{ type filter hook forward priority 0; }'
nft add rule inet foreign kept ip daddr 192.0.2.9 counter
foreign=$(nft list table inet foreign)

# A server that answers every line; a client says what it got.
cat >"$VZ_TMP/server.py" <<'PYTHON'
import socket, sys, threading
def serve(family, kind, port):
    s = socket.socket(family, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6: s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.bind(("", port))
    if kind == socket.SOCK_DGRAM:
        while True:
            data, who = s.recvfrom(100)
            s.sendto(data, who)
    s.listen()
    while True:
        c, _ = s.accept()
        threading.Thread(target=lambda c=c: [c.sendall(d) for d in iter(lambda: c.recv(100), b"")], daemon=True).start()
for port in map(int, sys.argv[1:]):
    for family in (socket.AF_INET, socket.AF_INET6):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            threading.Thread(target=serve, args=(family, kind, port), daemon=True).start()
threading.Event().wait()
PYTHON
cat >"$VZ_TMP/client.py" <<'PYTHON'
import socket, sys
kind, to, port, source = sys.argv[1:5]
family = socket.AF_INET6 if ":" in to else socket.AF_INET
s = socket.socket(family, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
s.settimeout(1)
if source: s.bind((source, 0))
s.connect((to, int(port)))
s.send(b"hello")
sys.exit(0 if s.recv(100) == b"hello" else 1)
PYTHON
# Sends a line, waits for a file, sends another: a connection that lives through something.
cat >"$VZ_TMP/long.py" <<'PYTHON'
import os, socket, sys, time
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)
s.settimeout(3)
s.send(b"one")
assert s.recv(100) == b"one"
open(sys.argv[3] + ".open", "w").close()
while not os.path.exists(sys.argv[3]): time.sleep(0.05)
s.send(b"two")
sys.exit(0 if s.recv(100) == b"two" else 1)
PYTHON
lan_gets() { # PROTOCOL ADDRESS PORT [SOURCE]
    on_lan python3 "$VZ_TMP/client.py" "$1" "$2" "$3" "${4:-}" 2>/dev/null
}
guest_gets() { # CTID PROTOCOL ADDRESS PORT
    inside "$1" python3 "$VZ_TMP/client.py" "$2" "$3" "$4" "" 2>/dev/null
}
wait_for() {
    local i
    for ((i = 0; i < 50; i++)); do "$@" && return; sleep 0.1; done
    return 1
}
servers=()
serve_in() { # CTID
    nsenter --net --target "$(init_of "$1")" -- python3 "$VZ_TMP/server.py" 80 22 53 & # no function: it is to be killed
    servers+=($!)
}
stop_servers() {
    [ ${#servers[@]} -eq 0 ] || kill "${servers[@]}" 2>/dev/null
    wait "${servers[@]}" 2>/dev/null
    servers=()
}
nsenter --net --target $lan -- python3 "$VZ_TMP/server.py" 80 25 53 & # no function: it is to be killed
lan_server=$!
trap 'kill $lan $lan_server "${servers[@]}" 2>/dev/null; sandbox_leave' EXIT

expect 0 vzctl create 101 --ostemplate tiny --ipadd 10.10.0.101
expect 0 vzctl create 102 --ostemplate tiny
expect 0 vzctl set 102 --netif_add eth0,,,,br0 --ifname eth0 --ipadd 10.50.0.102/24 --ipadd 2001:db8:50::102/64 --gw 10.50.0.1 --save
expect 0 vzctl start 101
expect 0 vzctl start 102

# ---- the same rules, routed and bridged ---------------------------------------------------------------------------
try_container() { # CTID ADDRESS FRIEND STRANGER
    local ctid=$1 to=$2 friend=$3 stranger=$4
    serve_in "$ctid"
    check "$ctid: open before" wait_for lan_gets tcp "$to" 22
    expect 0 vzfirewall set "$ctid" tcp:80 "tcp:22@$friend" "udp:53@$friend"
    check "$ctid: port 80 for all" lan_gets tcp "$to" 80 "$stranger"
    check "$ctid: port 22 for one" lan_gets tcp "$to" 22 "$friend"
    check_not "$ctid: port 22 not for others" lan_gets tcp "$to" 22 "$stranger"
    check "$ctid: UDP for one" lan_gets udp "$to" 53 "$friend"
    check_not "$ctid: UDP not for others" lan_gets udp "$to" 53 "$stranger"
    check_not "$ctid: no ping" on_lan ping -c 1 -W 1 -q "$to" >/dev/null
    check "$ctid: it connects out" guest_gets "$ctid" tcp "$friend" 80
    check "$ctid: answers to its UDP come back" guest_gets "$ctid" udp "$friend" 53
    check "$ctid: it pings out" inside "$ctid" ping -c 1 -W 1 -q "$friend" >/dev/null
    expect 0 vzfirewall add "$ctid" icmp
    check "$ctid: ping after adding it" on_lan ping -c 1 -W 1 -q "$to" >/dev/null
    expect 0 vzfirewall add "$ctid" --out '!tcp:25'
    check_not "$ctid: no mail out" guest_gets "$ctid" tcp "$friend" 25
    check "$ctid: all else out" guest_gets "$ctid" tcp "$friend" 80
    expect 0 vzfirewall set "$ctid" --out --policy drop "tcp:80"
    check_not "$ctid: only what is allowed out" guest_gets "$ctid" udp "$friend" 53
    check "$ctid: that goes" guest_gets "$ctid" tcp "$friend" 80
    check "$ctid: answers to who connects go too" lan_gets udp "$to" 53 "$friend"
    expect 0 vzfirewall set "$ctid" --out --policy ""

    # A connection to a port that is closed meanwhile.
    rm -f "$VZ_TMP/go" "$VZ_TMP/go.open"
    on_lan python3 "$VZ_TMP/long.py" "$to" 80 "$VZ_TMP/go" &
    local long=$!
    check "$ctid: a connection is open" wait_for test -e "$VZ_TMP/go.open"
    expect 0 vzfirewall set "$ctid" "tcp:22@$friend"
    expect 0 vzfirewall reload "$ctid"
    check_not "$ctid: no new one" lan_gets tcp "$to" 80
    touch "$VZ_TMP/go"
    check "$ctid: the old one lives through reload and closing" wait $long

    # Rules are there at a start, for the host too.
    stop_servers
    expect 0 vzctl restart "$ctid"
    serve_in "$ctid"
    check "$ctid: after a restart, the one" wait_for lan_gets tcp "$to" 22 "$friend"
    check_not "$ctid: after a restart, not the other" lan_gets tcp "$to" 22 "$stranger"
    expect 0 vzctl set "$ctid" --firewall "" --save
    check "$ctid: open again" lan_gets tcp "$to" 22 "$stranger"
    equal "$ctid: no rules are left" "" "$(nft list ruleset | grep -E "(in|out)$ctid|flows._$ctid")"
    stop_servers
}
try_container 101 10.10.0.101 198.51.100.1 198.51.100.77
try_container 102 10.50.0.102 10.50.0.1 10.50.0.77

serve_in 102
expect 0 vzfirewall set 102 tcp:80@2001:db8:50::/64
check "IPv6: allowed" wait_for lan_gets tcp 2001:db8:50::102 80
check_not "IPv6: the other port" lan_gets tcp 2001:db8:50::102 22
check_not "a rule for IPv6 opens nothing for IPv4" lan_gets tcp 10.50.0.102 80
check "IPv6: it still finds its neighbours" inside 102 ping -c 1 -W 2 -q 2001:db8:50::1 >/dev/null

# ---- flushed tables -----------------------------------------------------------------------------------------------
nft flush ruleset
nft -f - <<<"$foreign"
check "without rules it is open" lan_gets tcp 2001:db8:50::102 22
expect 0 vzfirewall reload
check_not "reload brings them back" lan_gets tcp 2001:db8:50::102 22
check "… and the filter of the port" nft list chain bridge vz port_veth102.0 >/dev/null
stop_servers

# ---- show and test ------------------------------------------------------------------------------------------------
expect 0 vzfirewall set 101 tcp:80,443 'tcp:22@192.0.2.0/24' icmp
equal "the history has it" "vzfirewall set 101 tcp:80,443 tcp:22@192.0.2.0/24 icmp" "$(vzhistory -H -o what -n 1 101)"
expect 0 vzfirewall show 101
equal "show" "      CTID DIRECTION ACTION PROTOCOL PORTS           NETWORK
       101 in        accept tcp      80,443          any
       101 in        accept tcp      22              192.0.2.0/24
       101 in        accept icmp     any             any
       101 in        drop   any      any             any
       101 out       accept any      any             any" "$out"
check "show --json is JSON" python3 -c 'import json,sys; d=json.load(sys.stdin); assert d[0]["loaded"] and d[0]["in"]["policy"]=="drop" and len(d[0]["in"]["rules"])==3' < <(vzfirewall show --json 101)
before=$(rules_without_counts)
expect 0 vzfirewall test 101
check "test prints the rules" grep -q 'tcp dport { 80,443 } accept' <<<"$out"
check "they are what nft takes" nft -c -f - <<<"$out"
equal "test changes nothing" "$before" "$(rules_without_counts)"
expect 0 vzfirewall del 101 icmp
equal "del" 'tcp:80,443 tcp:22@192.0.2.0/24' "$(sed -n 's/^FIREWALL="\(.*\)"/\1/p' /etc/vz/conf/101.conf)"
expect 21 vzfirewall del 101 icmp
expect 21 vzfirewall add 101 'tcp:80;drop'
expect 21 vzfirewall add 101 'tcp:80@$(id)'
expect 21 vzfirewall set 101 --policy reject
expect 2 vzfirewall frobnicate 101
expect 2 vzfirewall add 101
expect 14 vzfirewall show 999
expect 14 vzfirewall reload 999

# ---- hostile and broken configurations ----------------------------------------------------------------------------
expect 0 vzctl stop 101
for value in 'tcp:80 } ; add table ip owned ; #' 'tcp:80"' 'any@10.0.0.0/8;flush ruleset' "$(printf 'x%.0s' {1..5000})"; do
    sed -i '/^FIREWALL=/d' /etc/vz/conf/101.conf
    printf "FIREWALL='%s'\n" "$value" >>/etc/vz/conf/101.conf
    expect 85 vzctl start 101
    expect 85 vzfirewall test 101
    expect 85 vzfirewall show 101
done
check_not "nothing of it reached nft" nft list table ip owned 2>/dev/null
sed -i '/^FIREWALL/d' /etc/vz/conf/101.conf
printf 'NETIF="ifname=eth0,host_ifname=x;drop"\n' >>/etc/vz/conf/101.conf
expect 130 vzctl start 101
sed -i '/^NETIF/d' /etc/vz/conf/101.conf
expect 0 vzctl start 101

expect 0 vzctl stop 101
expect 0 vzctl stop 102
equal "nothing is left when they are stopped" "" "$(nft list ruleset | grep -E 'venet10|veth10|(in|out)10[0-9]|flows')"
equal "tables of others are untouched" "$foreign" "$(nft list table inet foreign)"
finish
