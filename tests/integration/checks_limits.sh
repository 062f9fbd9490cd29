#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016,SC2154 # words for a shell inside; out and err are set by expect
# Limits as the container feels them, whatever control groups this kernel has; and halt and reboot from inside.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
sandbox "$0" "$@"
sandbox_template

expect 0 vzctl create 101 --hostname web --ipadd 10.10.0.2 --ram 512M --swap 0 --numproc 200
expect 0 vzctl start 101 --wait

# The value of a control file of the container's own group; the first of the names that exists.
group_value() { # V2_FILE V1_FILE
    local init file
    init=$(sed -n 's/.*"init": *\([0-9]*\).*/\1/p' /run/vz/ct/101/runtime.json)
    grep -oE '[^":,{}]*(/[^":,{}]+)+' /run/vz/ct/101/runtime.json | while read -r folder; do
        for file; do
            [ -e "$folder/$file" ] && cat "$folder/$file" && return
        done
    done | head -n 1
    [ -n "$init" ]
}

until_true() { # COMMAND…: at most 20 s
    for _ in {1..200}; do "$@" && return; sleep 0.1; done
    return 1
}

status_is() { [ "$(vzctl status 101)" = "CTID 101 $1" ]; }

# The part of one CPU that a busy loop gets, in percent, over about two seconds.
busy_percent() {
    vzctl exec2 101 'while :; do :; done & p=$!; read a _ </proc/uptime; sleep 2
        stat=$(cat /proc/$p/stat); read b _ </proc/uptime; kill $p; echo "$a $b ${stat##*) }"' |
        awk -v hz="$(getconf CLK_TCK)" '{ printf "%d\n", 100 * ($14 + $15) / hz / ($2 - $1) }'
}

memory() {
    eaten_by() { vzctl exec2 101 "head -c $1 /dev/zero | tail -c $1 | wc -c" 2>/dev/null; }
    equal "31: 200 MB fit into 512 MB" 209715200 "$(eaten_by 209715200)"
    expect 0 vzctl set 101 --ram 128M --save
    equal "31: --ram in the control group" $((128 << 20)) "$(group_value memory.max memory.limit_in_bytes)"
    equal "31: 200 MB do not fit into 128 MB, at once" "" "$(eaten_by 209715200 | grep 209715200)"
    equal "31: the container lives on" running "$(vzctl status 101 | cut -d ' ' -f 5)"
    expect 0 vzctl set 101 --ram 256M --swap 512M --save
    equal "31: live again" $((256 << 20)) "$(group_value memory.max memory.limit_in_bytes)"
    local swap
    swap=$(group_value memory.swap.max memory.memsw.limit_in_bytes)
    case $swap in
    "$((512 << 20))" | "$((768 << 20))" | "") pass "31: --swap, where the kernel counts it" ;;
    *) fail "31: --swap gives $swap" ;;
    esac
    expect 0 vzctl set 101 --ram 512M --swap 0 --save
}

processes() {
    expect 0 vzctl set 101 --numproc 60 --save
    equal "31: --numproc in the control group" 60 "$(group_value pids.max)"
    local made
    made=$(vzctl exec2 101 'for i in $(seq 200); do sleep 30 & done 2>/dev/null; jobs -p | wc -l' 2>/dev/null)
    check "31: a flood of processes is capped (${made:-none})" test "${made:-0}" -lt 60
    expect 0 vzctl set 101 --numproc 200 --save
    until_true vzctl exec2 101 true
    equal "31: more again, at once" 80 "$(vzctl exec2 101 'for i in $(seq 80); do sleep 1 & done; jobs -p | wc -l' 2>/dev/null)"
}

cpu() {
    expect 0 vzctl set 101 --cpulimit 50 --save
    local quota percent
    quota=$(group_value cpu.max cpu.cfs_quota_us)
    check "31: half a CPU in the control group ($quota)" grep -qE '^50000( 100000)?$' <<<"$quota"
    percent=$(busy_percent)
    check "31: half a CPU for a busy loop ($percent %)" test "$percent" -le 65
    expect 0 vzctl set 101 --cpus 1 --save
    check "31: the smaller of both counts" grep -qE '^50000( 100000)?$' <<<"$(group_value cpu.max cpu.cfs_quota_us)"
    expect 0 vzctl set 101 --cpulimit 0 --save
    check "31: --cpus alone" grep -qE '^100000( 100000)?$' <<<"$(group_value cpu.max cpu.cfs_quota_us)"
    expect 0 vzctl set 101 --cpuunits 2000 --save
    check "31: --cpuunits" grep -qE '^(200|2048|2000)$' <<<"$(group_value cpu.weight cpu.shares)"
    expect 21 vzctl set 101 --cpuunits 7 --save
    expect 21 vzctl set 101 --cpulimit much --save
    expect 0 vzctl set 101 --cpulimit 30
    expect 0 vzctl set 101 --reset_ub
    check "31: --reset_ub takes what is saved" grep -qE '^100000( 100000)?$' <<<"$(group_value cpu.max cpu.cfs_quota_us)"
}

inner_reboot() {
    expect 0 vzctl set 101 --hostname second --ipadd 10.10.0.3 --ipdel 10.10.0.2 --cpulimit 25 --numproc 150 --save
    local before
    before=$(vzctl exec2 101 cat /proc/sys/kernel/random/boot_id; vzctl exec2 101 stat -c %Y /proc/1)
    vzctl exec2 101 'systemctl reboot' >/dev/null 2>&1
    other_boot() { status_is "exist mounted running" && [ "$(vzctl exec2 101 stat -c %Y /proc/1 2>/dev/null)" != "${before##*$'\n'}" ]; }
    check "39: running again after an inner reboot" until_true other_boot
    check "39: reached at the saved address" until_true ping -qc1 -W1 10.10.0.3
    check_not "39: not at the old one" ping -qc1 -W1 10.10.0.2
    equal "39: --numproc after a reboot" 150 "$(group_value pids.max)"
    check "39: --cpulimit after a reboot" grep -qE '^25000( 100000)?$' <<<"$(group_value cpu.max cpu.cfs_quota_us)"
    second_name() { [ "$(vzctl exec2 101 hostname 2>/dev/null)" = second ]; }
    check "39: the saved host name" until_true second_name
    expect 32 vzctl start 101
}

# A quarter of a CPU was for the reboot; and an init that is still starting may refuse to be told to end.
inner_halt() {
    local word
    expect 0 vzctl set 101 --cpulimit 0 --save
    vzctl exec2 101 'systemctl is-system-running --wait' >/dev/null 2>&1
    for word in 'systemctl poweroff' 'systemctl halt' halt; do
        # Its status says nothing: the container may be gone before it could tell.
        vzctl exec2 101 "$word"
        check "39: down after $word inside" until_true status_is "exist unmounted down"
        equal "39: no device is left" "" "$(ip -o link show | grep venet101)"
        equal "39: no route is left" "" "$(ip route show 10.10.0.3)"
        until_true test ! -e /run/vz/lock/101.lck
        equal "39: no lock is left" "" "$(ls /run/vz/lock)"
        expect 0 vzctl start 101 --wait
    done
    expect 0 vzctl stop 101
}

memory
processes
cpu
inner_reboot
inner_halt
finish
