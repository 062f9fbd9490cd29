#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016,SC2154 # words for a shell inside; out and err are set by expect
# set --userpasswd: on stopped and running containers, and that the secret is nowhere but in the container's own file.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
need_programs perl strace
sandbox "$0" "$@"
sandbox_template

readonly secret='Xy7:$e cret"9'
expect 0 vzctl create 101 --hostname web

hash_of() { # USER: as the container sees it
    if [ "$(vzctl status 101 | cut -d ' ' -f 5)" = running ]; then
        vzctl exec2 101 cat /etc/shadow
    else
        vzctl --quiet mount 101 >/dev/null && cat /var/lib/vz/root/101/etc/shadow
        vzctl --quiet umount 101 >/dev/null
    fi | sed -n "s/^$1:\([^:]*\):.*/\1/p"
}

fits() { # USER PASSWORD: crypt(3) of the password is what the file holds
    local hash
    hash=$(hash_of "$1")
    [ -n "$hash" ] && [ "$(PASSWORD=$2 HASH=$hash perl -e 'print crypt($ENV{PASSWORD}, $ENV{HASH})')" = "$hash" ]
}


# No argument vector of any program that vzctl starts holds it, nor does a file of the host.
nowhere() { # WHAT
    check_not "33: $1: not in an argument vector" grep -qF 'Xy7' "$VZ_TMP/trace"
    equal "33: $1: not in configuration, log or state" "" "$(grep -rlF 'Xy7' /etc/vz /run/vz /var/log/vz /var/lib/vz/pending)"
    check_not "33: $1: not in what is said" grep -qF 'Xy7' "$VZ_TMP/out"
}

on() { # WORD
    strace -f -qq -s 4096 -e trace=execve -o "$VZ_TMP/trace" bash -c \
        'exec 1>"$1/out" 2>&1; printf "root:%s\n" "$(cat "$1/secret")" | vzctl set 101 --userpasswd -' - "$VZ_TMP"
    check "33: $1: the hash is that of the password" fits root "$secret"
    nowhere "$1"
    expect 0 vzctl set 101 --userpasswd "root:Xy7-second"
    check "33: $1: as an option" fits root Xy7-second
    equal "33: $1: nothing was saved" "" "$(grep -rlF 'Xy7' /etc/vz /run/vz /var/log/vz)"
}

refused() {
    local before bad
    before=$(hash_of root)
    for bad in root root: :pw 'ro ot:pw' '../x:pw' $'root:a\nb' '-x:pw'; do
        expect 21 vzctl set 101 --userpasswd "$bad"
        check_not "33: the message holds no password" grep -q pw <<<"$err"
    done
    equal "33: nothing changed" "$before" "$(hash_of root)"
    expect 21 vzctl set 101 --userpasswd -
}

new_user() {
    expect 0 vzctl set 101 --userpasswd 'anna:Xy7-anna'
    check "33: a new user has the password" fits anna Xy7-anna
    equal "33: and is one" anna "$(vzctl exec2 101 'su -c "id -un" anna')"
    equal "33: with a home of its own" anna "$(vzctl exec2 101 'stat -c %U ~anna')"
    expect 0 vzctl set 101 --userpasswd 'anna:Xy7-other'
    check "33: changed again" fits anna Xy7-other
    equal "33: there is one anna" 1 "$(vzctl exec2 101 'grep -c ^anna: /etc/passwd')"
    expect 0 vzctl set 101 --crypted --userpasswd 'anna:$6$salt$IxDD3jeSOb5eB1CX5LBsqZFVkJdido3OUILO5Ifz5iwMuTS4XMS130MTSuDDl3aCI6WouIL9AjRbLCelDCy.g.'
    check "33: --crypted" fits anna password
}

printf %s "$secret" >"$VZ_TMP/secret"
on stopped
equal "33: stopped again" "CTID 101 exist unmounted down" "$(vzctl status 101)"
refused
expect 0 vzctl start 101 --wait
on running
equal "33: the file is closed to others" "640 0" "$(vzctl exec2 101 stat -c "'%a %u'" /etc/shadow)"
new_user
check "33: a login takes it" vzctl exec2 101 'su -s /bin/sh anna -c true'
finish
