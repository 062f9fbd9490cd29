# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests that kill commands or break their system calls: what a command may leave behind, and the stepping.
# Needs harness.sh and sandbox.sh.

# Calls that change something. A kill at one of them is seen by the rest of the world as a kill right after the one
# before; "openat" is here because it makes files.
chaos_files=openat,rename,renameat,renameat2,link,linkat,unlink,unlinkat,rmdir,mkdir,mkdirat,symlink,symlinkat,write
chaos_files+=,pwrite64,fsync,ftruncate,chown,fchown,fchownat,chmod,fchmod,fchmodat,utimensat,mknodat
chaos_mounts=mount,umount2,move_mount,fsmount,fsopen,fsconfig,open_tree,mount_setattr,unshare,setns
chaos_processes=clone,clone3,fork,vfork,execve,wait4,kill
# shellcheck disable=SC2034 # used by the tests
chaos_calls=$chaos_files,$chaos_mounts,$chaos_processes

# Everything that containers leave on a host, without times and contents that differ from run to run.
traces() {
    (cd / && find etc/vz var/lib/vz run/vz ! -name '*.destroyed' ! -name '.*.stamp' ! -name 'lxc.log' ! -path '*/work/index/*' \
        -printf '%p %y %m %U:%G %l\n' | grep -v '^run/vz/net ' | sort)
    awk '$5 ~ "^/var/lib/vz/.|^/run/vz/." { print "mount", $5 }' /proc/self/mountinfo
    ip -o link show | sed -n 's/^[0-9]*: \([^:@]*\).*/link \1/p' | sort
    ip -o addr show | awk '{ print "address", $2, $4 }' | grep -v fe80
    ip route show table all | grep -v 'fe80\|ff00' | sort
    ip neigh show proxy
    nft list ruleset | sed 's/packets [0-9]* bytes [0-9]*//; s/# handle.*//'
    cat /etc/subuid /etc/subgid
    ls /etc/subuid* /etc/subgid*
}

# The picture that later ones are compared with. A container that was just stopped is still cleaned by liblxc's monitor,
# whose hook holds the container's lock for a moment.
settled_traces() {
    local now tries
    for ((tries = 0; tries < 50; tries++)); do
        now=$(traces)
        [[ $now == *.lck* ]] || break
        sleep 0.1
    done
    echo "$now"
}

# Runs a command under strace (with STRACE=-f its threads and children too); the trace is in $VZ_TMP/trace, with pids
# in front. The exit status is the command's: 137 when it was killed itself.
traced() { # STRACE-OPTIONS -- COMMAND…
    local options=()
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    # The shell would tell about each killed program.
    # shellcheck disable=SC2086
    { timeout -k 5 60 strace ${STRACE:-} -qq -o "$VZ_TMP/trace" "${options[@]}" \
        "$@" >"$VZ_TMP/out" 2>"$VZ_TMP/err" </dev/null; } 2>/dev/null
}

# The points of a traced run, as lines "CALL N": the Nth call of that name is one that changes something. strace counts
# each name, and each process, by itself. Opening to read and talk on standard output are left out.
points() { # CALLS, names separated by commas
    awk -v calls="$1" -v follows="${STRACE:-}" '
        BEGIN { count = split(calls, list, ","); for (i = 1; i <= count; i++) wanted[list[i]] = 1 }
        {
            process = 0
            if (follows != "") { process = $1; sub(/^[0-9]+ +/, "") }
            name = $0
            if (!sub(/\(.*/, "", name) || !(name in wanted)) next
            n = ++seen[process, name]
            if (name == "openat" && !/O_CREAT|O_WRONLY|O_RDWR|O_TRUNC/) next
            if (name == "write" && /^write\([12],/) next
            if (!((name, n) in printed)) { print name, n; printed[name, n] = 1 }
        }' "$VZ_TMP/trace"
}

# Runs the command once to learn its calls, then once for each of them, killed there. CHECK is called after each run with
# the exit status; "before_NAME", where there is one, before each run. The number of kills is printed; none is a failure.
# shellcheck disable=SC2154 # failures is of harness.sh
step_through() { # NAME CALLS CHECK COMMAND…; with EVERY=N only each Nth of the points
    local name=$1 calls=$2 check=$3 call n killed=0 before=$failures
    shift 3
    where="$name: not killed"
    step_prepare "$name"
    traced -e trace="$calls" -- "$@" || fail "$name: fails without any kill: $(cat "$VZ_TMP/err")"
    points "$calls" | awk -v every="${EVERY:-1}" 'NR % every == 0' >"$VZ_TMP/points"
    "$check" 0
    while read -r call n; do
        where="$name: killed at $call $n"
        step_prepare "$name"
        traced -e trace="$call" -e inject="$call:signal=SIGKILL:when=$n" -- "$@"
        step_checked $? && killed=$((killed + 1))
        [ $((${failures:-0} - before)) -lt 8 ] || { fail "$name: given up"; break; }
    done <"$VZ_TMP/points"
    [ "$killed" -gt 0 ] || fail "$name: nothing was killed"
    [ "$failures" -ne "$before" ] || pass "$name: killed at $killed calls${STRACE:+ (threads and children too)}"
}

step_prepare() { # NAME
    [ "$(type -t "before_$1")" != function ] || "before_$1"
}

step_checked() { # STATUS: calls $check; true when the command did not end well
    [ "$1" -ne 124 ] || fail "$where: hangs"
    "$check" "$1" </dev/null
    [ "$1" -ne 0 ]
}

# Like expect of harness.sh, but says something only when it fails; several statuses may be good: "0|44".
quietly() { # STATUSES COMMAND…
    local wanted=$1 status
    shift
    # shellcheck disable=SC2034 # read by the callers
    out=$(timeout -k 5 60 "$@" 2>"$VZ_TMP/err" </dev/null)
    status=$?
    err=$(cat "$VZ_TMP/err")
    [[ "|$wanted|" == *"|$status|"* ]] || fail "$where: then $* exits $wanted, got $status: $err"
}

same_traces() { # WANTED: waits a little, as the clean-up of a container that ends by itself is a process of its own
    local now tries
    for ((tries = 0; tries < 50; tries++)); do
        now=$(traces)
        [ "$now" = "$1" ] && return
        sleep 0.1
    done
    fail "$where: something is left behind"
    diff <(echo "$1") <(echo "$now") | grep '^[<>]' | head -15 | sed 's/^/    /' >&2
}

# Container 101 is the one that is killed.
status_of() { vzctl status 101 | cut -d' ' -f3-; }

# A word in its files tells one state from another.
state_of_101() {
    quietly 0 vzctl mount 101
    cat /var/lib/vz/root/101/etc/state
    quietly 0 vzctl umount 101
}
write_state() { # WORD; as the container's root: the mount maps no others
    local uid
    uid=$(sed -n 's/^LOCAL_UID="\(.*\)"/\1/p' /etc/vz/conf/101.conf)
    quietly 0 vzctl mount 101
    echo "$1" | setpriv --reuid "$uid" --regid "$uid" --clear-groups tee /var/lib/vz/root/101/etc/state >/dev/null
    quietly 0 vzctl umount 101
}

# A container that is seen is whole; one that is not seen has neither configuration nor name.
nothing_half() {
    local seen
    seen=$(timeout 10 vzctl status 101) || fail "$where: status does not answer"
    if [[ $seen == *" exist "* ]]; then
        check_quietly "configuration without files" [ -e /var/lib/vz/private/101 ]
        check_quietly "configuration without ids" grep -q LOCAL_UID /etc/vz/conf/101.conf
    else
        check_quietly "files without $seen" [ ! -e /etc/vz/conf/101.conf ]
    fi
}

check_quietly() {
    local what=$1
    shift
    "$@" || fail "$where: $what"
}

equal_quietly() {
    [ "$2" = "$3" ] || fail "$where: $1: $2, got $3"
}
