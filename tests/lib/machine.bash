# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154 # failures: of harness.sh
# For system tests: virtual machines (tests/system/vm) that end with the test, and commands in them.
#
#   . "$VZ_SOURCE_DIR/tests/lib/harness.sh"
#   . "$VZ_SOURCE_DIR/tests/lib/machine.bash"
#   start_machine_with_packages         # Debian 13, our packages installed, debian-13-x86_64-minimal imported
#   must guest vzctl create 101 --ostemplate debian-13-x86_64-minimal
#   expect 0 guest vzctl start 101 --wait
#   device=$(guest_disk 4G)             # a new empty disk, /dev/vdb, then vdc …: four at most
#   must guest "mkfs.ext4 -q -O quota,project $device"
#   reboot_guest                        # most of a minute; reset_guest: without a shutdown
#   finish
#
# Each start takes seconds, for the machine goes on from a saved state; what a test does in it is gone afterwards. The
# first test of a run prepares that state (tests/system/prepare): minutes with an empty cache, then until sources change.
# In the machine there are LVM with thin volumes, quota, e2fsprogs, xfsprogs, btrfs-progs, criu and rsync; its kernel
# is Debian's, with device-mapper, btrfs, xfs, overlay, quotas, AppArmor and only cgroup v2. It has 16 GiB of disk and
# 2 GiB of memory. Commands go through ssh: words are joined with blanks and a shell takes them apart again.
#
# A second machine has a name, and a cable to the first from its eth1 to that one's eth1, which are up and have no
# addresses:
#   start_another_machine_with_packages b
#   join_machines "" b
#   expect 0 guest_of b ip addr add 10.77.0.2/24 dev eth1

vm=$VZ_SOURCE_DIR/tests/system/vm
machines=()

start_machine() { start_another_machine ""; } # a clean one

start_machine_with_packages() { start_another_machine_with_packages ""; }

start_another_machine() { # NAME
    start_from "$1" ""
}

start_another_machine_with_packages() { # NAME
    local saved status=0
    saved=$("$VZ_SOURCE_DIR/tests/system/prepare" 2>"$VZ_TMP/prepare") || status=$?
    cat "$VZ_TMP/prepare" >&2
    skip_or_fail "$status" "$VZ_TMP/prepare" "prepare a machine"
    start_from "$1" "$saved"
}

start_from() { # NAME SAVED
    local status=0
    [ "${#machines[@]}" -gt 0 ] || { end_orphans && trap end_machines EXIT; }
    machines+=("$(machine_name "$1")")
    "$vm" start "$(machine_name "$1")" "$2" >/dev/null 2>"$VZ_TMP/vm" || status=$?
    skip_or_fail "$status" "$VZ_TMP/vm" "start a virtual machine"
}

skip_or_fail() { # STATUS LOG WHAT
    [ "$1" -ne 77 ] || skip "$(tail -n 1 "$2")"
    [ "$1" -eq 0 ] || { cat "$2" >&2 && fail "$3"; finish; }
}

machine_name() { # [NAME]
    echo "test-$$${1:+-$1}"
}

# Machines of tests that were killed.
end_orphans() {
    local name pid _
    "$vm" list | while read -r name _; do
        pid=${name#test-}
        [[ $name != test-* ]] || kill -0 "${pid%%-*}" 2>/dev/null || "$vm" stop "$name"
    done
}

end_machines() {
    local name
    for name in "${machines[@]}"; do
        "$vm" stop "$name" 2>/dev/null
    done
}

guest() { guest_of "" "$@"; }

guest_of() { # NAME COMMAND…
    "$vm" ssh "$(machine_name "$1")" "${@:2}"
}

copy_to_guest() { # SOURCE… DESTINATION
    "$vm" copy "$(machine_name)" "$@"
}

guest_disk() { # SIZE [NAME]: prints the name of the new device
    "$vm" disk "$(machine_name "${2:-}")" "$1"
}

join_machines() { # NAME NAME
    "$vm" join "$(machine_name "$1")" "$(machine_name "$2")"
}

must() { # COMMAND…: without this the rest of the test says nothing
    local before=$failures
    expect 0 "$@"
    [ "$failures" -eq "$before" ] || finish
}

# Both end when ssh works again; services may still be starting.
reboot_guest() { come_back_after guest systemctl reboot; }

reset_guest() { come_back_after "$vm" reset "$(machine_name)"; }

come_back_after() { # COMMAND…
    local before
    before=$(guest cat /proc/sys/kernel/random/boot_id)
    "$@" </dev/null >/dev/null 2>&1
    wait_for 600 guest_has_rebooted "$before" || { fail "the machine comes back" && finish; }
}

guest_has_rebooted() { # BOOT-ID
    local now
    now=$(guest cat /proc/sys/kernel/random/boot_id 2>/dev/null </dev/null) && [ -n "$now" ] && [ "$now" != "$1" ]
}

wait_for() { # SECONDS COMMAND…: until the command succeeds
    local limit=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$limit" ] || return 1
        sleep 1
    done
}
