#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016,SC2154 # words for another shell; out and err are set by expect
# Clients that speak to OpenVZ: Debian's cluster agent as it is, and the calls and patterns of others, written again
# after what they do (clients/). What they cannot read, we may not print.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
need_programs python3 vzlist
sandbox "$0" "$@"
sandbox_template
# What a host says whose file system has no quotas: these clients set DISKSPACE whatever is there.
sed -i 's/^#\?DISK_QUOTA=.*/DISK_QUOTA="no"/' /etc/vz/vz.conf

readonly template=debian-13-x86_64-minimal
readonly agent=/usr/lib/ocf/resource.d/heartbeat/ManageVE
readonly clients=$VZ_SOURCE_DIR/tests/integration/clients

manage_ve() { # ACTION: with the environment that the cluster gives
    OCF_ROOT=/usr/lib/ocf OCF_RESOURCE_INSTANCE=ve101 OCF_RESOURCE_TYPE=ManageVE OCF_RESKEY_CRM_meta_timeout=75000 \
        HA_RSCTMP=$VZ_TMP HA_LOGFILE=$VZ_TMP/ha.log bash "$agent" "$1"
}

cluster_agent() {
    [ -e "$agent" ] || { echo "no resource-agents here: ManageVE is not tried"; return; }
    # It calls vzctl where the packages put it.
    mkdir -p "$VZ_SANDBOX/tools"
    cp "$(command -v vzctl)" "$VZ_SANDBOX/tools/"
    mount -t overlay -o "lowerdir=$VZ_SANDBOX/tools:/usr/sbin" overlay /usr/sbin
    export OCF_RESKEY_veid=101
    expect 0 manage_ve meta-data
    check "ManageVE: its description" grep -q '<resource-agent name="ManageVE"' <<<"$out"
    expect 7 manage_ve monitor
    expect 0 vzctl create 101 --ostemplate $template
    expect 0 manage_ve validate-all
    expect 7 manage_ve monitor
    expect 0 manage_ve start
    expect 0 manage_ve monitor
    expect 0 manage_ve status
    expect 0 manage_ve start
    expect 0 manage_ve stop
    equal "ManageVE: stopped" "CTID 101 exist unmounted down" "$(vzctl status 101)"
    expect 7 manage_ve monitor
    expect 0 manage_ve stop
    unset OCF_RESKEY_veid
    expect 2 manage_ve monitor
    OCF_RESKEY_veid=web expect 2 manage_ve start
    umount /usr/sbin
    expect 0 vzctl destroy 101
}

cluster_agent
check "libvirt's driver" python3 "$clients/libvirt.py" $template
check "a cloud's driver" python3 "$clients/cloud.py" $template
if command -v ruby >/dev/null; then
    check "a Ruby wrapper" ruby "$clients/wrapper.rb" $template
else
    echo "no ruby here: its wrapper is not tried"
fi
finish
