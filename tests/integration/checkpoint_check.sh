#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016,SC2154 # words for a shell inside; out and err are set by expect
# "vzctl check": what keeps a container from being suspended, told with process and file, without stopping it. What the
# host itself cannot (criu missing, old control groups) is told too; tests/system/checkpoint.sh has a host that can.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
sandbox "$0" "$@"
sandbox_template

# What is said of the container, not of this host.
about_container() {
    vzctl check 101 2>/dev/null | grep -v -e criu -e CRIU -e "kernel cannot" -e "control groups of version 1"
}

expect 14 vzctl check 101
expect 0 vzctl create 101 --hostname web
expect 31 vzctl check 101
expect 31 vzctl suspend 101
expect 17 vzctl resume 101
expect 20 vzctl suspend 101 --dump --kill
expect 20 vzctl resume 101 --undump --kill
expect 20 vzctl check 101 --fast
expect 0 vzctl start 101 --wait
expect 32 vzctl resume 101
about_container
equal "nothing in a Debian is in the way" "" "$(about_container)"

from=${EPOCHREALTIME/./}
vzctl check 101 >/dev/null 2>&1
took=$((${EPOCHREALTIME/./} - from))
check "it takes less than a second ($took us)" test "$took" -lt 1000000

# Somebody from the host is inside.
vzctl exec2 101 sleep 1000 &
session=$!
for _ in $(seq 50); do
    about_container | grep -q '(sleep): was started from the host' && break
    sleep 0.1
done
check "a command from the host is named" grep -qE 'process [0-9]+ \(sleep\): was started from the host' <<<"$(about_container)"
vzctl exec2 101 pkill -x sleep
wait "$session"
equal "it is gone" "" "$(about_container)"

# Descriptors that CRIU cannot make again.
hold() { vzctl exec2 101 "systemd-run -q --unit=holder-$1 perl -e '$2; sleep 1000'"; }

hold_and_see() { # NAME PERL PATTERN
    hold "$1" "$2"
    for _ in $(seq 50); do
        about_container | grep -qE "$3" && break
        sleep 0.1
    done
    check "$1 is named" grep -qE "$3" <<<"$(about_container)"
    about_container
    vzctl exec2 101 "systemctl stop holder-$1"
}

vzctl exec2 101 'echo 0 65535 >/proc/sys/net/ipv4/ping_group_range'
hold_and_see ping 'use Socket; socket(S, AF_INET, SOCK_DGRAM, 1) or die' 'process [0-9]+ \(perl\), file [0-9]+: has a socket for ICMP'
hold_and_see user 'syscall(272, 0x10000000) == 0 or die' 'process [0-9]+ \(perl\): has a namespace of its own \(user\)'

# Settings that cannot go along, and one that gives services all their sandboxing.
expect 0 vzctl set 101 --checkpoint no --save
expect 0 vzctl restart 101 --wait
check "a service with a host name of its own is named" grep -q '(systemd-logind): .*(uts)' <<<"$(about_container)"
expect 0 vzctl set 101 --checkpoint yes --save
expect 0 vzctl stop 101
expect 0 vzctl set 101 --console yes --save
expect 0 vzctl start 101
check "a console is named" grep -q 'with a console' <<<"$(about_container)"
expect 0 vzctl stop 101 --fast
expect 0 vzctl destroy 101
finish
