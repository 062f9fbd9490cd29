#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# create, set and destroy killed at every call that changes something: the next command works without any repair, nothing
# half-made is to be seen, and after a normal cycle nothing of the killed command is left on the host.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
. "$VZ_SOURCE_DIR/tests/lib/tiny_template.sh"
. "$VZ_SOURCE_DIR/tests/lib/chaos.sh"
need_programs strace
sandbox "$0" "$@"

# ---- create ----------------------------------------------------------------------------------------------------
layout=overlay
create_overlay=(vzctl create 101 --ostemplate tiny --layout overlay --hostname one --name one --ipadd 10.10.0.1)
create_dir=("${create_overlay[@]/overlay/dir}")
create() { if [ "$layout" = dir ]; then "${create_dir[@]}"; else "${create_overlay[@]}"; fi; }
after_create() {
    nothing_half
    # Half of the time somebody else's command comes first.
    if [ $((${n:-0} % 2)) -eq 0 ]; then
        quietly 0 vzctl create 102 --ostemplate tiny --layout overlay --name two --ipadd 10.10.0.2
        nothing_half
        quietly 0 vzctl destroy 102
    fi
    local wanted=0
    [[ $(status_of) != exist* ]] || wanted=44
    quietly "$wanted" "${create_overlay[@]/overlay/$layout}"
    equal_quietly "the first id range is free again" 'LOCAL_UID="1006632960"' "$(grep LOCAL_UID /etc/vz/conf/101.conf)"
    equal_quietly "its name leads to it" "CTID 101 exist unmounted down" "$(vzctl status one)"
    quietly 0 vzctl mount 101
    check_quietly "a program is missing" [ -x /var/lib/vz/root/101/bin/sh ]
    quietly 0 vzctl umount 101
    quietly 0 vzctl destroy 101
    same_traces "$clean"
}

tiny_template tiny
for verb in start stop destroy; do
    [ "$verb" != start ] || expect 0 "${create_overlay[@]}"
    expect 0 vzctl "$verb" 101
done
clean=$(settled_traces)

# The work is done by a child, and what unpacks is a child of that; each call is reached by the first that makes it.
STRACE=-f step_through create_overlay "$chaos_calls" after_create "${create_overlay[@]}"
# The process that watches over the work, alone.
step_through create_overlay "$chaos_calls" after_create "${create_overlay[@]}"
layout=dir
EVERY=9 STRACE=-f step_through create_dir "$chaos_calls" after_create "${create_dir[@]}"
layout=overlay

# ---- the template's tree, which the first container makes -------------------------------------------------------
before_first_create() { rm -rf --one-file-system /var/lib/vz/template/tree; }
STRACE=-f step_through first_create rename,unlink,unlinkat,fsync,mkdir,mkdirat,chmod,wait4 after_create "${create_overlay[@]}"
unset -f before_first_create

# ---- set --save ------------------------------------------------------------------------------------------------
after_set() {
    local conf
    conf=$(sed 's/=.*//' /etc/vz/conf/101.conf | sort | uniq -d)
    equal_quietly "no key twice" "" "$conf"
    equal_quietly "old or new, not between" 1 \
        "$(grep -c -e "$old_hostname" -e 'HOSTNAME="changed"' /etc/vz/conf/101.conf)"
    quietly 0 vzctl status 101
    quietly 0 vzctl set 101 --ipadd 10.10.0.9 --name changed --hostname changed --save
    equal_quietly "the name leads to it" "CTID 101 exist" "$(vzctl status changed | cut -d' ' -f1-3)"
    quietly 0 vzctl set 101 --ipdel 10.10.0.9 --name one --hostname one --save
    equal_quietly "the configuration is the old one" "$old_conf" "$(cat /etc/vz/conf/101.conf)"
    same_traces "$before_set"
}
create >/dev/null
old_hostname='HOSTNAME="one"'
old_conf=$(cat /etc/vz/conf/101.conf)
before_set=$(settled_traces)
change=(vzctl set 101 --ipadd 10.10.0.9 --name changed --hostname changed --save)
step_through set_stopped "$chaos_calls" after_set "${change[@]}"

vzctl --quiet start 101
before_set=$(settled_traces)
step_through set_running "$chaos_calls" after_set "${change[@]}"
STRACE=-f step_through set_running "$chaos_files" after_set "${change[@]}"

after_password() { quietly 0 vzctl set 101 --userpasswd root:secret; }
step_through password "$chaos_calls" after_password vzctl set 101 --userpasswd root:new
equal "no password is left in the files" "" "$(grep -rl secret /etc/vz /run/vz /var/log/vz)"
vzctl --quiet stop 101

# ---- destroy ---------------------------------------------------------------------------------------------------
vzctl --quiet destroy 101
before_destroy() { create >/dev/null; }
after_destroy() {
    nothing_half
    quietly 0 vzctl create 102 --ostemplate tiny
    quietly 0 vzctl destroy 102
    if [[ $(status_of) == exist* ]]; then quietly 0 vzctl destroy 101; else quietly 14 vzctl destroy 101; fi
    # Its id can be used again.
    quietly 0 "${create_overlay[@]}"
    quietly 0 vzctl destroy 101
    same_traces "$clean"
}
step_through destroy "$chaos_calls" after_destroy vzctl destroy 101
finish
