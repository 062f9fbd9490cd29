#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vzclone, snapshot and snapshot-switch killed at calls that change something: the next command works without any
# repair, and nothing half-made stays.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
. "$VZ_SOURCE_DIR/tests/lib/tiny_template.sh"
. "$VZ_SOURCE_DIR/tests/lib/chaos.sh"
need_programs strace
sandbox "$0" "$@"

calls=rename,renameat2,unlinkat,linkat,fsync,wait4
one=11111111-1111-1111-1111-111111111111
new=33333333-3333-3333-3333-333333333333
own=/var/lib/vz/root/101/etc

tiny_template tiny
expect 0 vzctl create 101 --ostemplate tiny --hostname one --name one --ipadd 10.10.0.1
expect 0 vzctl mount 101
mkdir "$own/own" && echo first >"$own/state" && ln "$own/state" "$own/own/state"
expect 0 vzctl umount 101
printf '#!/bin/sh\n' >/etc/vz/conf/101.mount
chmod +x /etc/vz/conf/101.mount

# ---- vzclone ---------------------------------------------------------------------------------------------------
clone=(vzclone 101 105 --name two --ip 10.10.0.2)
quietly 0 "${clone[@]}"
quietly 0 vzctl destroy 105
clean=$(settled_traces)
after_clone() {
    if [ -e /etc/vz/conf/105.conf ]; then
        check_quietly "configuration without files" [ -e /var/lib/vz/private/105/upper/etc/state ]
        quietly 0 vzctl destroy 105
    fi
    quietly 0 "${clone[@]}"
    equal_quietly "its name leads to it" "CTID 105 exist unmounted down" "$(vzctl status two)"
    quietly 0 vzctl destroy 105
    same_traces "$clean"
}
STRACE=-f step_through clone "$calls" after_clone "${clone[@]}"
step_through clone "$calls" after_clone "${clone[@]}"

# ---- vzclone of so much that it becomes a layer -------------------------------------------------------------------
quietly 0 vzctl mount 101
large=$(head -c 20M /dev/urandom | tee /var/lib/vz/root/101/large | sha256sum)
quietly 0 vzctl umount 101
cp -a /var/lib/vz/private/101/upper "$VZ_SANDBOX/fresh"
with_fresh_source() { # as it was: what is a layer already needs no freezing
    rm -rf /var/lib/vz/private/101/{upper,work,layers,freezing,.new}
    cp -a "$VZ_SANDBOX/fresh" /var/lib/vz/private/101/upper
    mkdir -m 700 /var/lib/vz/private/101/work
    chown --reference "$VZ_SANDBOX/fresh" /var/lib/vz/private/101/work
}
after_freezing() {
    if [ -e /etc/vz/conf/105.conf ]; then quietly 0 vzctl destroy 105; fi
    quietly 0 "${clone[@]}"
    local ctid
    for ctid in 101 105; do
        quietly 0 vzctl mount "$ctid"
        equal_quietly "$ctid has its files" "$large" "$(sha256sum <"/var/lib/vz/root/$ctid/large")"
        equal_quietly "$ctid: and small ones" first "$(cat "/var/lib/vz/root/$ctid/etc/own/state")"
        quietly 0 vzctl umount "$ctid"
    done
    quietly 0 vzctl destroy 105
    equal_quietly "no more layers than are named" 1 "$(find /var/lib/vz/private/.layers -mindepth 1 -maxdepth 1 | wc -l)"
    with_fresh_source
    rm -rf /var/lib/vz/private/.layers
    same_traces "$clean"
}
with_fresh_source
clean=$(settled_traces)
STRACE=-f step_through layer "$calls" after_freezing "${clone[@]}"
quietly 0 vzctl mount 101
rm /var/lib/vz/root/101/large
quietly 0 vzctl umount 101

# ---- snapshot --------------------------------------------------------------------------------------------------
quietly 0 vzctl snapshot 101 --id "$one" --name first
quietly 0 vzctl snapshot 101 --id "$new"
quietly 0 vzctl snapshot-delete 101 --id "$new"
clean=$(settled_traces)
after_snapshot() {
    where="$where, then"
    [[ $(vzctl snapshot-list 101 -H -o uuid) != *"$new"* ]] || quietly 0 vzctl snapshot-delete 101 --id "$new"
    quietly 0 vzctl snapshot 101 --id "$new"
    quietly 0 vzctl snapshot-delete 101 --id "$new"
    same_traces "$clean"
}
step_through snapshot "$calls" after_snapshot vzctl snapshot 101 --id "$new"

before_delete() { quietly '0|156' vzctl snapshot 101 --id "$new"; }
after_delete() {
    quietly '0|156' vzctl snapshot 101 --id "$new"
    quietly 0 vzctl snapshot-delete 101 --id "$new"
    same_traces "$clean"
}
step_through delete "$calls" after_delete vzctl snapshot-delete 101 --id "$new"

# ---- snapshot-switch -------------------------------------------------------------------------------------------
before_switch() { # another state, with another configuration
    quietly 0 vzctl mount 101
    rm -f "$own/state"
    echo second >"$own/state"
    quietly 0 vzctl umount 101
    quietly 0 vzctl set 101 --hostname changed --name changed --save
}
after_switch() {
    local state conf
    quietly 0 vzctl mount 101
    state=$(cat "$own/state")
    quietly 0 vzctl umount 101
    conf=$(sed -n 's/^NAME="\(.*\)"/\1/p' /etc/vz/conf/101.conf)
    case $state in
    first) equal_quietly "configuration and files fit" one "$conf" ;;
    second) equal_quietly "configuration and files fit" changed "$conf" ;;
    *) fail "$where: half a state: $state" ;;
    esac
    equal_quietly "the name leads to it" "CTID 101 exist unmounted down" "$(vzctl status "$conf")"
    quietly 0 vzctl snapshot-switch 101 --id "$one"
    same_traces "$switched"
}
before_switch
quietly 0 vzctl snapshot-switch 101 --id "$one"
switched=$(settled_traces)
step_through switch "$calls" after_switch vzctl snapshot-switch 101 --id "$one"
finish
