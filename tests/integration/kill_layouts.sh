#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What kill_files.sh and kill_clones.sh do to overlays, done to subvolumes of btrfs; and vzctl convert killed: a container
# is old or new, files and configuration fit, and the next command needs no repair.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
. "$VZ_SOURCE_DIR/tests/lib/tiny_template.sh"
. "$VZ_SOURCE_DIR/tests/lib/btrfs.sh"
. "$VZ_SOURCE_DIR/tests/lib/chaos.sh"
need_programs strace mkfs.btrfs setpriv
sandbox "$0" "$@"
btrfs_data 700M
tiny_template tiny

calls=rename,renameat2,unlink,unlinkat,mkdir,mkdirat,fsync,ioctl,wait4
id=11111111-1111-1111-1111-111111111111
create=(vzctl create 101 --ostemplate tiny --layout btrfs --hostname one --name one --ipadd 10.10.0.1)
clone=(vzclone 101 105 --name two --ip 10.10.0.2)

# ---- create and destroy ----------------------------------------------------------------------------------------
after_create() {
    nothing_half
    [[ $(status_of) != exist* ]] || quietly 0 vzctl destroy 101
    quietly 0 "${create[@]}"
    quietly 0 vzctl destroy 101
    same_traces "$clean"
}
expect 0 "${create[@]}"
expect 0 vzctl destroy 101
clean=$(settled_traces)
EVERY=2 STRACE=-f step_through create "$calls" after_create "${create[@]}"

before_destroy() { quietly 0 "${create[@]}"; }
after_destroy() {
    nothing_half
    [[ $(status_of) != exist* ]] || quietly 0 vzctl destroy 101
    quietly 0 "${create[@]}"
    quietly 0 vzctl destroy 101
    same_traces "$clean"
}
step_through destroy "$calls" after_destroy vzctl destroy 101

# ---- clone, snapshot, switch -----------------------------------------------------------------------------------
quietly 0 "${create[@]}"
write_state first
clean=$(settled_traces)
after_clone() {
    [ ! -e /etc/vz/conf/105.conf ] || quietly 0 vzctl destroy 105
    quietly 0 "${clone[@]}"
    quietly 0 vzctl destroy 105
    same_traces "$clean"
}
EVERY=2 STRACE=-f step_through clone "$calls" after_clone "${clone[@]}"

after_snapshot() {
    [[ $(vzctl snapshot-list 101 -H -o uuid) != *"$id"* ]] || quietly 0 vzctl snapshot-delete 101 --id "$id"
    quietly 0 vzctl snapshot 101 --id "$id"
    quietly 0 vzctl snapshot-delete 101 --id "$id"
    same_traces "$snapped"
}
quietly 0 vzctl snapshot 101 --id "$id"
quietly 0 vzctl snapshot-delete 101 --id "$id"
snapped=$(settled_traces)
step_through snapshot "$calls" after_snapshot vzctl snapshot 101 --id "$id"

before_switch() { write_state second; }
after_switch() {
    check_quietly "half a state" grep -qxE 'first|second' <<<"$(state_of_101)"
    quietly 0 vzctl snapshot-switch 101 --id "$id"
    equal_quietly "the state of then" first "$(state_of_101)"
}
quietly 0 vzctl snapshot 101 --id "$id"
step_through switch "$calls" after_switch vzctl snapshot-switch 101 --id "$id"
quietly 0 vzctl snapshot-delete 101 --id "$id"

# ---- convert ---------------------------------------------------------------------------------------------------
layout() { sed -n 's/^VE_LAYOUT="\(.*\)"/\1/p' /etc/vz/conf/101.conf; }
after_convert() {
    equal_quietly "the files" first "$(state_of_101)"
    check_quietly "half a layout" grep -qxE "$from|$to" <<<"$(layout)"
    [ "$(layout)" = "$to" ] || quietly 0 vzctl convert 101 --layout "$to"
    equal_quietly "the files, converted" first "$(state_of_101)"
    equal_quietly "nothing else stays" 101 "$(ls /var/lib/vz/private)"
    quietly 0 vzctl convert 101 --layout "$from"
}
from=btrfs to=dir
EVERY=3 STRACE=-f step_through convert "$calls" after_convert vzctl convert 101 --layout "$to"
quietly 0 vzctl convert 101 --layout overlay
from=overlay to=btrfs
EVERY=3 STRACE=-f step_through convert "$calls" after_convert vzctl convert 101 --layout "$to"
finish
