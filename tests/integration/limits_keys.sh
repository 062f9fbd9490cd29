#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016,SC2154 # words for a shell inside; out and err are set by expect
# Every key that limits something: what the container feels of it, live, saved, and after a start; and bad
# values, which change nothing. limits_rights.sh has the devices and rights, and the reboot from inside.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
. "$VZ_SOURCE_DIR/tests/lib/tiny_template.sh"
. "$VZ_SOURCE_DIR/tests/lib/groups.sh"
sandbox "$0" "$@"
tiny_template tiny

process_limit() { inside 'cat /proc/self/limits' | sed -n "s/^$1  *\([^ ]*\)  *\([^ ]*\) .*/\1 \2/p"; }
init_limit() { sed -n "s/^$1  *\([^ ]*\)  *\([^ ]*\) .*/\1 \2/p" "/proc/$(init_of 101)/limits"; }

processes() {
    expect 0 vzctl set 101 --numfile 300:400 --lockedpages 100 --numsiginfo 321 --save
    equal "NUMFILE of what is started" "300 400" "$(process_limit 'Max open files')"
    equal "NUMFILE of what runs" "300 400" "$(init_limit 'Max open files')"
    equal "LOCKEDPAGES" "409600 409600" "$(process_limit 'Max locked memory')"
    equal "NUMSIGINFO" "321 321" "$(init_limit 'Max pending signals')"
    check_not "a program inside cannot raise it" inside 'ulimit -n 500'
    check_not "nor open more" inside 'for i in $(seq 3 500); do eval "exec $i</dev/null" || exit 1; done'
    equal "the host's own processes keep theirs" "$(ulimit -Hn)" "$(bash -c 'ulimit -Hn')"
    refuses 21 --numfile many
}

shared_memory() {
    expect 0 vzctl set 101 --shmpages 2000 --save
    equal "SHMPAGES in all and in one piece" "2000 8192000" "$(inside 'echo $(cat /proc/sys/kernel/shmall /proc/sys/kernel/shmmax)')"
    check_not "the host's own stays" grep -qx 2000 /proc/sys/kernel/shmall
    refuses 21 --shmpages 1:2:3
}

terminals() {
    expect 0 vzctl set 101 --numpty 3 --save
    check "NUMPTY in the options of the mount" inside 'while read -r _ at _ options _; do [ "$at" = /dev/pts ] && case $options in *max=3*) exit 0;; esac; done </proc/mounts; exit 1'
    check_not "the fourth terminal is refused" inside 'exec 3<>/dev/ptmx 4<>/dev/ptmx 5<>/dev/ptmx 6<>/dev/ptmx'
    check "three are not" inside 'exec 3<>/dev/ptmx 4<>/dev/ptmx 5<>/dev/ptmx'
    expect 0 vzctl set 101 --numpty 50 --save
    check "more again, at once" inside 'exec 3<>/dev/ptmx 4<>/dev/ptmx 5<>/dev/ptmx 6<>/dev/ptmx'
}

# What the init may run on: its own status, not a file of a group.
allowed_cpus() { inside 'while read -r key value; do [ "$key" = Cpus_allowed_list: ] && echo "$value"; done </proc/1/status'; }

pinning() {
    local all
    all=$(cat /sys/devices/system/cpu/online)
    if ! has_group_file 101 cpuset.cpus; then
        echo "no cpuset control group: CPUMASK is not tried"
        return
    fi
    expect 0 vzctl set 101 --cpumask 0 --save
    equal "CPUMASK" 0 "$(allowed_cpus)"
    expect 0 vzctl set 101 --cpumask 0,3,5-100 --save
    equal "CPUMASK is kept as written" 0,3,5-100 "$(saved CPUMASK)"
    expect 0 vzctl set 101 --cpumask all --save
    equal "CPUMASK all" "$all" "$(allowed_cpus)"
    expect 0 vzctl set 101 --cpumask auto --nodemask 0 --save
    equal "NODEMASK, with its processors" "$(cat /sys/devices/system/node/node0/cpulist 2>/dev/null || echo "$all")" "$(allowed_cpus)"
    refuses 2 --cpumask 9000
    refuses 21 --cpumask abc
    refuses 21 --cpumask 1-sdc
    refuses 21 --nodemask x
    sed -i '/^CPUMASK=/d' "$conf"
    refuses 20 --nodemask 0
}

weights() {
    expect 0 vzctl set 101 --cpuunits 500 --save
    check "CPUUNITS" grep -qE '^(50|512)$' <<<"$(group_value 101 cpu.weight cpu.shares)"
    expect 0 vzctl set 101 --cpuweight 300 --save
    check "CPUWEIGHT before CPUUNITS" grep -qE '^(300|3072)$' <<<"$(group_value 101 cpu.weight cpu.shares)"
    expect 0 vzctl set 101 --cpulimit 100% --save
    equal "CPULIMIT of all processors" "$(($(nproc --all) * 100))" "$(saved CPULIMIT)"
    expect 0 vzctl set 101 --cpulimit 0 --save
    expect 0 vzctl set 101 --ioprio 7 --save
    equal "IOPRIO" 7 "$(saved IOPRIO)"
    local weight
    weight=$(group_value 101 io.weight io.bfq.weight blkio.bfq.weight) && equal "IOPRIO in the group" 160 "${weight##* }"
    refuses 21 --ioprio 8
    refuses 21 --cpuweight 0
    refuses 21 --cpulimit 101%x
    refuses 21 --cpuunits 500001
}

# Milliseconds that writing takes past the cache, which every version of control groups can slow down.
write_ms() { # MEGABYTES
    local from to
    from=$(date +%s%3N)
    vzctl exec2 101 "dd if=/dev/zero of=/root/big bs=1M count=$1 oflag=direct 2>/dev/null && rm /root/big" || return
    to=$(date +%s%3N)
    echo $((to - from))
}

disks() {
    local fast slow
    fast=$(write_ms 8) || { echo "no direct writing here: IOLIMIT is not tried"; return; }
    if ! vzctl set 101 --iolimit 4 --save >/dev/null 2>&1; then
        expect 148 vzctl set 101 --iolimit 4
        echo "the files lie on no disk: IOLIMIT is not tried"
        return
    fi
    equal "IOLIMIT is kept in bytes" 4194304 "$(saved IOLIMIT)"
    slow=$(write_ms 8)
    check "IOLIMIT: 8 MB at 4 MB a second ($fast ms before, $slow ms)" test "$slow" -ge 1500
    expect 0 vzctl set 101 --iolimit 0 --iopslimit 4 --save
    slow=$(write_ms 8)
    check "IOPSLIMIT: 8 writes at 4 a second ($slow ms)" test "$slow" -ge 1000
    expect 0 vzctl set 101 --iopslimit 0 --save
    slow=$(write_ms 8)
    check "as fast as before ($slow ms)" test "$slow" -lt 1500
    refuses 21 --iolimit 2G
    refuses 21 --iolimit fast
    refuses 21 --iopslimit -1
}

memory() {
    expect 0 vzctl set 101 --physpages 20000:30000 --vmguarpages 5000 --oomguarpages 2000 --save
    equal "PHYSPAGES" $((30000 * 4096)) "$(group_value 101 memory.max memory.limit_in_bytes)"
    if has_group_file 101 memory.max; then
        equal "its barrier" $((20000 * 4096)) "$(group_value 101 memory.high)"
        equal "VMGUARPAGES" $((5000 * 4096)) "$(group_value 101 memory.low)"
        equal "OOMGUARPAGES" $((2000 * 4096)) "$(group_value 101 memory.min)"
    fi
    sed -i '/^SWAPPAGES=/d' "$conf"
    refuses 28 --ram 256M
    expect 0 vzctl set 101 --ram 256M --swap 64M --save
    refuses 21 --ram 1M
    # An old configuration limits the address space only.
    sed -i '/^PHYSPAGES=/d; /^SWAPPAGES=/d' "$conf"
    expect 0 vzctl set 101 --privvmpages 40000:50000 --save
    equal "PRIVVMPAGES in place of PHYSPAGES" $((50000 * 4096)) "$(group_value 101 memory.max memory.limit_in_bytes)"
    expect 0 vzctl restart 101
    check "which a start tells" grep -q "PRIVVMPAGES" <<<"$err"
    expect 0 vzctl set 101 --ram 256M --swap 64M --save
}

kept_only() {
    expect 0 vzctl set 101 --kmemsize 1000:2000 --numflock 10 --tcpsndbuf 1 --numtcpsock 5 --save
    equal "one notice for all" 1 "$(grep -c "without effect" <<<"$out")"
    equal "KMEMSIZE is kept" 1000:2000 "$(saved KMEMSIZE)"
    expect 0 vzctl --quiet set 101 --kmemsize 5 --save
    equal "silence when quiet" "" "$out$err"
    expect 0 vzctl set 101 --vm_overcommit 1.5 --avnumproc 10 --netfilter full --save
    equal "VM_OVERCOMMIT is kept" 1.5 "$(saved VM_OVERCOMMIT)"
    refuses 21 --vm_overcommit much
    refuses 21 --kmemsize x
    refuses 21 --netfilter some
}

after_a_start() {
    expect 0 vzctl set 101 --numfile 300:400 --shmpages 2000 --numpty 3 --numproc 70 --save
    expect 0 vzctl restart 101
    equal "NUMFILE after a start" "300 400" "$(init_limit 'Max open files')"
    equal "SHMPAGES after a start" 2000 "$(inside 'cat /proc/sys/kernel/shmall')"
    check_not "NUMPTY after a start" inside 'exec 3<>/dev/ptmx 4<>/dev/ptmx 5<>/dev/ptmx 6<>/dev/ptmx'
    equal "NUMPROC after a start" 70 "$(group_value 101 pids.max)"
    check "CPUWEIGHT after a start" grep -qE '^(300|3072)$' <<<"$(group_value 101 cpu.weight cpu.shares)"
    expect 0 vzctl set 101 --numfile 200:400
    equal "not saved: live" "200 400" "$(init_limit 'Max open files')"
    expect 0 vzctl set 101 --reset_ub
    equal "--reset_ub takes what is saved" "300 400" "$(init_limit 'Max open files')"
}

# A start goes on without what this host cannot do, and says so in the log.
what_cannot_be() {
    expect 0 vzctl stop 101
    expect 0 vzctl set 101 --cpumask 9000 --save
    expect 0 vzctl start 101
    if has_group_file 101 cpuset.cpus; then
        check "the log tells" grep -q "CPUMASK" /var/log/vz/vzctl.log
    fi
}

expect 0 vzctl create 101 --ostemplate tiny --ram 256M --swap 64M --numproc 100
expect 0 vzctl start 101
check "it runs" until_true inside true
processes
shared_memory
terminals
pinning
weights
disks
memory
kept_only
after_a_start
what_cannot_be
finish
