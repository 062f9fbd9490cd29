# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154 # failures: of harness.sh
# For system tests: one virtual machine that ends with the test, and commands in it. Use after harness.sh:
#   . "$VZ_SOURCE_DIR/tests/lib/machine.bash"
#   start_machine
#   expect 0 guest systemctl is-system-running

vm=$VZ_SOURCE_DIR/tests/system/vm
machine=test-$$

start_machine() {
    local status=0
    end_orphans
    trap end_machine EXIT
    "$vm" start "$machine" >/dev/null 2>"$VZ_TMP/vm" || status=$?
    [ "$status" -ne 77 ] || skip "$(tail -n 1 "$VZ_TMP/vm")"
    [ "$status" -eq 0 ] || { cat "$VZ_TMP/vm" >&2 && fail "start a virtual machine" && finish; }
}

# Machines of tests that were killed.
end_orphans() {
    local name _
    "$vm" list | while read -r name _; do
        [[ $name != test-* ]] || kill -0 "${name#test-}" 2>/dev/null || "$vm" stop "$name"
    done
}

end_machine() { "$vm" stop "$machine" 2>/dev/null; }

guest() { "$vm" ssh "$machine" "$@"; }

copy_to_guest() { "$vm" copy "$machine" "$@"; }

must() { # COMMAND…: without this the rest of the test says nothing
    local before=$failures
    expect 0 "$@"
    [ "$failures" -eq "$before" ] || finish
}
