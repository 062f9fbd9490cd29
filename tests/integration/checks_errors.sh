#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016,SC2154 # words for a shell inside; out and err are set by expect
# The rules that all classic verbs share: order of errors, exit codes, messages, locks and the log. The numbers in the
# texts are those of the compatibility list that the classic tools were read into.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
sandbox "$0" "$@"

# A container without files is enough for most rules.
conf=/etc/vz/conf/101.conf
printf '%s\n' 'ONBOOT="no"' '# a note' >"$conf"
lock=/run/vz/lock/101.lck
log=$(. /etc/vz/vz.conf && echo "$LOGFILE")
mkdir -p /run/vz/lock

says() { # WHAT TEXT: on standard error, and nothing on standard output
    check "$1" grep -qF -- "$2" <<<"$err"
    equal "$1: nothing on standard output" "" "$out"
}

arguments() {
    expect 20 vzctl
    says "1: usage on standard error" "Usage: vzctl"
    local flag
    for flag in --help --version; do
        expect 0 vzctl "$flag"
        check "2: first line of $flag" grep -qE '^vzctl version [0-9]+\.[0-9]+(\.[0-9]+)?$' <<<"$(head -n 1 <<<"$out")"
    done
    expect 20 vzctl foo 101
    says "3: bad command" "Bad command: foo"
    expect 20 vzctl foo
    says "3: the verb is judged first" "Bad command: foo"
    expect 20 vzctl --frobnicate start 101
    expect 21 vzctl start
    says "4: no container named" "CT ID missing"
    local bad
    # 4: what is neither an id nor a name that exists.
    for bad in abc -1 2147483645 99999999999999999999 0x65 '1 01' '../101' ''; do expect 21 vzctl start "$bad"; done
    for bad in start status stop; do expect 21 vzctl $bad 0; done
    expect 14 vzctl start 999
    says "5: no configuration" "Container config file does not exist"
    for bad in stop restart mount umount destroy enter "exec true" "set --onboot yes --save" "start --bogus" "start extra"; do
        # shellcheck disable=SC2086
        set -- $bad
        expect 14 vzctl "$1" 999 "${@:2}"
    done
    expect 20 vzctl start 101 extra
    expect 20 vzctl start 101 --bogus
    expect 20 vzctl set 101 --hostname
    expect 21 vzctl set 101 --ram much --save
    expect 21 vzctl set 101 --onboot perhaps --save
    expect 27 vzctl set 101 --save
    equal "nothing of that was saved" "$(printf '%s\n' 'ONBOOT="no"' '# a note')" "$(cat "$conf")"
}

global_configuration() {
    mv /etc/vz/vz.conf /etc/vz/vz.conf.away
    local verb
    for verb in status start "set --onboot yes" "create --ostemplate x" "exec true"; do
        # shellcheck disable=SC2086
        set -- $verb
        expect 10 vzctl "$1" 101 "${@:2}"
        check "6: $1 says which file" grep -q /etc/vz/vz.conf <<<"$err"
    done
    expect 21 vzctl start abc
    expect 20 vzctl foo 101
    expect 0 vzctl --version
    mv /etc/vz/vz.conf.away /etc/vz/vz.conf
}

status_words() {
    expect 0 vzctl status 999
    equal "7: unknown container" "CTID 999 deleted unmounted down" "$out"
    equal "7: nothing else is said" "" "$err"
    expect 0 vzctl status 101
    equal "7: no private area is deleted too" "CTID 101 deleted unmounted down" "$out"
    expect 0 vzctl status 2147483644
}

locks() {
    local holder=$BASHPID
    printf '%s\nstarting\n' "$holder" >"$lock"
    local verb
    for verb in start stop mount umount destroy restart "set --onboot yes --save" "create --ostemplate x" "start extra"; do
        # shellcheck disable=SC2086
        set -- $verb
        expect 9 vzctl "$1" 101 "${@:2}"
        check "34: $1 names the reason" grep -q "Container already locked" <<<"$err"
        check "34: $1 names the holder" grep -qw "pid $holder" <<<"$err"
    done
    equal "34: the foreign lock is left alone" "$(printf '%s\nstarting' "$holder")" "$(cat "$lock")"
    expect 0 vzctl status 101
    expect 31 vzctl exec 101 true
    expect 31 vzctl enter 101
    expect 43 vzctl --skiplock start 101
    expect 0 vzctl --skiplock set 101 --description skipped --save
    equal "34: --skiplock leaves the lock" "$(printf '%s\nstarting' "$holder")" "$(cat "$lock")"
    bash -c 'echo $$' >"$VZ_TMP/dead"
    printf '%s\nstarting\n' "$(cat "$VZ_TMP/dead")" >"$lock"
    expect 0 vzctl set 101 --description dead --save
    check_not "34: the lock of a dead process is gone" test -e "$lock"
    printf 'no number\n' >"$lock"
    expect 0 vzctl set 101 --description broken --save
    check_not "34: a broken lock is gone" test -e "$lock"
}

# While a verb works, its lock says who it is and what it does, on the two lines that the classic tools write.
own_lock() {
    mkdir -p /var/lib/vz/private/101 && mkfifo "$VZ_TMP/go"
    printf '#!/bin/sh\ncat %s >%s/seen; exit 1\n' "$lock" "$VZ_TMP" >/etc/vz/conf/101.premount
    chmod +x /etc/vz/conf/101.premount
    expect 79 vzctl mount 101
    check "34: first line is a pid" grep -qE '^[0-9]+$' <<<"$(sed -n 1p "$VZ_TMP/seen")"
    equal "34: second line is what is done" mounting "$(sed -n 2p "$VZ_TMP/seen")"
    check_not "34: the lock ends with the verb" test -e "$lock"
    rm /etc/vz/conf/101.premount && rmdir /var/lib/vz/private/101
}

talk() {
    : >"$log"
    expect 43 vzctl --quiet start 101
    equal "--quiet: nothing is said" "" "$out$err"
    check "--quiet: the log has it" grep -qE \
        '^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9][+-][0-9]{4} vzctl : CT 101 : .' "$log"
    equal "every line of the log has the form" 0 "$(grep -cvE '^[0-9T:-]{19}[+-][0-9]{4} vzctl : CT 101 : .' "$log")"
    expect 43 vzctl --verbose --verbose start 101
    expect 0 vzctl --quiet status 101
    equal "--quiet: an answer is still given" "CTID 101 deleted unmounted down" "$out"
    equal "--quiet: words of the user cannot forge a line" 1 "$(
        : >"$log"; vzctl set 101 --hostname $'a\nb' --save 2>/dev/null; wc -l <"$log")"
    sed -i 's/^LOGGING=.*/LOGGING="no"/' /etc/vz/vz.conf && : >"$log"
    expect 43 vzctl start 101
    equal "LOGGING=no: nothing is logged" "" "$(cat "$log")"
}

arguments
global_configuration
status_words
locks
own_lock
talk
finish
