#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The packages on a clean Debian stable with its own kernel: installed by apt, the life of a container, purge.
# shellcheck disable=SC2154 # out: of harness.sh
set -u
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/machine.bash"

template=debian-13-x86_64-minimal

# What this test asks the machine with more than one line; it lies there as /srv/look.
look_script() {
    cat <<'SCRIPT'
set -eu

# Process 1 of the one container that runs: the namespaces tell, neither a name nor a path.
init() { awk '/^NSpid:/ && NF == 3 && $3 == 1 {print $2}' /proc/[0-9]*/status; }

# The least of the limits that hold for a process, in bytes.
memory_limit() { # PID
    local path limit least=max
    path=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$1/cgroup")
    while [ "$path" != /sys/fs/cgroup ]; do
        limit=$(cat "$path/memory.max")
        [ "$limit" = max ] || { [ "$least" != max ] && [ "$least" -le "$limit" ]; } || least=$limit
        path=${path%/*}
    done
    echo "$least"
}

# All that a container may leave behind, but files. And but the empty groups above all containers and for monitors that
# end: while one container takes them away, another may be about to start in them.
traces() {
    ip -o link | sed -E 's/^[0-9]+: ([^:@]+).*/interface \1/'
    ip -4 route show table all | sed 's/^/route /'
    ip neigh show proxy | sed 's/^/proxy /'
    nft -s list ruleset | grep -F 10.10.0. | sed 's/^/rule /' || true
    sed 's/^/mount /' /proc/self/mounts
    find /sys/fs/cgroup -type d -regex '.*\(lxc\|vz\).*' -not -path '*/system.slice/*' \
        -not -name lxc.pivot -not -path /sys/fs/cgroup/vz -printf 'cgroup %p\n'
    awk '/^NSpid:/ && NF > 2 {print "process", FILENAME}' /proc/[0-9]*/status 2>/dev/null
}

# Each file below the folders with its owner and mode, and its content.
files() { # FOLDER…
    find "$@" -printf '%p %U %G %m %y %l\n' | sort
    find "$@" -type f -exec sha256sum {} + | sort -k 2
}

"$@"
SCRIPT
}

look() { guest bash /srv/look "$@" </dev/null; }

# That apt installed them without an error was seen when the machine was prepared.
check_installed() {
    check "the metapackage is installed" guest 'dpkg -l openvz-support | grep -q "^ii "'
    check "nothing is half installed" guest '! dpkg --audit | grep .'
    expect 0 guest systemctl is-enabled vz.service
    expect 0 guest systemctl is-active vz.service
    check "no unit failed" guest '! systemctl --failed --no-legend | grep .'
    check "the profile is loaded" guest 'grep -qx "lxc-vz (enforce)" /sys/kernel/security/apparmor/profiles'
    expect 0 guest vzkernel check
    check "there is only cgroup v2" guest '! grep -q " - cgroup " /proc/self/mountinfo'
}

create() { # CTID NAME ADDRESS
    must guest vzctl create "$1" --ostemplate "$template" --ipadd "$3" --hostname "$2"
}

start() { # CTID
    must guest vzctl start "$1" --wait --wait-timeout 300
}

name_server() { guest "sed -n 's/^nameserver //p' /etc/resolv.conf"; }

# A name that the machine can look up for certain.
mirror_host() { guest "sed -n 's#^deb [a-z+]*://\([^:/]*\).*#\1#p' /etc/apt/sources.list | head -n 1"; }

check_running_container() {
    local init profile
    expect 0 guest vzctl exec2 101 systemctl is-system-running --wait
    equal "systemd is up in it" running "$out"
    expect 0 guest vzctl exec2 101 hostname
    equal "it has its name" web "$out"
    expect 0 guest ping -c 1 -W 10 10.10.0.2
    expect 0 guest vzctl exec2 101 getent ahosts "$(mirror_host)"
    expect 0 guest vzlist -H -o ctid,status
    check "vzlist has it" grep -qE '^ *101 +running *$' <<<"$out"

    init=$(look init)
    check "there is one container" grep -qxE '[0-9]+' <<<"$init"
    profile=$(guest cat "/proc/$init/attr/current")
    check "AppArmor confines it" grep -qE '^lxc-[^ ]+ \(enforce\)$' <<<"$profile"
    check_confinement
    check_not "its root is not the machine's" grep -qE '^ *0 +0 ' <<<"$(guest cat "/proc/$init/uid_map")"
    equal "its memory is limited" $((256 << 20)) "$(look memory_limit "$init")"
    expect 0 guest vzctl set 101 --ram 300M --save
    equal "the limit follows at once" $((300 << 20)) "$(look memory_limit "$init")"
}

# systemd limits and confines its services as anywhere, and the host's kernel stays out of reach.
check_confinement() {
    local file
    expect 0 guest "vzctl exec2 101 systemd-run -q --wait -p MemoryMax=50M -p PrivateTmp=yes -p PrivateDevices=yes \
        -p ProtectSystem=strict -p ProtectKernelTunables=yes -p NoNewPrivileges=yes true"
    check "the log tells of AppArmor" guest 'journalctl -q -k -n 1 --grep "apparmor=.STATUS.*lxc-vz"'
    check "AppArmor has refused nothing" guest '! journalctl -q -k --grep "apparmor=.DENIED"'
    for file in /proc/sysrq-trigger /proc/sys/kernel/core_pattern /proc/sys/vm/drop_caches; do
        check_not "it cannot write to $file" guest "vzctl exec2 101 'echo 1 >$file' 2>/dev/null"
    done
    check_not "it cannot read the kernel's memory" guest "vzctl exec2 101 'head -c 1 /proc/kcore' 2>/dev/null"
}

# The timer is off until somebody wants it; what it starts makes a backup of what there is.
check_nightly_backup() {
    check_not "no timer runs that nobody asked for" guest systemctl is-enabled --quiet vz-backup.timer
    expect 0 guest systemctl enable --now vz-backup.timer
    expect 0 guest systemctl start vz-backup.service
    expect 0 guest vzbackup list 101 -Ho id,mode
    check "there is a backup of this night" grep -qE '^ *vzbackup-101-.* suspend *$' <<<"$out"
    expect 0 guest systemctl disable --now vz-backup.timer
    must guest vzbackup remove 101
}

check_life_of_a_container() {
    local before
    before=$(look traces)
    create 101 web 10.10.0.2
    expect 0 guest vzctl set 101 --ram 256M --nameserver "$(name_server)" --save
    start 101
    check_running_container
    check_nightly_backup
    expect 32 guest vzctl destroy 101
    must guest vzctl stop 101
    equal "stopping leaves nothing" "$before" "$(look traces)"
    must guest vzctl destroy 101
    expect 0 guest vzctl status 101
    equal "it is gone" "CTID 101 deleted unmounted down" "$out"
    check "so is its private area" guest test ! -e /var/lib/vz/private/101
    check "and where it was mounted" guest test ! -e /var/lib/vz/root/101
    check "and its configuration" guest test ! -e /etc/vz/conf/101.conf
    check "but that is kept aside" guest test -e /etc/vz/conf/101.conf.destroyed
}

# One container is stopped, its files must stay as they are; one runs, it is stopped and keeps what it wrote.
check_purge() {
    local files="bash /srv/look files /var/lib/vz/private/102 /var/lib/vz/template /etc/vz/conf/102.conf"
    create 102 rest 10.10.0.3
    create 103 work 10.10.0.4
    must guest "$files >/srv/files.before"
    start 103
    expect 0 guest "vzctl exec2 103 'echo kept >/root/kept; sync'"
    must guest 'DEBIAN_FRONTEND=noninteractive apt-get purge -y -q openvz-support "vz-*"'
    equal "no container runs" "" "$(look init)"
    expect 0 guest "$files >/srv/files.after"
    check "a container's files are untouched" guest diff -u /srv/files.before /srv/files.after
    equal "what a running one wrote is there" kept \
        "$(guest find /var/lib/vz/private/103 -name kept -exec cat '{}' +)"
    check "its configuration too" guest test -e /etc/vz/conf/103.conf
    check "no control group stays" guest '! find /sys/fs/cgroup -name "lxc.*" -o -path /sys/fs/cgroup/vz | grep .'
    check "no rules stay" guest '! nft list table inet vz 2>/dev/null'
    check "no unit stays" guest '! systemctl cat vz.service 2>/dev/null'
    check "no unit failed" guest '! systemctl --failed --no-legend | grep .'
}

main() {
    start_machine_with_packages
    look_script | guest 'cat >/srv/look'
    check_installed
    check_life_of_a_container
    check_purge
    finish
}

main
