#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The routed network in namespaces of its own: a host, two containers, and a machine beyond the host's uplink.
set -u
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"

need_root
need_programs ip nft ping unshare
unshare --net true 2>/dev/null || skip "needs network namespaces"
[ -e /proc/sys/net/ipv6 ] || skip "needs IPv6"

base=vztest-$$
host=$base-host lan=$base-lan g1=$base-g1 g2=$base-g2
driver=$VZ_BUILD_DIR/tests/helpers/net_driver
state=$VZ_TMP/state

clean_up() {
    local name
    for name in "$host" "$lan" "$g1" "$g2"; do ip netns del "$name" 2>/dev/null; done
    ip netns list | grep -q "^$base" && echo "left behind: $(ip netns list)" >&2
}
trap clean_up EXIT

on() { # NAMESPACE COMMAND…
    ip netns exec "$@"
}
net() { # OPTION=VALUE… VERB…: the module, on the host
    on "$host" "$driver" state="$state" "$@"
}
ns() { echo "/run/netns/$1"; }
reaches() { # NAMESPACE ADDRESS [PING-OPTION…]
    local from=$1 to=$2
    shift 2
    on "$from" ping -c 1 -W 2 -q "$@" "$to" >/dev/null 2>&1
}
wait_for() { # COMMAND…: until it succeeds, 5 s at most
    local i
    for ((i = 0; i < 50; i++)); do "$@" && return; sleep 0.1; done
    return 1
}

make_veth() { # CTID NAMESPACE
    on "$host" ip link add "venet$1" type veth peer name venet0 netns "$2"
}

make_network() {
    local name
    for name in "$host" "$lan" "$g1" "$g2"; do ip netns add "$name" || skip "cannot make network namespaces"; done
    on "$host" ip link add eth0 mtu 1400 type veth peer name lan0 mtu 1400 netns "$lan"
    on "$host" ip -batch - <<-END
		link set lo up
		link set eth0 up
		address add 10.9.0.1/24 brd + dev eth0
		address add 2001:db8:9::1/64 dev eth0 nodad
		route add default via 10.9.0.254
		route add default via 2001:db8:9::fe dev eth0
	END
    on "$lan" ip -batch - <<-END
		link set lo up
		link set lan0 up
		address add 10.9.0.254/24 dev lan0
		address add 2001:db8:9::fe/64 dev lan0 nodad
		address add 203.0.113.1/32 dev lo
		address add 2001:db8:ffff::1/128 dev lo
		route add 198.51.100.0/24 via 10.9.0.1
		route add 2001:db8:7::/64 via 2001:db8:9::1
	END
    # What arrives from where: the peer counts.
    on "$lan" nft -f - <<-END
		table inet seen {
			chain input {
				type filter hook input priority 0;
				ip saddr 10.66.6.6 counter comment "spoofed"
				ip6 saddr 2001:db8:bad::6 counter comment "spoofed6"
				ip saddr 10.9.0.50 counter comment "proxied"
				ip saddr 10.1.2.3 counter comment "private"
			}
		}
	END
    on "$host" nft -f - <<-END
		table ip foreign { chain c { type filter hook forward priority 0; ip daddr 192.0.2.99 counter; }; }
	END
    make_veth 101 "$g1"
    make_veth 102 "$g2"
}

seen() { # COMMENT: packets the peer counted
    on "$lan" nft list table inet seen | sed -n "s/.*counter packets \([0-9]*\) .*\"$1\".*/\1/p"
}
snapshot() { # what must be as before when all containers are gone
    on "$host" nft list tables | grep -v '^table inet vz$'
    on "$host" nft list table ip foreign
    on "$host" ip neigh show proxy
    on "$host" ip -6 neigh show proxy
    on "$host" ip route show
    on "$host" ip -6 route show | grep -v 'dev venet.*proto kernel'
    on "$host" nft list table inet vz 2>/dev/null | grep -E 'guest|masquerade|10\.|2001' |
        grep -vE 'map (guests|masquerades)|vmap @'
}

make_network
has_carrier() { [ "$(on "$host" cat /sys/class/net/eth0/operstate)" = up ]; }
wait_for has_carrier # or the routes still say "linkdown"
before=$(snapshot)

# --- one container with an address in the uplink's subnet, a private one, a routed one, and IPv6
a1=(10.9.0.50 10.1.2.3/24 2001:db8:9::50 fd12:3456::3)
check "bring up 101" net up 101 "$(ns "$g1")" "${a1[@]}"
state_101() {
    on "$host" nft list chain inet vz guest101
    on "$host" nft list chain inet vz masquerade101
    on "$host" ip address show dev venet101
    on "$host" ip route show dev venet101
    on "$host" ip -6 route show dev venet101
    on "$host" ip neigh show dev venet101 nud permanent | sort
    on "$host" ip neigh show proxy
    on "$g1" ip address show dev venet0
    on "$g1" ip route show
    on "$g1" ip -6 route show
    on "$g1" ip neigh show nud permanent | sort
}
plain() { sed -E 's/counter packets [0-9]+ bytes [0-9]+/counter/; s/(tentative|valid_lft.*)//; s/ +$//'; }
equal "MTU follows the uplink" "1400 1400" \
    "$(on "$host" cat /sys/class/net/venet101/mtu) $(on "$g1" cat /sys/class/net/venet0/mtu)"
equal "forwarding is on" "1 1" "$(on "$host" cat /proc/sys/net/ipv4/ip_forward) $(on "$host" cat /proc/sys/net/ipv6/conf/all/forwarding)"
check "the container reaches the host" reaches "$g1" 10.9.0.1
check "the host reaches the container" reaches "$host" 10.9.0.50
check "the host reaches the container by IPv6" reaches "$host" 2001:db8:9::50
check "an address of the uplink's subnet needs no NAT" reaches "$g1" 10.9.0.254
check "… nor beyond it" reaches "$g1" 203.0.113.1
check "the peer saw that address" test "$(seen proxied)" -ge 2
check "the peer reaches it by proxy ARP" reaches "$lan" 10.9.0.50
check "a private address leaves masqueraded" reaches "$g1" 203.0.113.1 -I 10.1.2.3
equal "the peer never saw the private address" 0 "$(seen private)"
check "IPv6 of the uplink's subnet reaches out" wait_for reaches "$g1" 2001:db8:ffff::1 -I 2001:db8:9::50
check "the peer reaches it by proxy NDP" reaches "$lan" 2001:db8:9::50
check "a unique local IPv6 address leaves masqueraded" reaches "$g1" 2001:db8:ffff::1 -I fd12:3456::3

equal "the uplink still takes router advertisements, the container's device none" "2 0" \
    "$(on "$host" cat /proc/sys/net/ipv6/conf/{eth0,venet101}/accept_ra | xargs)"

first=$(state_101 | plain)
check "bring up again" net up 101 "$(ns "$g1")" "${a1[@]}"
equal "doing it again changes nothing" "$first" "$(state_101 | plain)"

# --- forged sources
on "$g1" ip address add 10.66.6.6/32 dev venet0
on "$g1" ip address add 2001:db8:bad::6/128 dev venet0 nodad
check_not "a forged source gets no answer" reaches "$g1" 10.9.0.254 -I 10.66.6.6 -W 1
check_not "a forged IPv6 source gets no answer" reaches "$g1" 2001:db8:9::fe -I 2001:db8:bad::6 -W 1
equal "and is not seen outside" "0 0" "$(seen spoofed) $(seen spoofed6)"
check "the filter counted it" \
    grep -Eq 'counter packets [1-9][0-9]* .* drop' <<<"$(on "$host" nft list chain inet vz guest101)"

# --- a second container; neither may take the other's address
check "bring up 102" net up 102 "$(ns "$g2")" 198.51.100.7 2001:db8:7::7
check "containers reach each other" reaches "$g1" 198.51.100.7
check "a routed public address is not masqueraded" reaches "$g2" 203.0.113.1
check "… nor its IPv6 address" reaches "$g2" 2001:db8:ffff::1
on "$g1" ip address add 198.51.100.7/32 dev venet0
check_not "a neighbour's address is a forged source too" reaches "$g1" 10.9.0.254 -I 198.51.100.7 -W 1
expect 78 net up 101 "$(ns "$g1")" "${a1[@]}" 198.51.100.7
check "the address stays with its owner" grep -q 'dev venet102' <<<"$(on "$host" ip route show 198.51.100.7)"
check "the owner still works" reaches "$g2" 203.0.113.1

# --- live changes are exact: what the container itself added goes as well
check "bring up 101 after the failure" net up 101 "$(ns "$g1")" "${a1[@]}"
equal "back to exactly the first state" "$first" "$(state_101 | plain)"
check "exchange the addresses" net up 101 "$(ns "$g1")" 10.9.0.51 2001:db8:9::51
equal "inside: exactly the new addresses" "10.9.0.51/32 2001:db8:9::51/128" \
    "$(on "$g1" ip -o address show dev venet0 scope global | awk '{print $4}' | xargs)"
equal "routes on the host: exactly the new ones" "10.9.0.51 2001:db8:9::51" \
    "$(on "$host" ip -o route show dev venet101 | awk '{print $1}' | xargs) $(
        on "$host" ip -6 -o route show dev venet101 | awk '!/proto kernel/{print $1}' | xargs)"
equal "proxies: exactly the new ones" "10.9.0.51 2001:db8:9::51" \
    "$(on "$host" ip neigh show proxy | awk '{print $1}' | sort | xargs)"
check "the new address works" reaches "$lan" 10.9.0.51
check "the new IPv6 address works" reaches "$lan" 2001:db8:9::51
check_not "the old one does not" reaches "$lan" 10.9.0.50 -W 1
check "take the last address away" net up 101 "$(ns "$g1")"
equal "inside: none" "" "$(on "$g1" ip -o address show dev venet0 scope global; on "$g1" ip route show; on "$g1" ip -6 route show default)"
check "IPV6=no skips IPv6 addresses" net ipv6=no up 101 "$(ns "$g1")" 10.9.0.50 2001:db8:9::50
equal "… and takes only IPv4" "10.9.0.50/32" "$(on "$g1" ip -o address show dev venet0 scope global | awk '{print $4}' | xargs)"

on "$g1" sh -c 'echo 1 >/proc/sys/net/ipv6/conf/venet0/disable_ipv6'
expect 0 net up 101 "$(ns "$g1")" 10.9.0.50 2001:db8:9::50
check "a container without IPv6 of its own still gets IPv4" reaches "$lan" 10.9.0.50
check "… with a warning" grep -q 'switched IPv6 off' <<<"$err"
on "$g1" sh -c 'echo 0 >/proc/sys/net/ipv6/conf/venet0/disable_ipv6'

# --- the administrator's `nft flush ruleset` takes our table too; the next bring-up repairs it
on "$host" nft delete table inet vz
check "bring up without our table" net up 101 "$(ns "$g1")" 10.1.2.3
check "… masquerades again" reaches "$g1" 203.0.113.1

# --- a kernel or a host without nftables
cat >"$VZ_TMP/nft" <<'END'
#!/bin/sh
echo "Error: Could not process rule: Operation not supported" >&2
exit 1
END
chmod +x "$VZ_TMP/nft"
without_nft() { # COMMAND…
    unshare --mount --propagation private sh -c \
        'mount --bind "$1" "$(readlink -f "$(command -v nft)")" && shift && exec "$@"' sh "$VZ_TMP/nft" "$@"
}
expect 5 without_nft ip netns exec "$host" "$driver" state="$state" up 101 "$(ns "$g1")" 10.9.0.50
check "the message has nft's own words" grep -q 'nft failed (1): Error: .*Operation not supported' <<<"$err"
expect 0 without_nft ip netns exec "$host" "$driver" state="$state" firewall=optional up 101 "$(ns "$g1")" 10.9.0.50
check "with an optional firewall it is a warning" grep -q 'warning: nft failed' <<<"$err"
expect 0 without_nft ip netns exec "$host" "$driver" state="$state" down 101
net down 101

# --- policy
check "VE_ROUTE_SRC_DEV" net src=eth0 up 101 "$(ns "$g1")" 10.9.0.50
check "… sets the source of the route" grep -q 'src 10.9.0.1' <<<"$(on "$host" ip route show 10.9.0.50)"
check "NEIGHBOUR_DEVS=all" net neighbours=all up 101 "$(ns "$g1")" 10.1.2.3
check "… answers for any address" grep -q '^10.1.2.3 dev eth0 proxy' <<<"$(on "$host" ip neigh show proxy)"
check "NEIGHBOUR_DEVS=none" net neighbours=none masquerade=none up 101 "$(ns "$g1")" 10.1.2.3
equal "… answers for none" "" "$(on "$host" ip neigh show proxy)"
check_not "without masquerading a private address gets no answer" reaches "$g1" 203.0.113.1 -W 1
on "$host" ip neigh add proxy 10.9.0.50 dev eth0
check "an administrator's own proxy entry" net up 101 "$(ns "$g1")" 10.9.0.50
check "take 101 down" net down 101
equal "… is not taken away" "10.9.0.50 dev eth0 proxy" "$(on "$host" ip neigh show proxy | sed 's/ *$//')"
on "$host" ip neigh del proxy 10.9.0.50 dev eth0
equal "a stopped container's device has no routes and neighbours of ours" "" "$(on "$host" ip route show dev venet101
    on "$host" ip neigh show dev venet101 nud permanent)"

# --- who has an address already?
equal "free addresses" "" "$(net conflicts 101 10.9.0.60 2001:db8:9::60)"
equal "the host's own" "10.9.0.1 eth0 of this host" "$(net conflicts 101 10.9.0.1)"
equal "another container's" "198.51.100.7 container 102" "$(net conflicts 101 198.51.100.7)"
equal "one's own is no conflict" "" "$(net conflicts 102 198.51.100.7)"
lan_mac=$(on "$lan" cat /sys/class/net/lan0/address)
equal "a machine in the uplink's subnet" "10.9.0.254 $lan_mac on eth0
2001:db8:9::fe $lan_mac on eth0" "$(net conflicts 101 10.9.0.254 2001:db8:9::fe 10.9.0.60 | sort)"
equal "not asked for: not probed" "" "$(net probe=none conflicts 101 10.9.0.254)"
began=$(date +%s%N)
net conflicts 101 203.0.113.77 >/dev/null
check "a foreign address is not probed (no wait)" test $((($(date +%s%N) - began) / 1000000)) -lt 250

# --- announcements move an address from one Ethernet address to another at once
on "$lan" ip neigh replace 10.9.0.50 lladdr 02:00:00:00:00:99 dev lan0 nud stale
on "$lan" ip neigh replace 2001:db8:9::50 lladdr 02:00:00:00:00:99 dev lan0 nud stale
net up 101 "$(ns "$g1")" 10.9.0.50 2001:db8:9::50
check "announce" net announce 10.9.0.50 2001:db8:9::50
host_mac=$(on "$host" cat /sys/class/net/eth0/address)
moved() { on "$lan" ip neigh show "$1" dev lan0 | grep -q "$host_mac"; }
check "the peer learned the new place" wait_for moved 10.9.0.50
check "… of IPv6 too" wait_for moved 2001:db8:9::50

# --- killed at any point, everything can be taken away, or be finished
for ((ms = 1; ms <= 31; ms += 3)); do
    net down 101
    (exec ip netns exec "$host" "$driver" state="$state" up 101 "$(ns "$g1")" "${a1[@]}") & # one process all the way
    pid=$!
    sleep "0.0$(printf %02d "$ms")"
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null
    if ((ms % 2)); then
        net down 101 || fail "take down after a kill at $ms ms"
        on "$host" ip neigh show proxy | grep -q . && fail "a proxy entry is left after a kill at $ms ms"
        [ -e "$state/101" ] && fail "a record is left after a kill at $ms ms"
    else
        net up 101 "$(ns "$g1")" "${a1[@]}" || fail "bring up after a kill at $ms ms"
        reaches "$lan" 10.9.0.50 || fail "no connection after a kill at $ms ms"
    fi
done
pass "killed at many points"

# --- everything goes
check "take 102 down" net down 102
ip netns del "$g1"
g1_gone() { ! on "$host" ip link show venet101 >/dev/null 2>&1; }
check "the container's namespace is gone, its device too" wait_for g1_gone
check "take 101 down without its device" net down 101
check "take 101 down once more" net down 101
check "take down what never was" net down 4000
equal "the host is as before" "$before" "$(snapshot)"
equal "no record is left" "" "$(ls "$state")"
expect 104 net up 101 "$(ns "$g2")" 10.9.0.50
check "the message says what is missing" grep -q 'venet101: no such network device' <<<"$err"

finish
