#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016,SC2154 # words for a shell inside; out and err are set by expect
# The life of a container as the classic tools define it: create, mount, start, stop, destroy, and what each refuses.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
. "$VZ_SOURCE_DIR/tests/lib/tiny_template.sh"
sandbox "$0" "$@"
sandbox_template

readonly template=debian-13-x86_64-minimal
readonly ct_conf=/etc/vz/conf/101.conf private=/var/lib/vz/private/101 root=/var/lib/vz/root/101

status_is() { # WHAT WORDS
    equal "$1" "CTID 101 $2" "$(vzctl status 101)"
}

nothing_is_there() { # WHAT
    equal "$1: no configuration, files, lock or name" "" "$(find /etc/vz/conf/101.* /etc/vz/names /var/lib/vz/private \
        /var/lib/vz/root /run/vz/lock -maxdepth 1 \( -name '101*' -o -type l \) 2>/dev/null)"
}

refused_creates() {
    expect 91 vzctl create 101 --ostemplate none --name web # 9
    nothing_is_there "9: unknown template"
    mkdir -p "$private" && : >"$private/kept"
    expect 44 vzctl create 101 --ostemplate $template # 10: files of somebody are there
    check "10: foreign files are kept" test -e "$private/kept"
    check_not "10: no configuration" test -e "$ct_conf"
    rm -r "$private"
    printf 'ONBOOT="no"\n' >"$ct_conf"
    expect 82 vzctl create 101 --ostemplate $template --config vswap-256m # 10: a configuration is there
    equal "10: the configuration is untouched" 'ONBOOT="no"' "$(cat "$ct_conf")"
    rm "$ct_conf"
    expect 82 vzctl create 101 --ostemplate $template --config none-such
    expect 21 vzctl create 100 --ostemplate $template
    expect 20 vzctl create 101 --ostemplate $template --bogus
    nothing_is_there "10: bad options"
}

# Ended while it unpacks, create leaves nothing behind. Kills at every system call are another test's.
interrupted_create() {
    vzctl create 101 --ostemplate $template --layout dir --name web >/dev/null 2>&1 &
    local pid=$!
    for _ in {1..500}; do [ -n "$(ls -A $private.tmp 2>/dev/null)" ] && break; sleep 0.02; done
    kill -TERM $pid
    wait $pid 2>/dev/null
    check_not "11: ended by the signal" test -e "$ct_conf"
    vzctl create 102 --ostemplate none >/dev/null 2>&1
    nothing_is_there "11: create was interrupted"
}

created() {
    printf '#!/bin/sh\necho "$VEID $VE_CONFFILE" >%s/hook\n' "$VZ_TMP" >/etc/vz/conf/vps.create
    chmod +x /etc/vz/conf/vps.create
    expect 0 vzctl create 101 --ostemplate $template --config vswap-256m --name web
    local text
    for text in "Creating container private area ($template)" "Performing postcreate actions" \
        "CT configuration saved to $ct_conf" "Container private area was created"; do
        check "create says: $text" grep -qF "$text" <<<"$out"
    done
    equal "12: vps.create ran" "101 $ct_conf" "$(cat "$VZ_TMP/hook")"
    rm /etc/vz/conf/vps.create
    check "12: OSTEMPLATE" grep -qx "OSTEMPLATE=\"$template\"" "$ct_conf"
    check "12: ORIGIN_SAMPLE" grep -qx 'ORIGIN_SAMPLE="vswap-256m"' "$ct_conf"
    check "12: VE_ROOT" grep -qE '^VE_ROOT="/var/lib/vz/root/(101|[$]VEID)"$' "$ct_conf"
    check "12: VE_PRIVATE" grep -qE '^VE_PRIVATE="/var/lib/vz/private/(101|[$]VEID)"$' "$ct_conf"
    status_is "8: after create" "exist unmounted down"
    expect 44 vzctl create 101 --ostemplate $template
    status_is "10: a second create changed nothing" "exist unmounted down"
}

mounted() {
    expect 40 vzctl umount 101 # 20: not mounted
    expect 0 vzctl mount 101
    check "mount says so" grep -q "Container is mounted" <<<"$out"
    status_is "8: after mount" "exist mounted down"
    expect 0 vzctl mount 101
    check "20: mounted already" grep -qi "already mounted" <<<"$out$err"
    expect 41 vzctl destroy 101 # 18: mounted
    expect 41 vzctl destroy 101 --dry-run
    expect 0 vzctl umount 101
    check "umount says so" grep -q "Container is unmounted" <<<"$out"
    status_is "8: after umount" "exist unmounted down"
}

started() {
    expect 0 vzctl start 101 --wait
    local text
    for text in "Starting container..." "Container is mounted" "Setting CPU units: 1000" "Container start in progress..." \
        "... waiting ..." "Container started successfully"; do
        check "start says: $text" grep -qF "$text" <<<"$out"
    done
    expect 0 vzctl exec2 101 true
    status_is "8: after start" "exist mounted running"
    expect 32 vzctl start 101 # 14: twice
    check "14: already running" grep -qi "already running" <<<"$err"
    expect 32 vzctl destroy 101
    expect 32 vzctl destroy 101 --dry-run
    expect 32 vzctl umount 101
    expect 32 vzctl set 101 --private /var/lib/vz/private/other --save
    status_is "18, 20: refused, and still running" "exist mounted running"
}

# An init whose services never come up, hang when they are asked, or come up after a second.
waited_for() {
    local tree=$VZ_SANDBOX/tree began
    tiny_tree "$tree"
    printf '#!/bin/sh\n. /etc/says\n' >"$tree/bin/systemctl"
    chmod +x "$tree/bin/systemctl"
    echo 'echo starting; exit 1' >"$tree/etc/says"
    tiny_pack "$tree" slow
    expect 0 vzctl create 102 --ostemplate slow --layout dir
    expect 21 vzctl start 102 --wait --wait-timeout never
    began=$(date +%s)
    expect 133 vzctl start 102 --wait --wait-timeout 2
    check "15: it waited" test $(($(date +%s) - began)) -ge 2
    check "15: the message says that it is left running, and what to do" grep -q "left running.*vzctl stop 102" <<<"$err"
    equal "15: it is left running" "CTID 102 exist mounted running" "$(vzctl status 102)"
    expect 0 vzctl exec2 102 "echo 'sleep 1000' >/etc/says"
    expect 0 vzctl stop 102 --fast
    began=$(date +%s)
    expect 133 vzctl start 102 --wait --wait-timeout 2
    check "15: a container that does not answer is not waited for" test $(($(date +%s) - began)) -lt 15
    expect 0 vzctl exec2 102 "echo '[ -e /run/up ] && echo running' >/etc/says"
    expect 0 vzctl stop 102 --fast
    (sleep 2 && vzctl exec2 102 ': >/run/up') &
    expect 0 vzctl start 102 --wait --wait-timeout 60
    expect 0 vzctl exec2 102 "test -e /run/up"
    wait
    # Where systemd is the init, it says so too while it has only just begun.
    expect 0 vzctl exec2 102 "rm /run/up; echo '[ -e /run/up ] && echo running || echo offline' >/etc/says"
    expect 0 vzctl stop 102 --fast
    expect 0 vzctl start 102 --wait --wait-timeout 60
    check_not "15: offline is an answer of other inits" vzctl exec2 102 "test -e /run/up"
    expect 0 vzctl exec2 102 "mkdir -p /lib/systemd && mv /sbin/init /lib/systemd/systemd &&
        ln -s /lib/systemd/systemd /sbin/init"
    expect 0 vzctl stop 102 --fast
    (sleep 2 && vzctl exec2 102 ': >/run/up') &
    expect 0 vzctl start 102 --wait --wait-timeout 60
    expect 0 vzctl exec2 102 "test -e /run/up"
    wait
    expect 0 vzctl stop 102 --fast
    expect 0 vzctl destroy 102
}

# Pitfall #3166 and status 48: a private area that is a mount point.
on_a_mount_point() {
    local other=$VZ_SANDBOX/lib/other
    mkdir -p "$private" "$other"
    mount --bind "$other" "$private"
    expect 48 vzctl create 101 --ostemplate $template
    check "48: the message says what to do" grep -q -- "--private $private/private" <<<"$err"
    check_not "48: no configuration" test -e "$ct_conf"
    expect 0 vzctl create 101 --ostemplate $template --private "$private/private"
    expect 0 vzctl start 101
    expect 0 vzctl stop 101 --fast
    expect 0 vzctl destroy 101
    equal "what is mounted there is as before" "" "$(ls "$other")"
    umount "$private"
    # One that was mounted there later is used, and never removed.
    expect 0 vzctl create 101 --ostemplate $template
    mv "$private"/* "$other/"
    mount --bind "$other" "$private"
    expect 0 vzctl start 101 --wait
    expect 0 vzctl exec2 101 "touch /root/here"
    expect 0 vzctl stop 101
    check "a container runs on a mounted private area" test -e "$other/upper/root/here"
    expect 52 vzctl destroy 101
    check "the message says what to do" grep -q "unmount" <<<"$err"
    status_is "a refused destroy changed nothing" "exist unmounted down"
    umount "$private"
    expect 0 vzctl destroy 101
    check "what was mounted is kept" test -e "$other/upper/root/here"
    rm -rf "$other"
}

stopped() {
    mkdir -p $root/mnt "$VZ_TMP/shared"
    mount --bind "$VZ_TMP/shared" $root/mnt
    mount -t tmpfs none "$VZ_TMP/shared"
    expect 0 vzctl stop 101
    for text in "Stopping container ..." "Container was stopped" "Container is unmounted"; do
        check "stop says: $text" grep -qF "$text" <<<"$out"
    done
    status_is "stopped" "exist unmounted down"
    check_not "20: nothing is mounted below" grep -q " $root" /proc/self/mounts
    check "20: what was bound there is still mounted" mountpoint -q "$VZ_TMP/shared"
    umount "$VZ_TMP/shared"
    expect 0 vzctl stop 101
    check "14: says that it is not running" grep -q "Unable to stop: container is not running" <<<"$err"
    expect 0 vzctl restart 101
    status_is "restart starts what is down" "exist mounted running"
    expect 0 vzctl stop 101 --fast --skip-umount
    status_is "stop --skip-umount" "exist mounted down"
    expect 0 vzctl start 101
    expect 0 vzctl stop 101 --fast
    status_is "stop --fast" "exist unmounted down"
}

refused_starts() {
    expect 0 vzctl set 101 --disabled yes --save
    expect 105 vzctl start 101 # 16
    status_is "16: disabled" "exist unmounted down"
    expect 0 vzctl start 101 --force # 16: in spite of that
    expect 0 vzctl stop 101 --fast
    expect 0 vzctl set 101 --disabled no --save
    mv $private $private.away
    expect 43 vzctl start 101 # 17
    expect 43 vzctl mount 101
    status_is "17: no private area" "deleted unmounted down"
    mv $private.away $private
    # Where /sys is for reading only, as in many containers, the kernel lets nobody mount another.
    mount -o remount,bind,ro /sys
    expect 7 vzctl start 101
    check "liblxc's reason is told" grep -q 'mount "sysfs".*more in ' <<<"$err"
    mount -o remount,bind,rw /sys
    status_is "a start that failed leaves nothing" "exist unmounted down"
}

# What there is of containers and of the record of commands.
everything() {
    find /etc/vz /var/lib/vz /run/vz /var/log/vz/history.jsonl -printf '%p %T@ %l\n' | grep -v '^/run/vz/lock \|/pending ' | sort
}

destroyed() {
    local lxc_lock before
    lxc_lock=/run/lxc/lock/run/vz/lxc/.ve-$(sed -n 's/^VE_UUID="\(.*\)"/\1/p' "$ct_conf")
    check "liblxc made a lock file" test -e "$lxc_lock"
    ln -s "$ct_conf" /etc/vz/names/second-name
    before=$(everything)
    expect 0 vzctl destroy 101 --dry-run
    equal "--dry-run: what would go" "would remove $private
would remove $root
would keep $ct_conf as $ct_conf.destroyed" "$out"
    equal "--dry-run: nothing is changed" "$before" "$(everything)"
    expect 0 vzctl destroy 101
    check_not "18: no lock file of liblxc" test -e "$lxc_lock"
    check "18: the configuration is kept aside" test -e $ct_conf.destroyed
    check_not "18: no configuration" test -e "$ct_conf"
    equal "18: no name" "" "$(ls /etc/vz/names)"
    for _ in {1..100}; do [ -e $private ] || break; sleep 0.1; done
    equal "18: no files" "" "$(find /var/lib/vz/private /var/lib/vz/root -mindepth 1 -maxdepth 1)"
    expect 14 vzctl destroy 101
    expect 0 vzctl create 101 --ostemplate $template
    check_not "create drops what an older container of that id left" test -e $ct_conf.destroyed
    mv $private "$VZ_SANDBOX/lib/elsewhere" && ln -s "$VZ_SANDBOX/lib/elsewhere" $private
    status_is "19: the private area may be a link" "exist unmounted down"
    expect 0 vzctl delete 101
    check "19: a warning" grep -qi "link" <<<"$err"
    check "19: the target is kept" test -n "$(ls "$VZ_SANDBOX/lib/elsewhere")"
    check_not "19: the link is gone" test -L $private
}

refused_creates
interrupted_create
created
mounted
started
stopped
refused_starts
destroyed
on_a_mount_point
waited_for
finish
