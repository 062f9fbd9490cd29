#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# mount, umount, start, stop and the hooks of liblxc killed at every call that changes something: the next command works
# without any repair, nothing half-made is to be seen, and after a normal cycle nothing of the killed one is left on the
# host.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
. "$VZ_SOURCE_DIR/tests/lib/tiny_template.sh"
. "$VZ_SOURCE_DIR/tests/lib/chaos.sh"
need_programs strace
sandbox "$0" "$@"

tiny_template tiny
expect 0 vzctl create 101 --ostemplate tiny --hostname one --ipadd 10.10.0.1
expect 0 vzctl start 101
expect 0 vzctl stop 101

# ---- mount and umount ------------------------------------------------------------------------------------------
before_mount=$(settled_traces)
after_mount() {
    nothing_half
    quietly 0 vzctl mount 101
    check_quietly "a program is missing" [ -x /var/lib/vz/root/101/bin/sh ]
    quietly 0 vzctl umount 101
    same_traces "$before_mount"
}
after_umount() {
    nothing_half
    quietly "0|40" vzctl umount 101
    same_traces "$before_mount"
}
step_through mount "$chaos_calls" after_mount vzctl mount 101
STRACE=-f step_through mount "$chaos_calls" after_mount vzctl mount 101
before_umount() { vzctl --quiet mount 101; }
step_through umount "$chaos_calls" after_umount vzctl umount 101

# ---- start, stop, and what liblxc calls ------------------------------------------------------------------------
after_start() {
    nothing_half
    quietly "0|32" vzctl start 101
    equal_quietly "it runs" "exist mounted running" "$(status_of)"
    quietly 0 vzctl exec2 101 cat /etc/hostname
    equal_quietly "its own files" one "$out"
    quietly 0 vzctl stop 101
    equal_quietly "it is down" "exist unmounted down" "$(status_of)"
    same_traces "$before_mount"
}
after_stop() {
    nothing_half
    quietly 0 vzctl stop 101
    same_traces "$before_mount"
}
step_through start "$chaos_calls" after_start vzctl start 101
before_stop() { vzctl --quiet start 101; }
step_through stop "$chaos_calls" after_stop vzctl stop 101

# A stand-in for the hook, which kills the real one at the call that a file names. -D: the hook itself stays the child
# of liblxc's monitor.
hook=$(readlink -f "$VZ_LIBEXEC_DIR/vz-hook")
rm "$VZ_LIBEXEC_DIR/vz-hook"
cat >"$VZ_LIBEXEC_DIR/vz-hook" <<WRAPPER
#!/bin/sh
[ -e "$VZ_TMP/kill-\$1" ] || exec "$hook" "\$@"
read call n <"$VZ_TMP/kill-\$1"
set -- "$hook" "\$@"
[ \$call = none ] || set -- -e inject=\$call:signal=SIGKILL:when=\$n "\$@"
exec strace -D \$(cat "$VZ_TMP/kill-flags") -q -o "$VZ_TMP/hook-trace" -e trace=$chaos_calls "\$@"
WRAPPER
chmod 755 "$VZ_LIBEXEC_DIR/vz-hook"
: >"$VZ_TMP/kill-flags"

step_hook() { # start-host|post-stop RUN-AND-CHECK: as step_through
    local call n killed=0 before=$failures
    where="hook $1: not killed"
    echo none 0 >"$VZ_TMP/kill-$1"
    "$2"
    cp "$VZ_TMP/hook-trace" "$VZ_TMP/trace"
    points "$chaos_calls" >"$VZ_TMP/points"
    while read -r call n; do
        where="hook $1: killed at $call $n"
        echo "$call" "$n" >"$VZ_TMP/kill-$1"
        "$2" </dev/null
        ! grep -q 'killed by' "$VZ_TMP/hook-trace" || killed=$((killed + 1))
        [ $((failures - before)) -lt 8 ] || { fail "hook $1: given up"; break; }
    done <"$VZ_TMP/points"
    [ "$killed" -gt 0 ] || fail "hook $1: nothing was killed"
    [ "$failures" -ne "$before" ] || pass "hook $1: killed at $killed calls"
}

run_start_host() {
    local status
    timeout -k 5 60 vzctl start 101 >"$VZ_TMP/out" 2>"$VZ_TMP/err" </dev/null
    status=$?
    rm -f "$VZ_TMP/kill-start-host"
    if [ "$status" -ne 0 ]; then
        [ -s "$VZ_TMP/err" ] || fail "$where: start says nothing"
        equal_quietly "a start that failed leaves nothing" "exist unmounted down" "$(status_of)"
        same_traces "$before_mount"
    fi
    after_start
}

run_post_stop() {
    local tries
    rm -f "$VZ_TMP/hook-trace"
    quietly 0 vzctl start 101
    timeout 10 vzctl exec 101 'kill -PWR 1' >/dev/null 2>&1 </dev/null
    for ((tries = 0; tries < 100; tries++)); do
        grep -q 'killed by\|exited with' "$VZ_TMP/hook-trace" 2>/dev/null && break
        sleep 0.05
    done
    rm -f "$VZ_TMP/kill-post-stop"
    sleep 0.05
    nothing_half
    after_start
}
step_hook start-host run_start_host
STRACE=-f
echo "$STRACE" >"$VZ_TMP/kill-flags"
step_hook post-stop run_post_stop
STRACE=
# ---- the monitor, and with it the container --------------------------------------------------------------------
for next in start stop destroy; do
    where="monitor killed"
    expect 0 vzctl start 101
    init=$(sed -n 's/.*"init": *\([0-9]*\).*/\1/p' /run/vz/ct/101/runtime.json)
    kill -9 "$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$init/status")"
    for _ in $(seq 50); do [[ $(status_of) == *running* ]] || break; sleep 0.1; done
    nothing_half
    expect 0 vzctl "$next" 101
    [ "$next" = destroy ] && break
    expect 0 vzctl stop 101
    same_traces "$before_mount"
done
equal "nothing of the network is left" "" "$(ip -o link show | grep venet; nft list ruleset | grep venet101)"
finish
