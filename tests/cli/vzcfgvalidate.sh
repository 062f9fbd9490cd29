#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # out and err are set by expect
# Check 45: vzcfgvalidate returns 0, 1 or 2, and says why.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"

conf=$VZ_TMP/101.conf
with() { printf '%s\n' "$@" >"$conf"; } # LINE…

for sample in "$VZ_SOURCE_DIR"/utils/conf/*.conf-sample; do
    expect 0 vzcfgvalidate "$sample"
    check_not "$(basename "$sample") has no error and no warning" grep -qE '^(Error|Warning)' <<<"$out"
done

with 'PHYSPAGES="0:1G"' 'NUMPROC="100"' 'NETIF="ifname=eth0,bridge=br0"' 'IP_ADDRESS="10.0.0.1 2001:db8::1/64"' \
    'BINDMOUNT="/srv/home:/home,ro"' 'DEVNODES="net/tun:rw fuse:rw"' 'VE_LAYOUT="simfs"' 'CPULIMIT="50"' '# a comment'
expect 0 vzcfgvalidate "$conf"
equal "nothing to say" "" "$out$err"

for wrong in 'NUMPROC="ten"' 'NUMPROC="50:20"' 'PHYSPAGES="0:much"' 'IP_ADDRESS="10.0.0.1 10.0.0"' 'VE_LAYOUT="floppy"' \
    'DEVNODES="../kmem:rw"' 'CPUMASK="1-sdc"' 'NETIF="mac=00:11:22:33:44:55"' 'BINDMOUNT="home"' 'LOCAL_UID="root"' \
    'DISKSPACE="2G:1G"' 'ONBOOT="perhaps"' 'NUMPROC="10' 'NUMPROC "10"' 'NAME="1"' 'FIREWALL="tpc:80"'; do
    with "$wrong"
    expect 2 vzcfgvalidate -v no "$conf"
    check "$wrong is an error" grep -q '^Error: ' <<<"$out"
    equal "and nothing else is said" 1 "$(wc -l <<<"$out")"
done
with 'NUMPROC="1"' 'NUMPROC="2"'
expect 2 vzcfgvalidate "$conf"

with 'HOSTNAEM="web"' 'KMEMSIZE="1:2"'
expect 0 vzcfgvalidate "$conf"
equal "misspelt, without effect, and absent" "Warning: HOSTNAEM: not known; nothing reads it
Recommendation: KMEMSIZE: has no effect on today's kernels
Recommendation: PHYSPAGES: not set: memory is not limited
Recommendation: NUMPROC: not set: processes are not limited" "$out"

with '# mine' 'NUMPROC="50:20" # too many' 'PHYSPAGES="0:1G"'
chmod 600 "$conf"
expect 0 vzcfgvalidate -r "$conf"
equal "repaired, and the rest as it was" '# mine
NUMPROC="20:20" # too many
PHYSPAGES="0:1G"' "$(cat "$conf")"
equal "with its mode" 600 "$(stat -c %a "$conf")"
check "says so" grep -q "NUMPROC was put right" <<<"$err"

with $'HOSTNAME="a\x1b[2Jb"'
expect 2 vzcfgvalidate "$conf"
check_not "control characters do not reach the terminal" grep -q $'\x1b' <<<"$out"
equal "standard input" 2 "$(vzcfgvalidate - <<<'NUMPROC="x"' >/dev/null; echo $?)"
equal "JSON" error "$(vzcfgvalidate -j - <<<'NUMPROC="x"' | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["severity"])')"
expect 1 vzcfgvalidate
expect 1 vzcfgvalidate /nonexistent
expect 1 vzcfgvalidate -v maybe "$conf"
expect 1 vzcfgvalidate -r -
finish
