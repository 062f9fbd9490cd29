#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016,SC2154 # words for a shell inside; out and err: of harness.sh
# Suspend and resume: a Debian with systemd, a service of its own and a TCP client outside. What was before is so
# afterwards, again and again, also under another id; what fails or is killed leaves the container, or a whole dump.
. "$VZ_SOURCE_DIR/tests/system/inside/common.bash"

ct=101

quiet() { "$@" </dev/null >/dev/null 2>&1; }

running() { equal "$1" "CTID $ct exist mounted running" "$(vzctl status $ct)"; }

suspended() { equal "$1" "CTID $ct exist unmounted down suspended" "$(vzctl status $ct)"; }

in_ct() { vzctl exec2 $ct "$@" 2>"$VZ_TMP/inside" </dev/null; }

group() { echo /sys/fs/cgroup/vz/lxc.payload.*; }

init_of() { sed -n 's/.*"init": *\([0-9]*\).*/\1/p' /run/vz/ct/$ct/runtime.json; }

# Everything that must be the same afterwards.
facts() {
    local init file
    init=$(init_of)
    grep -E '^(Cap|Seccomp|NoNewPrivs|Uid|Gid|Groups)' "/proc/$init/status"
    cat "/proc/$init/attr/current" "/proc/$init/limits" "/proc/$init/oom_score_adj"
    for file in memory.max memory.high memory.swap.max pids.max cpu.max cpu.weight cpuset.cpus cgroup.subtree_control; do
        echo "$file: $(cat "$(group)/$file")"
    done
    # All groups of the container, with owners and what is on in them.
    (cd "$(group)" && find . -type d -printf '%p %U %G %m\n' | sort &&
        find . -name cgroup.subtree_control -printf '%p ' -exec cat {} \; | sort)
    in_ct 'ip -o addr show; ip route; hostname; cat /proc/sys/kernel/shmall; stat -c "%n %u %g %a" /dev/* | sort
        for p in 1 $(pgrep -x systemd-journal) $(pgrep -x systemd-logind) $(pgrep -x perl); do
            echo "process $p $(cat /proc/$p/comm)"; ls -l /proc/$p/fd | grep -oE "[0-9]+ -> [^0-9]*" | sort
            grep -E "^(Cap|Seccomp:|NoNewPrivs)" /proc/$p/status
        done
        systemctl is-system-running; systemctl --failed --no-legend
        grep -c . /proc/$(pgrep -x systemd-logind)/mountinfo'
}

prepare() {
    expect 0 vzctl create $ct --ram 300M --swap 64M --numproc 300 --ipadd 10.77.1.101 --cpuunits 2000
    expect 0 vzctl start $ct --wait --wait-timeout 300
    cat >"$VZ_TMP/echo" <<'PERL'
use IO::Socket::INET;
my $listen = IO::Socket::INET->new(LocalPort => 7000, Listen => 5, ReuseAddr => 1) or die;
open(my $log, ">>", "/root/log"); $log->autoflush(1);
while (my $peer = $listen->accept) {
    my $count = 0;
    while (sysread($peer, my $word, 100)) { $count++; print $log "$count\n"; syswrite($peer, "$count $word") }
}
PERL
    vzctl exec2 $ct 'cat >/root/echo' <"$VZ_TMP/echo"
    in_ct 'systemd-run -q --unit=echo -p PrivateTmp=yes -p ProtectSystem=strict -p ReadWritePaths=/root -p ProtectHostname=yes perl /root/echo'
    ip netns add client
    ip link add c0 type veth peer name c1 netns client
    ip addr add 10.77.2.1/24 dev c0 && ip link set c0 up
    ip -n client addr add 10.77.2.2/24 dev c1 && ip -n client link set c1 up
    ip -n client route add default via 10.77.2.1
    cat >"$VZ_TMP/client" <<'PERL'
use IO::Socket::INET; use Time::HiRes qw(time sleep);
my $peer = IO::Socket::INET->new(PeerAddr => "10.77.1.101:7000", Timeout => 20) or die "connect: $!";
my ($count, $bad, $gap) = (0, 0, 0); $| = 1; my $stop = shift;
until (-e $stop) {
    my $from = time; syswrite($peer, "x$count") or last; sysread($peer, my $answer, 100) or last; $count++;
    $bad++ if $answer ne "$count x" . ($count - 1); $gap = time - $from if time - $from > $gap; sleep 0.05;
}
printf "answers %d bad %d longest %.1f\n", $count, $bad, $gap;
PERL
    for _ in $(seq 30); do in_ct 'ss -ltn | grep -q :7000 || grep -q :1B58 /proc/net/tcp' && break; sleep 0.5; done
    ip netns exec client perl "$VZ_TMP/client" "$VZ_TMP/stop" >"$VZ_TMP/client.out" 2>&1 &
    client=$!
}

# A process of the host, put into the container's group: what the rules for devices let it open.
may_read_disk() { sh -c 'echo $$ >"$1/init.scope/cgroup.procs"; exec head -c 1 /dev/vda >/dev/null' sh "$(group)" 2>&1; }

cycle() { # NUMBER
    local from=$SECONDS
    expect 0 vzctl suspend $ct
    local between=$SECONDS
    suspended "$1: it is suspended"
    equal "$1: so vzlist says" suspended "$(vzlist -H -o status $ct)"
    equal "$1: nothing of it runs" "" "$(ls -d /sys/fs/cgroup/vz/lxc.payload.* 2>/dev/null)"
    expect 0 vzctl resume $ct
    echo "    suspend $((between - from)) s, resume $((SECONDS - between)) s"
    running "$1: it runs again"
    check_not "$1: the dump is used up" ls -d /var/lib/vz/dump/Dump.$ct
    facts >"$VZ_TMP/after"
    check "$1: all is as before" diff "$VZ_TMP/before" "$VZ_TMP/after"
    check "$1: devices of the host are refused" grep -q "not permitted" <<<"$(may_read_disk)"
}

check_cycles() {
    check "devices of the host are refused" grep -q "not permitted" <<<"$(may_read_disk)"
    expect 0 vzctl check $ct
    expect 0 vzctl set $ct --ram 250M
    facts >"$VZ_TMP/before"
    cycle first
    cycle second
    check "services start and stop" in_ct 'systemctl restart systemd-logind systemd-journald && systemctl is-active systemd-logind'
    : >"$VZ_TMP/stop"
    wait "$client"
    cat "$VZ_TMP/client.out"
    check "the client outside has got every answer" grep -qE '^answers [0-9]{2,} bad 0 ' "$VZ_TMP/client.out"
    equal "no error of a CPU that spins" 0 "$(ps -o pcpu= -p "$(init_of)" | awk '{ print ($1 > 50) }')"
}

check_failures() {
    vzctl exec2 $ct sleep 1000 </dev/null >/dev/null 2>&1 &
    local session=$!
    for _ in $(seq 50); do vzctl check $ct 2>/dev/null | grep -q sleep && break; sleep 0.2; done
    expect 16 vzctl suspend $ct
    check "what is in the way is told" grep -q '(sleep): was started from the host' <<<"$err"
    in_ct pkill -x sleep
    wait "$session"
    running "it runs on"
    mkdir -p "$VZ_TMP/small" && mount -t tmpfs -o size=1M none "$VZ_TMP/small"
    expect 16 vzctl suspend $ct --dumpfile "$VZ_TMP/small/dump"
    running "without room for the dump it runs on"
    equal "and nothing is left" "" "$(ls -A "$VZ_TMP/small")"
    equal "it is not held still" 0 "$(cat "$(group)/cgroup.freeze")"
    umount "$VZ_TMP/small"
    expect 0 in_ct true
}

# Its files and configuration under another id, with another engine's name.
check_other_id() {
    local before
    before=$(in_ct 'pgrep -x perl')
    expect 0 vzctl suspend $ct --dumpfile /srv/dump
    equal "a dump elsewhere is no state of its own" "CTID $ct exist unmounted down" "$(vzctl status $ct)"
    mv /etc/vz/conf/101.conf /etc/vz/conf/102.conf
    mv /var/lib/vz/private/101 /var/lib/vz/private/102
    sed -i -e "s/^VE_UUID=.*/VE_UUID=\"$(cat /proc/sys/kernel/random/uuid)\"/" -e 's#private/101#private/102#; s#root/101#root/102#' /etc/vz/conf/102.conf
    ct=102
    expect 0 vzctl resume $ct --dumpfile /srv/dump
    running "it runs under another id"
    equal "the same process" "$before" "$(in_ct 'pgrep -x perl')"
    check "the dump is still there" test -e /srv/dump/dump.json
    expect 0 vzctl suspend $ct
    expect 0 vzctl start $ct
    equal "start resumes" "$before" "$(in_ct 'pgrep -x perl')"
    rm -r /srv/dump
}

# Whatever the moment, the next command ends it.
killed() { # SECONDS COMMAND…
    setsid "${@:2}" </dev/null >/dev/null 2>&1 &
    local pid=$!
    sleep "$1"
    kill -9 "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
}

check_kills() {
    local moment before
    before=$(in_ct 'pgrep -x perl')
    for moment in 0.5 4; do
        killed $moment vzctl suspend $ct
        quiet vzctl start $ct # resumes, or finds it running
        running "suspend killed after $moment s"
        equal "suspend killed after $moment s: the same process" "$before" "$(in_ct 'pgrep -x perl')"
        check_not "suspend killed after $moment s: nothing is left" ls -d /var/lib/vz/dump/Dump.*
    done
    for moment in 1 4; do
        expect 0 vzctl suspend $ct
        killed $moment vzctl resume $ct
        quiet vzctl start $ct
        running "resume killed after $moment s"
        equal "resume killed after $moment s: the same process" "$before" "$(in_ct 'pgrep -x perl')"
        check_not "resume killed after $moment s: nothing is left" ls -d /var/lib/vz/dump/Dump.*
    done
}

prepare
check_cycles
check_failures
check_other_id
check_kills
expect 0 vzctl stop $ct
expect 0 vzctl destroy $ct
equal "no control group is left" "" "$(ls -d /sys/fs/cgroup/vz/lxc.payload.* 2>/dev/null)"
finish
