#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # out and err are set by expect
# The record: each action that changes something is kept, with who, from where and how it ended, in the journal and in the
# system log; passwords are not.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
. "$VZ_SOURCE_DIR/tests/lib/tiny_template.sh"
need_programs python3 strace
sandbox "$0" "$@"
tiny_template tiny
readonly journal=/var/log/vz/history.jsonl

whats() { vzhistory -H -o status,what "$@" | sed 's/^ *//' | xargs -d '\n' -r printf '%s|'; }
field() { # NAME: of the last entry
    vzhistory -j -n 1 | python3 -c 'import json,sys; print(json.load(sys.stdin)[0][sys.argv[1]])' "$1"
}

# A system log that writes down what it gets: a socket where programs look for one.
system_log() {
    local name
    mkdir "$VZ_TMP/dev"
    mount -t tmpfs dev "$VZ_TMP/dev"
    for name in null zero full random urandom tty; do
        : >"$VZ_TMP/dev/$name"
        mount --bind "/dev/$name" "$VZ_TMP/dev/$name"
    done
    mkdir "$VZ_TMP/dev/pts" "$VZ_TMP/dev/shm"
    mount --bind /dev/pts "$VZ_TMP/dev/pts"
    ln -s pts/ptmx "$VZ_TMP/dev/ptmx"
    ln -s /proc/self/fd "$VZ_TMP/dev/fd"
    python3 -u -c 'import socket,sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True: print(s.recv(65536).decode(errors="replace"))' "$VZ_TMP/dev/log" >"$VZ_TMP/syslog" &
    collector=$!
    for _ in {1..100}; do [ -S "$VZ_TMP/dev/log" ] && break; sleep 0.05; done
    mount --rbind "$VZ_TMP/dev" /dev
}

life() {
    expect 0 vzctl create 101 --ostemplate tiny --hostname web
    expect 0 vzctl start 101
    expect 32 vzctl start 101
    expect 0 vzctl status 101
    expect 0 vzctl exec 101 true
    expect 0 vzctl set 101 --name web --description "it's the web" --save
    expect 0 vzctl stop web --fast
    equal "what changes something is kept, in its order, with its status" \
        "0 vzctl create 101 --ostemplate tiny --hostname web|0 vzctl start 101|32 vzctl start 101 # Container is already running|0 vzctl set 101 --name web --description 'it'\\''s the web' --save|0 vzctl stop web --fast|" \
        "$(whats 101)"
    expect 20 vzctl set 101 --bogus
    expect 20 vzctl foo 101
    equal "what was not understood is not kept" "0 vzctl stop web --fast|" "$(whats -n 1)"
    expect 31 vzctl exec 101 true
    sed -i '$ a HISTORY_EXEC="yes"' /etc/vz/vz.conf
    expect 31 vzctl exec 101 echo root:Xy7-exec
    equal "exec on request, without its words" "31 vzctl exec 101 ... # Container is not running|" "$(whats -n 1)"
    sed -i '$ d' /etc/vz/vz.conf
    expect 0 vzcreate -t tiny 102
    equal "vzcreate" "0 vzcreate -t tiny 102|" "$(whats 102)"
    id=$(vzcreate -t tiny)
    equal "vzcreate: the id that it chose" "0 vzcreate -t tiny|" "$(whats "$id")"
    expect 0 vzctl set "$id" --onboot yes --save
    expect 0 vz-boot start
    equal "the host's boot, in the container's history" "0 vz-boot start|" "$(whats -n 1 "$id")"
    expect 0 vz-boot stop
    expect 0 vzctl destroy "$id"
    equal "a container that is no more" "0 vzctl destroy $id|" "$(whats -n 1 "$id")"
    equal "no line is broken" "" "$(vzhistory 2>&1 >/dev/null)"
}

# 33: in every place where a password may stand by mistake, too.
secrets() {
    echo root:Xy7-in | vzctl set 101 --userpasswd - --save
    vzctl set 101 --userpasswd root:Xy7-arg
    vzctl set 101 --userpasswd=root:Xy7-arg2
    vzctl set 101 --userpasswd Xy7-alone
    vzctl set 101 --userpasswd root Xy7-two
    vzctl set 101 root:Xy7-stray
    vzctl set 101 --userpasswd $'root:Xy7-\nx' --crypted
    vztemplate fetch "http://me:Xy7-url@localhost:1/x.tar.zst" --no-signature --sha256 "$(printf 'a%.0s' {1..64})"
    equal "33: no password is in journal, log or state" "" "$(grep -rlF Xy7 /etc/vz /run/vz /var/log/vz)"
    check_not "33: nor in the system log" grep -qF Xy7 "$VZ_TMP/syslog"
    check "33: that it was changed is kept" grep -qF -- "--userpasswd root:***" <<<"$(vzhistory 101)"
}

who() {
    SSH_CONNECTION="192.0.2.7 50000 192.0.2.1 22" expect 0 vzctl stop 101
    equal "from where: ssh" 192.0.2.7 "$(field from)"
    # As after sudo: the variable is gone, but the shell before has it.
    SSH_CONNECTION="2001:db8::7 50000 2001:db8::1 22" bash -c 'env -i PATH="$PATH" VZ_LIBEXEC_DIR="$VZ_LIBEXEC_DIR" vzctl stop 101; true' 2>/dev/null
    equal "from where: ssh, through another program" 2001:db8::7 "$(field from)"
    if [ "$(cat /proc/self/loginuid 2>/dev/null || echo 4294967295)" = 4294967295 ]; then
        SUDO_UID=65534 expect 0 vzctl stop 101
        equal "who: before sudo" nobody "$(field who)"
    fi
    script -qc "vzctl stop 101" /dev/null </dev/null >/dev/null
    check "where: a terminal" grep -q '^pts/' <<<"$(field tty)"
    check "how long" grep -qE '^[0-9]+(\.[0-9]+)?$' <<<"$(field seconds)"
    for _ in {1..50}; do grep -q "CT 101: .*vzctl stop 101" "$VZ_TMP/syslog" && break; sleep 0.1; done
    check "the system log has it" grep -q "vzctl\[[0-9]*\]: CT 101: .*: vzctl create 101 .*: status 0" "$VZ_TMP/syslog"
    check "failures too" grep -q "vzctl start 101 # Container is already running: status 32" "$VZ_TMP/syslog"
}

# The journal cannot be spoiled, and never spoils the work.
journal_itself() {
    equal "readable by root and adm only" "640 root adm" "$(stat -c '%a %U %G' $journal)"
    local n
    local pids=()
    for n in {1..40}; do
        vzhistory --note "at once $n" &
        pids+=($!)
    done
    wait "${pids[@]}"
    equal "forty at once: forty lines" 40 "$(vzhistory -H -o note | grep -c "^at once")"
    strace -f -e trace=write,openat -o "$VZ_TMP/trace" vzhistory --note one
    equal "a line is one write" 1 "$(grep -c 'write(.*\\"time\\"' "$VZ_TMP/trace")"
    check "opened for appending only" grep -q 'history.jsonl", .*O_APPEND' "$VZ_TMP/trace"
    mv $journal $journal.1
    mkdir $journal
    expect 0 vzctl stop 101
    check "a journal that cannot be written is a warning" grep -q "could not be recorded" <<<"$err"
    rmdir $journal
    if command -v logrotate >/dev/null; then
        cp "$VZ_SOURCE_DIR/debian/vz-utils.logrotate" "$VZ_TMP/rotate" && chmod 644 "$VZ_TMP/rotate"
        rm -f $journal.1
        vzhistory --note before
        logrotate -f -s "$VZ_TMP/rotated" "$VZ_TMP/rotate"
        vzhistory --note between
        logrotate -f -s "$VZ_TMP/rotated" "$VZ_TMP/rotate"
        vzhistory --note after
        check "one is compressed" test -e $journal.2.gz
        equal "rotated twice: all is read, in order" "before|between|after|" \
            "$(vzhistory -H -o note | grep -E '^(before|between|after)$' | xargs -d '\n' printf '%s|')"
    fi
}

system_log
life
secrets
who
journal_itself
kill $collector
finish
