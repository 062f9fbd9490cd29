# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests in a sandbox (sandbox.sh): a machine beyond the uplink, which is the gateway 198.51.100.1; and the networks of
# containers, with programs of the host.
#
#   lan_machine                    # $lan is its process; end it at the end
#   on_lan ip addr add 198.51.100.77/24 dev lan0
#   inside 101 ping -c 1 198.51.100.1

lan_machine() {
    unshare --net sleep 1000 &
    lan=$!
    for _ in {1..50}; do [ "$(readlink /proc/$lan/ns/net)" != "$(readlink /proc/self/ns/net)" ] && break; sleep 0.05; done
    ip link set lan0 netns $lan
    on_lan ip link set lo up
    on_lan ip link set lan0 up
    on_lan ip addr add 198.51.100.1/24 dev lan0
}

on_lan() { nsenter --net --target "$lan" -- "$@"; }

init_of() { # CTID: its process on the host
    sed -n 's/.*"init": *\([0-9]*\).*/\1/p' "/run/vz/ct/$1/runtime.json"
}

inside() { nsenter --net --target "$(init_of "$1")" -- "${@:2}"; } # CTID COMMAND…
