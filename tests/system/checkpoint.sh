#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Suspend and resume with CRIU, on a Debian 13 with the installed packages: tests/system/inside/checkpoint.sh does it.
# shellcheck disable=SC2154 # out: of harness.sh
set -u
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/machine.bash"

main() {
    start_machine_with_packages
    must guest mkdir -p /srv/source/tests/lib /srv/source/tests/system
    must copy_to_guest "$VZ_SOURCE_DIR"/tests/lib/{harness,tiny_template}.sh "$VZ_SOURCE_DIR/tests/lib/run-script" /srv/source/tests/lib
    must copy_to_guest "$VZ_SOURCE_DIR/tests/system/inside" /srv/source/tests/system
    expect 0 guest env VZ_SOURCE_DIR=/srv/source VZ_TOOL_PATH=/usr/libexec/vz \
        bash /srv/source/tests/lib/run-script /srv/source/tests/system/inside/checkpoint.sh
    grep -v '^ok: ' <<<"$out"
    finish
}

main
