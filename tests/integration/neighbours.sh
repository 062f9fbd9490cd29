#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016,SC2154 # words for a shell inside; out and err are set by expect
# Bad neighbours: a fork bomb, a program that eats memory, one that floods the log and one that fills the disk, each in
# a container with the limits of the default sample (but less disk). The host and a second container go on. How much
# longer the second one takes to answer is printed and not judged: other work on this machine is in it too.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
. "$VZ_SOURCE_DIR/tests/lib/groups.sh"
. "$VZ_SOURCE_DIR/tests/lib/btrfs.sh"
need_programs mkfs.btrfs
sandbox "$0" "$@"
btrfs_data 2G # has quotas wherever this runs
sandbox_template

rounds=5

# The middle one of several times, in milliseconds; nothing if one of the calls fails.
median_ms() { # COMMAND…
    local from times=()
    for ((i = 0; i < rounds; i++)); do
        from=$(date +%s%3N)
        timeout 60 "$@" >/dev/null 2>&1 || return
        times+=($(($(date +%s%3N) - from)))
    done
    printf '%s\n' "${times[@]}" | sort -n | sed -n "$((rounds / 2 + 1))p"
}

# A round trip to the neighbour's TCP: nothing listens, so that its kernel refuses.
tcp_ping() { bash -c 'exec 3<>/dev/tcp/10.10.0.3/9' 2>&1 | grep -q refused; }
run_in_neighbour() { vzctl exec2 102 true; }
run_on_host() { bash -c true; }
write_in_neighbour() { vzctl exec2 102 'echo x >/root/file && sync /root/file'; }

export -f tcp_ping run_in_neighbour run_on_host write_in_neighbour
median_of() { median_ms bash -c "$1"; } # FUNCTION

measure() { # sets exec_ms, write_ms, tcp_ms and host_ms
    exec_ms=$(median_of run_in_neighbour)
    write_ms=$(median_of write_in_neighbour)
    tcp_ms=$(median_of tcp_ping)
    host_ms=$(median_of run_on_host)
}

# What the neighbour and the host took, as so many times what they took in peace.
report() { # NAME
    awk -v name="$1" -v now="${exec_ms:--} ${write_ms:--} ${tcp_ms:--} ${host_ms:--}" -v before="$quiet" '
        function times(a, b) { return a == "-" ? "no answer" : sprintf("%d ms (x%.1f)", a, b > 0 ? a / b : a) }
        BEGIN {
            split(now, n); split(before, b)
            printf "%-12s neighbour exec %-16s write %-16s TCP %-14s host program %s\n", name, times(n[1], b[1]),
                times(n[2], b[2]), times(n[3], b[3]), times(n[4], b[4])
        }'
}

others_answer() { # NAME
    measure
    report "$1"
    check "$1: the neighbour runs programs" test -n "$exec_ms"
    check "$1: and writes to its disk" test -n "$write_ms"
    check "$1: and answers on the network" test -n "$tcp_ms"
    check "$1: the host runs programs" test -n "$host_ms"
}

processes_of() { # CTID: those in its process namespace
    local init
    init=$(readlink "/proc/$(init_of "$1")/ns/pid")
    find /proc -maxdepth 1 -name '[0-9]*' -exec readlink '{}/ns/pid' ';' 2>/dev/null | grep -cF "$init"
}

killed_in() { # CTID: how many processes the kernel has killed for want of memory
    vzubc "$1" | awk '$1 == "oomguarpages" || $2 == "oomguarpages" { print $NF }'
}

fork_bomb() {
    local limit most
    limit=$(group_value 101 pids.max)
    vzctl exec2 101 'bad_neighbour() { bad_neighbour | bad_neighbour & }; bad_neighbour; sleep 60' >/dev/null 2>&1 &
    sleep 5
    most=$(processes_of 101)
    check "fork bomb: at most $limit processes ($most)" test "$most" -le "$limit"
    others_answer "fork bomb"
    check "fork bomb: refusals are counted" test "$(vzlist -H -o numproc.f 101)" -gt 0
    expect 0 vzctl stop 101 --fast
    wait
    expect 0 vzctl start 101 --wait
}

memory_hog() {
    local before
    before=$(killed_in 102)
    vzctl exec2 101 'head -c 4G /dev/zero | tail -c 4G >/dev/null' >/dev/null 2>&1 &
    sleep 1
    others_answer "memory hog"
    wait
    check "memory hog: the kernel has killed it" test "$(killed_in 101)" -gt 0
    equal "memory hog: and nobody next to it" "$before" "$(killed_in 102)"
    equal "memory hog: its container runs" running "$(vzctl status 101 | cut -d ' ' -f 5)"
    check "memory hog: and works" vzctl exec2 101 true
    check "memory hog: within its limit" test "$(vzlist -H -o physpages.m 101)" -le $(($(group_value 101 memory.max memory.limit_in_bytes) / 4096))
}

log_flooder() {
    vzctl exec2 101 'timeout 12 sh -c "while :; do echo a line of a program that says too much; done" | logger' >/dev/null 2>&1 &
    sleep 2
    others_answer "log flooder"
    wait
    check "log flooder: its container works" vzctl exec2 101 true
    check "log flooder: nothing of it is in the host's log" test "$(wc -c </var/log/vz/vzctl.log)" -lt 100000
}

disk_filler() {
    expect 0 vzctl set 101 --diskspace 150M --save
    # shellcheck disable=SC2016
    vzctl exec2 101 'timeout 8 sh -c "while :; do dd if=/dev/zero of=/root/file.\$((n += 1)) bs=1M conv=fsync; done"' \
        >/dev/null 2>&1 &
    sleep 2
    others_answer "disk filler"
    wait
    check_not "disk filler: its disk is full" vzctl exec2 101 'head -c 10M /dev/zero >/root/more && sync /root/more' 2>/dev/null
    check "disk filler: the neighbour's is not" vzctl exec2 102 'head -c 10M /dev/zero >/root/more && sync /root/more' 2>/dev/null
    check "disk filler: nor the host's" test "$(df -m --output=avail /var/lib/vz | tail -n 1)" -gt 300
    # btrfs wants room even for removing files.
    expect 0 vzctl set 101 --diskspace 300M --save
    check "disk filler: its container works with more" vzctl exec2 101 'rm -f /root/file.* /root/more; echo x >/root/file'
}

for ctid in 101 102; do
    expect 0 vzctl create "$ctid" --ipadd "10.10.0.$((ctid - 99))"
    expect 0 vzctl start "$ctid" --wait
done
measure
quiet="$exec_ms $write_ms $tcp_ms $host_ms"
report "in peace"
check "in peace, everybody answers" test "$(wc -w <<<"$quiet")" -eq 4
fork_bomb
memory_hog
log_flooder
disk_filler
finish
