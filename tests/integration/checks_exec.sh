#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016,SC2154 # words for a shell inside; out and err are set by expect
# Programs inside a container: exec, exec2, exec3 and runscript, with pipes, binary data, signals and exit codes.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
sandbox "$0" "$@"
sandbox_template

expect 0 vzctl create 101 --hostname web
# 21: nothing is run in a stopped container.
expect 31 vzctl exec 101 true
expect 31 vzctl exec2 101 true
expect 31 vzctl exec3 101 /bin/true
expect 31 vzctl enter 101

on_stopped() {
    printf '#!/bin/sh\ncat /etc/debian_version; echo "$HOME" >&2; exit 6\n' >"$VZ_TMP/script"
    expect 11 vzctl runscript 101 "$VZ_TMP/missing"
    expect 20 vzctl runscript 101
    expect 6 vzctl runscript 101 "$VZ_TMP/script"
    check "24: it ran inside" grep -qE '^[0-9]+\.' <<<"$out"
    equal "24: stopped again" "CTID 101 exist unmounted down" "$(vzctl status 101)"
    equal "24: no lock is left" "" "$(ls /run/vz/lock)"
    expect 0 vzctl mount 101
    expect 6 vzctl runscript 101 "$VZ_TMP/script"
    equal "24: what was mounted stays mounted" "CTID 101 exist mounted down" "$(vzctl status 101)"
    expect 0 vzctl umount 101
}

# 21: exec fails with one status of its own, exec2 and exec3 with that of the command.
statuses() {
    expect 8 vzctl exec 101 false
    expect 7 vzctl exec2 101 'exit 7'
    expect 7 vzctl exec2 101 exit 7
    expect 7 vzctl exec3 101 /bin/sh -c 'exit 7'
    expect 0 vzctl exec 101 true
    local verb
    for verb in exec exec2 exec3; do
        expect 20 vzctl $verb 101
    done
    expect 8 vzctl exec 101 no-such-program
    expect 127 vzctl exec2 101 no-such-program
    expect 127 vzctl exec3 101 no-such-program
    expect 126 vzctl exec2 101 /etc/passwd
    expect 126 vzctl exec3 101 /etc/passwd
    expect 143 vzctl exec2 101 'kill -TERM $$'
    expect 137 vzctl exec3 101 /bin/sh -c 'kill -KILL $$'
    expect 6 vzctl runscript 101 "$VZ_TMP/script"
    equal "24: on a running container" / "$err"
}

words() {
    equal "22: a script on standard input" / "$(echo 'echo $HOME' | vzctl exec2 101 -)"
    equal "22: the last status counts" 5 "$(echo 'true; exit 5' | vzctl exec2 101 - >/dev/null; echo $?)"
    equal "23: the words are joined for a shell" a:b "$(vzctl exec2 101 echo a:b \| cat)"
    equal "23: blanks inside a word do not survive that" "a b" "$(vzctl exec2 101 echo 'a   b')"
    equal "exec3 keeps its words" "a   b | cat" "$(vzctl exec3 101 echo 'a   b | cat')"
    equal "options after the container are the command's" "--help -x" "$(vzctl exec2 101 echo --help -x)"
    equal "the environment" "HOME=/
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
TERM=linux" "$(SECRET=1 vzctl exec3 101 env | sort)"
    equal "the folder" / "$(vzctl exec2 101 pwd)"
    equal "nothing open is handed in" "0 1 2 3" "$(vzctl exec3 101 ls /proc/self/fd 5<"$VZ_TMP/script" | xargs)"
    equal "who it is" "0 0" "$(vzctl exec2 101 'echo $(id -u) $(id -g)')"
    equal "both outputs stay apart" out "$(vzctl exec2 101 'echo out; echo err >&2' 2>"$VZ_TMP/err2")"
    equal "the other one" err "$(cat "$VZ_TMP/err2")"
    equal "exec says nothing of its own" "" "$(vzctl exec 101 true 2>&1)"
}

data() {
    head -c 1048576 /dev/urandom >"$VZ_TMP/blob"
    local sum
    sum=$(sha256sum <"$VZ_TMP/blob")
    equal "1 MB in and out" "$sum" "$(vzctl exec2 101 cat <"$VZ_TMP/blob" | sha256sum)"
    equal "1 MB in" "$sum" "$(vzctl exec2 101 sha256sum <"$VZ_TMP/blob")"
    equal "1 MB through exec3 and a pipe" "$sum" "$(vzctl exec3 101 cat < <(cat "$VZ_TMP/blob") | sha256sum)"
    equal "input that nobody reads" 3 "$(vzctl exec2 101 exit 3 <"$VZ_TMP/blob"; echo $?)"
    equal "endless input that nobody reads" 4 "$(yes | timeout 20 vzctl exec2 101 exit 4; echo $?)"
    equal "a reader that goes away ends it" y "$(timeout 20 vzctl exec2 101 yes | head -n 1)"
    equal "standard input is left to the caller" "two" "$(printf 'one\ntwo\n' | {
        read -r _
        vzctl exec2 101 true </dev/null
        cat
    })"
    equal "a closed standard input" "" "$(vzctl exec2 101 cat <&-)"
    equal "a process in the background does not hold it" "done" \
        "$(timeout 20 vzctl exec2 101 'sleep 300 & echo done')"
    vzctl exec2 101 'kill $(pidof sleep)'
}

# Ended by a signal, exec goes; and so does the program inside, once it writes.
ended() {
    vzctl exec2 101 'echo started; sleep 300' >"$VZ_TMP/started" 2>/dev/null &
    local pid=$!
    for _ in {1..200}; do [ -s "$VZ_TMP/started" ] && break; sleep 0.05; done
    kill -TERM $pid
    wait $pid 2>/dev/null
    check "exec ends by a signal" test $? -gt 128
    vzctl exec2 101 'kill $(pidof sleep)'
    expect 0 vzctl exec2 101 true
}

under_lock() {
    printf '%s\nstopping\n' $$ >/run/vz/lock/101.lck
    expect 0 vzctl exec2 101 true
    expect 0 vzctl status 101
    expect 6 vzctl runscript 101 "$VZ_TMP/script"
    expect 9 vzctl stop 101
    rm /run/vz/lock/101.lck
}

on_stopped
expect 0 vzctl start 101 --wait
statuses
words
data
ended
under_lock
finish
