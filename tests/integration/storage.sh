#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Layouts and disk limits as an administrator meets them: create, limit, convert and destroy on each layout that this
# machine can have. btrfs is on an image of its own; lvm is for tests/system.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
. "$VZ_SOURCE_DIR/tests/lib/tiny_template.sh"
. "$VZ_SOURCE_DIR/tests/lib/btrfs.sh"
need_programs mkfs.btrfs btrfs jq setcap setfattr setfacl setpriv
sandbox "$0" "$@"

in_files() { # COMMAND…: in the mounted root of 101
    quiet vzctl mount 101
    (cd /var/lib/vz/root/101 && "$@")
    local status=$?
    quiet vzctl umount 101
    return "$status"
}
quiet() { "$@" >/dev/null 2>"$VZ_TMP/err" || fail "$*: $(cat "$VZ_TMP/err")"; }
conf() { sed -n "s/^$1=\"\(.*\)\"/\1/p" /etc/vz/conf/101.conf; }
# All that makes up the files of a container, with the owners that it sees.
listing() {
    # shellcheck disable=SC2016
    in_files sh -c 'find . -mindepth 1 -printf "%P %y %m %U:%G %l %T@ " -a \( -type f -exec sh -c "md5sum <\"\$0\" | cut -c-32" {} \; -o -printf "\n" \) | sort
        find . -mindepth 1 | sort | xargs -d "\n" getfattr -h -d -m "user|security|posix_acl" 2>/dev/null'
}
# On layout btrfs, where files lie with the owners that the container sees.
change_files() {
    (
        cd /var/lib/vz/private/101/fs || exit
        rm -r var
        mkdir -p srv/data home/a/b
        echo new >srv/data/file
        ln srv/data/file srv/data/same
        ln -s /etc/passwd srv/link
        mkfifo srv/fifo
        truncate -s 5M srv/holes
        cp bin/cat srv/capable
        echo changed >>etc/hosts
        chown 1000:50 home/a
        setcap cap_net_raw+ep srv/capable
        setfattr -n user.note -v kept srv/data/file
        setfacl -m u:1000:rwx srv/data
        chmod 4755 srv/capable
    )
}
# As the container's own root: others cannot make files there.
put() { # MB FILE
    setpriv --reuid "$(conf LOCAL_UID)" --regid "$(conf LOCAL_GID)" --clear-groups \
        dd if=/dev/urandom of="$2" bs=1M count="$1" status=none
}

tiny_template tiny

# ---- a file system without quotas: one warning, or one error -----------------------------------------------------
if ! btrfs_here; then
    expect 0 vzctl create 101 --ostemplate tiny --layout dir --config vswap-256m
    check "a sample's limit is warned of once" [ "$(grep -c 'no project quotas' <<<"$err")" = 1 ]
    check "what to do is said" grep -q -e "tune2fs -O project,quota" -e prjquota -e "use ext4, xfs or btrfs" <<<"$err"
    before=$(cat /etc/vz/conf/101.conf)
    expect 62 vzctl set 101 --diskspace 1G --save
    equal "the container stays as it was" "$before" "$(cat /etc/vz/conf/101.conf)"
    expect 62 vzctl create 102 --ostemplate tiny --diskspace 1G
    check_not "nothing of it is left" ls -d /etc/vz/conf/102.conf /var/lib/vz/private/102*
    expect 0 vzctl set 101 --diskquota no --diskspace 1G --save
    check "DISK_QUOTA=no is said" grep -q "DISK_QUOTA=no" <<<"$err"
    expect 60 vzctl quotaon 101
    expect 66 vzctl quotaoff 101
    expect 61 vzctl quotainit 101
    equal "nobody counts" "-" "$(vzlist -H -o diskspace 101 | tr -d ' ')"
    equal "in JSON neither" null "$(vzlist -j -o diskspace 101 | jq '.[0].diskspace.usage')"
    expect 0 vzctl destroy 101
    expect 53 vzctl create 101 --ostemplate tiny --layout btrfs
    check "btrfs says what it needs" grep -q "needs VE_PRIVATE on a btrfs file system" <<<"$err"
    check_not "nothing of it is left" ls -d /etc/vz/conf/101.conf /var/lib/vz/private/101*
fi
expect 53 vzctl create 101 --ostemplate tiny --layout lvm
check "lvm says what it needs" grep -q "VE_VOLUME_GROUP" <<<"$err"
expect 53 vzctl create 101 --ostemplate tiny --layout lvmthin
expect 21 vzctl create 101 --ostemplate tiny --layout floppy
check "the known layouts are named" grep -q "dir, overlay, btrfs, lvm, lvmthin" <<<"$err"

# ---- all layouts on btrfs -----------------------------------------------------------------------------------------
btrfs_data 700M
tiny_template tiny
clean=$(find /var/lib/vz/private -mindepth 1 | sort)
for layout in dir overlay btrfs simfs; do
    expect 0 vzctl create 101 --ostemplate tiny --layout "$layout" --config vswap-256m
    equal "its layout is written down" "${layout/simfs/dir}" "$(conf VE_LAYOUT)"
    expect 0 vzctl mount 101
    check "it has its files" [ -x /var/lib/vz/root/101/bin/sh ]
    expect 0 vzctl set 101 --diskspace 20M --save
    check_not "32: $layout: more than DISKSPACE is refused" put 30 /var/lib/vz/root/101/big
    rm /var/lib/vz/root/101/big
    expect 0 vzctl set 101 --diskspace 60M --save
    check "32: $layout: the limit grows in use" put 30 /var/lib/vz/root/101/big
    sync -f /var/lib/vz/root/101
    used=$(vzlist -H -o diskspace 101 | tr -d ' ')
    check "$layout: vzlist shows what is used (${used} KiB)" [ "$used" -ge $((30 << 10)) -a "$used" -le $((45 << 10)) ]
    equal "$layout: btrfs counts no files" "- 61440" "$(vzlist -H -o diskinodes,diskspace.h 101 | xargs)"
    expect 62 vzctl set 101 --diskinodes 5000 --save
    check "btrfs has no limit of files" grep -q "no limit of files" <<<"$err"
    expect 0 vzctl quotaoff 101
    check "$layout: lifted" put 70 /var/lib/vz/root/101/big
    rm /var/lib/vz/root/101/big
    expect 0 vzctl umount 101
    # btrfs counts what was removed when it gets round to it.
    for _ in {1..50}; do
        sync -f /var/lib/vz
        used=$(vzlist -j -o diskspace 101 | jq '.[0].diskspace.usage')
        [ "$used" -lt $((30 << 10)) ] && break
        sleep 0.2
    done
    check "$layout: less in JSON, and of a stopped one (${used} KiB)" [ "$used" -lt $((30 << 10)) ]
    expect 0 vzctl destroy 101
    equal "nothing is left" "$clean" "$(find /var/lib/vz/private -mindepth 1 ! -path '*/.templates*' | sort)"
done

# ---- ploop means what the host has ---------------------------------------------------------------------------------
expect 0 vzctl create 101 --ostemplate tiny --layout ploop:expanded
equal "on btrfs it is btrfs" btrfs "$(conf VE_LAYOUT)"
expect 0 vzctl start 101
check "it runs" vzctl exec 101 true
expect 32 vzctl convert 101 --layout dir
expect 0 vzctl stop 101

# ---- convert --------------------------------------------------------------------------------------------------------
change_files
wanted=$(listing)
expect 20 vzctl convert 101
expect 21 vzctl convert 101 --layout floppy
expect 0 vzctl convert 101 --layout btrfs
check "the same layout is no work" grep -q "already" <<<"$out"
expect 0 vzctl mount 101
expect 41 vzctl convert 101 --layout dir
expect 41 vzctl convert 101 --layout dir --dry-run
expect 0 vzctl umount 101
expect 53 vzctl convert 101 --layout lvm --dry-run
expect 0 vzctl convert 101 --layout btrfs --dry-run
check "--dry-run: no work is no work" grep -q "already" <<<"$out"
before=$(cat /etc/vz/conf/101.conf)
for layout in dir overlay; do
    expect 0 vzctl convert 101 --layout "$layout" --dry-run
    equal "--dry-run: what would be done" "would convert /var/lib/vz/private/101 from layout btrfs to $layout" "$out"
    equal "--dry-run: the configuration is as it was" "$before" "$(cat /etc/vz/conf/101.conf)"
    equal "--dry-run: and the files" "$wanted" "$(listing)"
    equal "--dry-run: nothing is left over" "" "$(ls -d /var/lib/vz/private/101.* /var/lib/vz/pending/* 2>/dev/null)"
done
for layout in dir overlay btrfs overlay dir btrfs; do
    expect 0 vzctl convert 101 --layout "$layout"
    equal "$layout is written down" "$layout" "$(conf VE_LAYOUT)"
    equal "#2056: $layout: nothing is lost, nor ACLs and attributes" "$wanted" "$(listing)"
    equal "nothing is left over" "" "$(ls -d /var/lib/vz/private/101.* 2>/dev/null)"
    [ "$layout" != overlay ] || check_not "what is the template's stays shared" [ -e /var/lib/vz/private/101/upper/bin/sh ]
done
expect 0 vzctl start 101
check "it still runs" vzctl exec 101 true
expect 0 vzctl stop 101
expect 0 vzctl set 101 --diskspace 10M --save
expect 0 vzctl convert 101 --layout overlay
expect 0 vzctl mount 101
check_not "limits are kept" put 30 /var/lib/vz/root/101/big
expect 0 vzctl umount 101
expect 0 vzctl destroy 101

# ---- no room ---------------------------------------------------------------------------------------------------------
mkdir /var/lib/vz/small
truncate -s 30M "$VZ_SANDBOX/ext4.img"
mkfs.ext4 -q "$VZ_SANDBOX/ext4.img"
mount -o loop "$VZ_SANDBOX/ext4.img" /var/lib/vz/small
sed -i 's|^VE_PRIVATE=.*|VE_PRIVATE="/var/lib/vz/small/$VEID"|' /etc/vz/vz.conf
expect 0 vzctl create 101 --ostemplate tiny --layout overlay --diskquota no
in_files put 14 big
wanted=$(listing)
before=$(cat /etc/vz/conf/101.conf)
expect 46 vzctl convert 101 --layout dir
equal "a copy that does not fit: the container is the old one" "$before" "$(cat /etc/vz/conf/101.conf)"
equal "with all its files" "$wanted" "$(listing)"
equal "and nothing else" "/var/lib/vz/small/101" "$(ls -d /var/lib/vz/small/101*)"
expect 0 vzctl destroy 101
finish
