#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Storage that needs a kernel of its own: layouts lvm and lvmthin, and project quotas on ext4 and xfs. The contract that
# each layout keeps (unit tests), and what an administrator meets (tests/system/inside).
# shellcheck disable=SC2154 # out: of harness.sh
set -u
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/machine.bash"

# The program is of this machine's release: it goes with its libraries.
copy_unit_tests() {
    local folder=$VZ_TMP/unit library
    mkdir "$folder"
    strip -o "$folder/unit_tests" "$VZ_BUILD_DIR/tests/unit/unit_tests"
    for library in $(ldd "$folder/unit_tests" | grep -o '/[^ ]*'); do
        cp -L "$library" "$folder/"
    done
    must copy_to_guest "$folder" /srv/unit
}

copy_tests() {
    must guest mkdir -p /srv/source/tests/lib /srv/source/tests/system
    must copy_to_guest "$VZ_SOURCE_DIR"/tests/lib/{chaos,harness,tiny_template}.sh "$VZ_SOURCE_DIR/tests/lib/run-script" /srv/source/tests/lib
    must copy_to_guest "$VZ_SOURCE_DIR/tests/system/inside" /srv/source/tests/system
}

# The contract of the two layouts that only this machine can have, and the way there and back.
check_contract() {
    expect 0 guest "export VZ_TEST_VOLUME_GROUP=vz VZ_TEST_THIN_POOL=pool && /srv/unit/ld-linux-x86-64.so.2 \
        --library-path /srv/unit /srv/unit/unit_tests 'layout lvm*,files move*'"
    tail -n 3 <<<"$out"
}

run_there() { # NAME: of tests/system/inside
    local from=$SECONDS
    expect 0 guest env VZ_SOURCE_DIR=/srv/source VZ_TOOL_PATH=/usr/libexec/vz \
        bash /srv/source/tests/lib/run-script "/srv/source/tests/system/inside/$1.sh"
    grep -v '^ok: ' <<<"$out"
    echo "$1: $((SECONDS - from)) s"
}

# A Debian with systemd and all, on a thin volume.
check_debian() {
    must guest vzctl create 101 --layout lvmthin --diskspace 1500M --ram 256M
    must guest vzctl start 101 --wait --wait-timeout 300
    expect 0 guest vzctl exec2 101 systemctl is-system-running --wait
    equal "systemd is up on a thin volume" running "$out"
    expect 0 guest vzctl exec2 101 df -h /
    printf '%s\n' "$out"
    expect 0 guest vzctl set 101 --diskspace 3G --save
    expect 0 guest vzctl exec2 101 df -h /
    printf '%s\n' "$out"
    expect 0 guest vzctl exec2 101 free -m
    check "it sees its own memory" grep -qE '^Mem: +256 ' <<<"$out"
    must guest vzctl stop 101
    must guest vzctl destroy 101
}

main() {
    local device
    start_machine_with_packages
    device=$(guest_disk 12G)
    must guest "vgcreate -q vz $device && lvcreate -q --type thin-pool -L 1G -n pool vz && lvchange -q --errorwhenfull y vz/pool"
    must guest "printf '%s\n' 'VE_VOLUME_GROUP=\"vz\"' 'VE_THIN_POOL=\"pool\"' >>/etc/vz/vz.conf"
    copy_tests
    copy_unit_tests
    check_contract
    check_debian
    run_there volumes
    run_there quotas
    run_there faults
    run_there kills
    finish
}

main
