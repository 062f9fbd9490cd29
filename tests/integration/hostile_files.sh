#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A container whose root user is an enemy: its files are links to the host, pipes, devices and endless; it fights while
# its settings change; it tries the known ways out. No file of the host is read or written, no verb hangs.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
. "$VZ_SOURCE_DIR/tests/lib/tiny_template.sh"
need_programs setpriv
sandbox "$0" "$@"

# ---- files of the host that anybody could write, was it not for the container's walls ------------------------------
canary=$VZ_SANDBOX/canary
mkdir -p "$canary/etc" "$canary/bin"
chmod 777 "$canary" "$canary/etc" "$canary/bin"
for name in hosts resolv.conf hostname shadow passwd group; do echo "root:SECRET:0:0:root:/:/bin/sh" >"$canary/etc/$name"; done
cp /bin/true "$canary/bin/init"
cp /bin/true "$canary/bin/sh"
chmod -R a+rwX "$canary"
host_files() {
    find "$canary" -printf '%p %y %i %m %U %T@ %s\n' | sort
    sha256sum /etc/passwd /etc/shadow /etc/group /etc/hosts /etc/hostname /etc/resolv.conf "$canary"/etc/* "$canary"/bin/*
    stat -c '%n %i %a %u %g %Y' /etc /etc/passwd /etc/shadow /etc/hosts
    cat /proc/sys/kernel/core_pattern /proc/sys/kernel/hostname
}

ran=0
# The verb ends in time, with any status, and says nothing of the host's secrets.
survive() { # COMMAND…
    local status
    timeout -k 2 30 "$@" >"$VZ_TMP/out" 2>"$VZ_TMP/err" </dev/null
    status=$?
    ran=$((ran + 1))
    case $status in
    124 | 137) fail "$case: $* hangs" ;;
    134 | 139) fail "$case: $* crashes" ;;
    esac
    ! grep -q SECRET "$VZ_TMP/out" "$VZ_TMP/err" || fail "$case: $* shows a secret of the host"
    [ "$status" -eq 0 ] || [ "$1 $2" != "vzctl start" ] || [ -s "$VZ_TMP/err" ] || fail "$case: $* fails without a word"
    return "$status"
}

tiny_template tiny
expect 0 vzctl create 101 --ostemplate tiny --layout overlay --hostname good
expect 0 vzctl create 102 --ostemplate tiny --layout dir --hostname good
for ctid in 101 102; do
    expect 0 vzctl set "$ctid" --stop-timeout 1 --save
    expect 0 vzctl start "$ctid"
    expect 0 vzctl stop "$ctid"
    cp "/etc/vz/conf/$ctid.conf" "$VZ_TMP/$ctid.conf"
done
files_of() { case $1 in 101) echo /var/lib/vz/private/101/upper ;; *) echo /var/lib/vz/private/102 ;; esac; }
cp -a "$(files_of 101)" "$VZ_TMP/101.files"
cp -a "$(files_of 102)" "$VZ_TMP/102.files"

plant() { # KIND PATH CANARY, in the folder of a container's files
    rm -rf "./$2"
    mkdir -p "$(dirname "./$2")"
    case $1 in
    absolute) ln -s "$canary/$3" "$2" ;;
    relative) ln -s "../../../../../../../../../../../../../..$canary/$3" "$2" ;;
    init-root) ln -s "/proc/1/root$canary/$3" "$2" ;;
    self-root) ln -s "/proc/self/root/../../../..$canary/$3" "$2" ;;
    self-cwd) ln -s "/proc/self/cwd/../../../../../../..$canary/$3" "$2" ;;
    self-fd) ln -s "/proc/self/fd/0" "$2" ;;
    loop) ln -s "$(basename "$2")" "$2" ;;
    pipe) mkfifo "$2" ;;
    endless) mknod -m 666 "$2" c 1 5 ;;
    disk) mknod -m 666 "$2" b 7 0 ;;
    terminal) mknod -m 666 "$2" c 5 0 ;;
    socket) perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 1)' "$2" ;;
    folder) mkdir -p "$2/not-empty" ;;
    huge) truncate -s 8G "$2" ;;
    esac
    chown -h "$owner" "$2"
}

verbs() { # CTID
    survive vzctl start "$1"
    survive vzctl status "$1"
    survive vzctl set "$1" --hostname changed --nameserver 192.0.2.1 --searchdomain example.org --ipadd 10.10.0.9 --save
    survive vzctl set "$1" --userpasswd root:geheim
    survive vzctl set "$1" --userpasswd newuser:geheim
    survive vzctl exec "$1" 'cat /etc/shadow /etc/hostname /etc/passwd & sleep 0.1; kill $!'
    survive vzctl restart "$1" --fast
    survive vzctl stop "$1" --fast
    survive vzctl mount "$1"
    survive vzctl set "$1" --userpasswd root:geheim
    echo 'cat /etc/shadow & sleep 0.1; kill $!' >"$VZ_TMP/script"
    survive vzctl runscript "$1" "$VZ_TMP/script"
    survive vzctl umount "$1"
}

restore() { # CTID
    local files
    files=$(files_of "$1")
    vzctl stop "$1" --fast >/dev/null 2>&1
    vzctl umount "$1" >/dev/null 2>&1
    rm -rf --one-file-system "$files"
    cp -a "$VZ_TMP/$1.files" "$files"
    rm -rf --one-file-system "/var/lib/vz/private/$1/work/index"
    cp "$VZ_TMP/$1.conf" "/etc/vz/conf/$1.conf"
}

before=$(host_files)
kinds="absolute relative init-root self-root self-cwd self-fd loop pipe endless disk terminal socket folder huge"
for ctid in 101 102; do
    owner=0:0
    [ "$ctid" = 102 ] || owner=1006632960:1006632960
    [ "$ctid" = 101 ] || kinds="absolute relative self-root pipe endless folder"
    for kind in $kinds; do
        for place in etc files programs mounts; do
            case="$ctid $kind $place"
            cd "$(files_of "$ctid")" || exit 1
            case $place in
            etc) plant "$kind" etc etc ;;
            files) for name in hosts resolv.conf hostname shadow passwd group; do plant "$kind" "etc/$name" "etc/$name"; done ;;
            programs) plant "$kind" sbin/init bin/init && plant "$kind" bin/sh bin/sh ;;
            mounts) for name in dev proc sys tmp; do plant "$kind" "$name" etc; done ;;
            esac
            cd / || exit 1
            tried=$ran
            verbs "$ctid"
            equal "$case: the host is as it was after $((ran - tried)) verbs" "$before" "$(host_files)"
            check_not "$case: nothing of the host is inside" grep -rqs --devices=skip --exclude-dir=tmp SECRET "/var/lib/vz/private/$ctid/"
            restore "$ctid"
        done
    done
done
echo "$ran verbs on hostile files"
equal "no secret in what we keep" "" "$(grep -rl --devices=skip -e SECRET -e geheim /etc/vz /run/vz /var/log/vz)"
finish
