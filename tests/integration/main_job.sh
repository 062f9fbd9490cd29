#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The main job on both layouts: create, start, look inside, change settings live, stop, destroy.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
sandbox "$0" "$@"
sandbox_template

for layout in overlay dir; do
    expect 0 vzctl create 101 --ostemplate debian-13-x86_64-minimal --layout "$layout" --hostname web.example.org --ipadd 10.10.0.2
    equal "$layout: created" "CTID 101 exist unmounted down" "$(vzctl status 101)"
    expect 0 vzctl start 101 --wait
    equal "$layout: running" "CTID 101 exist mounted running" "$(vzctl status 101)"
    equal "$layout: systemd is content" running "$(vzctl exec2 101 systemctl is-system-running)"
    equal "$layout: root owns its files" "0 0" "$(vzctl exec2 101 stat -c "'%u %g'" /etc/passwd)"
    equal "$layout: host name" web.example.org "$(vzctl exec2 101 hostname)"
    expect 0 vzctl set 101 --hostname mail.example.org --ipadd 10.10.0.3 --ram 300M --numproc 300 --save
    equal "$layout: live host name" mail.example.org "$(vzctl exec2 101 hostname)"
    check "$layout: live address" grep -q 10.10.0.3 <<<"$(vzctl exec2 101 ip -4 addr show venet0)"
    check "$layout: the host reaches it" ping -qc1 -W2 10.10.0.3
    expect 0 vzctl stop 101
    equal "$layout: stopped" "CTID 101 exist unmounted down" "$(vzctl status 101)"
    expect 0 vzctl destroy 101
    equal "$layout: gone" "CTID 101 deleted unmounted down" "$(vzctl status 101)"
done
equal "nothing is left of the network" "" "$(ip -o link show | grep venet)"
finish
