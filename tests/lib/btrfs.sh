# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests in a sandbox (sandbox.sh): /var/lib/vz on a btrfs file system of its own, in an image that ends with the
# sandbox.

btrfs_here() { [ "$(stat -fc %T /var/lib/vz)" = btrfs ]; }

btrfs_data() { # [SIZE]
    local image=$VZ_SANDBOX/btrfs.img
    btrfs_here && return
    truncate -s "${1:-700M}" "$image"
    mkfs.btrfs -q "$image" >/dev/null || { fail "make a btrfs image"; finish; }
    mount -o loop "$image" /var/lib/vz || skip "cannot mount btrfs from an image here"
    mkdir -p /var/lib/vz/{private,root,template/cache}
    chmod 700 /var/lib/vz/private
}
