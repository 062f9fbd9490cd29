#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016,SC2154 # words for another shell; out and err are set by expect
# Action scripts of the administrator, for one container and for all: when they run, what they know, what a failure stops.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
sandbox "$0" "$@"
sandbox_template

readonly scripts=/etc/vz/conf said=$VZ_TMP/said
expect 0 vzctl create 101 --hostname web

script() { # NAME [STATUS]: notes its name, the environment and whether the container is mounted
    printf '#!/bin/sh\nmountpoint -q /var/lib/vz/root/101 && m=mounted || m=unmounted\n%s\nexit %s\n' \
        "echo \"$1 \$VEID \$VE_CONFFILE \$m\" >>$said" "${2:-0}" >"$scripts/$1"
    chmod +x "$scripts/$1"
}

order() { # the names that ran, in their order
    cut -d ' ' -f 1 "$said" | xargs
}

status_is() { # WHAT WORDS
    equal "$1" "CTID 101 $2" "$(vzctl status 101)"
}

in_order() {
    local name
    for name in premount mount umount postumount; do
        script "vps.$name"
        script "101.$name"
    done
    expect 0 vzctl mount 101
    equal "35: before and after the mount, all containers first" "vps.premount 101.premount vps.mount 101.mount" "$(order)"
    equal "35: they know the container" "101 /etc/vz/conf/101.conf" "$(cut -d ' ' -f 2,3 "$said" | sort -u)"
    equal "35: premount before, mount after" "unmounted unmounted mounted mounted" "$(cut -d ' ' -f 4 "$said" | xargs)"
    : >"$said"
    expect 0 vzctl umount 101
    equal "35: the way back, its own first" "101.umount vps.umount 101.postumount vps.postumount" "$(order)"
    equal "35: umount before, postumount after" "mounted mounted unmounted unmounted" "$(cut -d ' ' -f 4 "$said" | xargs)"
}

failing() {
    local name
    for name in 101.premount vps.premount 101.mount vps.mount; do
        script "$name" 1
        for verb in mount start; do
            expect 79 vzctl $verb 101
            check "35: $name is named" grep -qF "$name" <<<"$err"
            status_is "35: $verb is undone" "exist unmounted down"
        done
        script "$name"
    done
    equal "35: no network is left" "" "$(ip -o link show | grep venet101)"
    expect 0 vzctl mount 101
    script 101.umount 1
    expect 79 vzctl umount 101
    status_is "35: umount refused it" "exist mounted down"
    script 101.umount
    expect 0 vzctl umount 101
    chmod -x "$scripts/101.mount"
    expect 79 vzctl mount 101
    status_is "35: a script that cannot run is a failure" "exist unmounted down"
    rm "$scripts"/*mount
}

# The storage may be made by the script itself.
storage() {
    mv /var/lib/vz/private/101 /var/lib/vz/private/elsewhere
    printf '#!/bin/sh\nmv /var/lib/vz/private/elsewhere /var/lib/vz/private/$VEID\n' >"$scripts/101.premount"
    printf '#!/bin/sh\nmv /var/lib/vz/private/$VEID /var/lib/vz/private/elsewhere\n' >"$scripts/101.postumount"
    chmod +x "$scripts"/101.{premount,postumount}
    expect 0 vzctl mount 101
    status_is "35: premount brings the storage" "exist mounted down"
    expect 0 vzctl umount 101
    status_is "35: postumount takes it away" "deleted unmounted down"
    mv /var/lib/vz/private/elsewhere /var/lib/vz/private/101
    rm "$scripts"/101.{premount,postumount}
}

# As the classic pages show it: a folder of the host inside.
bind_mount() {
    mkdir -p "$VZ_SANDBOX/shared" && echo hello >"$VZ_SANDBOX/shared/file" && chmod -R a+rX "$VZ_SANDBOX/shared"
    printf '#!/bin/bash\n. /etc/vz/vz.conf\n. "$VE_CONFFILE"\nmount -n --bind %s "$VE_ROOT/mnt"\n' "$VZ_SANDBOX/shared" \
        >"$scripts/101.mount"
    chmod +x "$scripts/101.mount"
    expect 0 vzctl start 101 --wait
    equal "a bind mount of the mount script is seen inside" hello "$(vzctl exec2 101 cat /mnt/file)"
    inside
    expect 0 vzctl stop 101
    status_is "and gone after the stop" "exist unmounted down"
    equal "what was bound is kept" hello "$(cat "$VZ_SANDBOX/shared/file")"
    rm "$scripts/101.mount"
}

inside() {
    expect 0 vzctl stop 101
    echo 'hostname >/root/started; pwd >>/root/started' >"$scripts/101.start"
    echo 'hostname >/root/stopped' >"$scripts/101.stop"
    expect 0 vzctl start 101 --wait
    equal "35: .start runs inside" "web /" "$(vzctl exec2 101 'xargs </root/started')"
    check_not "35: .stop has not run yet" vzctl exec2 101 test -e /root/stopped
    expect 0 vzctl restart 101 --wait
    equal "35: .stop ran inside" web "$(vzctl exec2 101 cat /root/stopped)"
    expect 0 vzctl stop 101
    echo 'exit 3' >"$scripts/101.start"
    expect 79 vzctl start 101
    status_is "35: a failing .start stops it again" "exist unmounted down"
    rm "$scripts"/101.{start,stop}
    expect 0 vzctl start 101 --wait
}

retired() {
    script 101.mount
    script 101.start
    script vps.mount
    expect 0 vzctl destroy 101
    equal "18: its scripts are kept aside" "101.mount.destroyed 101.start.destroyed" \
        "$(find "$scripts" -regex ".*/101\.\(mount\|start\).*" -printf "%f\n" | sort | xargs)"
    check "18: those of all containers stay" test -x "$scripts/vps.mount"
}

in_order
failing
storage
bind_mount
retired
finish
