#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vzlist with real containers: states and what the kernel counts.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
sandbox "$0" "$@"
sandbox_template

field() { vzlist -H -o "$1" "$2" | tr -d ' '; }

for ctid in 101 102 103; do
    expect 0 vzctl --quiet create "$ctid" --ostemplate debian-13-x86_64-minimal --hostname "ct$ctid" --ram 128M \
        --swap 64M --numproc 200 --ipadd "10.9.0.$ctid"
done
expect 1 vzlist
equal "nothing runs yet" "Container(s) not found" "$err"
expect 0 vzctl --quiet start 101 --wait
expect 0 vzctl --quiet mount 102

expect 0 vzlist -H
check "only the running one" grep -qE '^       101 +[0-9]+ running   10.9.0.101      ct101$' <<<"$out"
equal "libvirt sees all states" "101 running 102 mounted 103 stopped" "$(vzlist -a -ovpsid,status -H | xargs)"
equal "-S: those that do not run" "102 103" "$(vzlist -S1 | xargs)"

processes=$(field numproc 101)
check "processes are counted ($processes)" test "$processes" -ge 3 -a "$processes" -le 200
pages=$(field physpages 101)
check "memory is counted in pages ($pages)" test "$pages" -gt 100 -a "$pages" -le 32768
equal "limits are those of the configuration" "200 32768 16384" \
    "$(vzlist -H -o numproc.l,physpages.l,swappages.l 101 | xargs)"
equal "nothing was refused" "0" "$(field numproc.f 101)"
check "the time since it started" grep -qE '^000d00h:0[0-9]m:[0-9]{2}s$' <<<"$(field uptime 101)"
equal "a stopped one has no counts" "- - -" "$(vzlist -H -o numproc,physpages,uptime 103 | xargs)"

# shellcheck disable=SC2016
vzctl exec 101 'i=0; while [ $i -lt 250 ]; do sleep 5 & i=$((i + 1)); done' >/dev/null 2>&1
check "refused processes are counted" test "$(field numproc.f 101)" -gt 0
check "JSON agrees" grep -qE '"failcnt": [1-9]' <<<"$(vzlist -j -o numproc 101)"

expect 0 vzctl --quiet stop 101 --fast
equal "stopped again" "stopped" "$(field status 101)"
finish
