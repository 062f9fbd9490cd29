#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016,SC2154 # words for a shell inside; out and err are set by expect
# vzrestore: what vzbackup kept comes back as it was, here and elsewhere, whole or not at all.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
. "$VZ_SOURCE_DIR/tests/lib/backup_tree.sh"
sandbox "$0" "$@"
sandbox_template

depot=/var/lib/vz/dump

key() { sed -n "s/^$2=\"\?\([^\"]*\)\"\?/\1/p" "/etc/vz/conf/$1.conf"; }

elsewhere() {
    expect 0 vzrestore 101 201
    equal "prints the id" 201 "$out"
    equal "all is as it was" "$was" "$(tree_of 201)"
    check "under ids of its own" test "$(key 101 LOCAL_UID)" != "$(key 201 LOCAL_UID)"
    check "and a UUID of its own" test "$(key 101 VE_UUID)" != "$(key 201 VE_UUID)"
    check "the address that the first one has is not given twice" grep -q "belongs to container 101" <<<"$err"
    equal "its action script comes with it" "#!/bin/sh" "$(head -1 /etc/vz/conf/201.mount)"
    expect 82 vzrestore 101 201
    check "says how to replace it" grep -q -- --force <<<"$err"
    expect 0 vzrestore 101 202 --layout dir --hostname other --no-scripts
    equal "in layout dir too" "$was" "$(tree_of 202)"
    equal "with what is given anew" other "$(key 202 HOSTNAME)"
    check_not "without scripts" test -e /etc/vz/conf/202.mount
    expect 0 vzctl start 202
    local srv=/var/lib/vz/root/202/srv
    check "ACLs are there" grep -q "^user:$(($(stat -c %u $srv) + 33)):rw-" <(getfacl -cnp $srv/empty)
    check "and file capabilities" grep -q cap_net_raw <(getcap -n $srv/cap)
    expect 0 vzctl stop 202 --fast
    expect 0 vzctl destroy 202
}

in_place() {
    expect 0 vzctl start 201
    expect 32 vzrestore 101 201 --force
    expect 0 vzctl exec2 201 'rm /srv/large; echo new >/srv/new'
    expect 0 vzctl stop 201 --fast
    expect 0 vzrestore 101 201 --force
    equal "--force: as it was" "$was" "$(tree_of 201)"
    check_not "nothing is left of the old one" test -e /var/lib/vz/private/201.convert
    check_not "and no work is pending" test -e /var/lib/vz/pending/201
    expect 0 vzctl destroy 201
    expect 0 vzctl destroy 101
    expect 0 vzrestore 101
    equal "after it was destroyed, with its name" web "$(key 101 NAME)"
    equal "its address" 10.77.0.5 "$(key 101 IP_ADDRESS)"
    equal "and all its files" "$was" "$(tree_of 101)"
    expect 0 vzctl start 101
    expect 0 vzctl exec2 101 'cat /srv/deep/er/file'
    equal "it works" one "$out"
    expect 0 vzctl stop 101 --fast
}

some_files() {
    expect 0 vzrestore 101 --path /srv/deep --path srv/link --to "$VZ_TMP/files"
    expect 0 vzctl mount 101
    equal "its hard links are there" 2 "$(stat -c %h /var/lib/vz/root/101/srv/link)"
    expect 0 vzctl umount 101
    equal "one file" one "$(cat "$VZ_TMP/files/srv/deep/er/file")"
    equal "hard links among them stay" 2 "$(stat -c %h "$VZ_TMP/files/srv/link")"
    equal "nothing else" "deep link " "$(find "$VZ_TMP/files/srv" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort | tr '\n' ' ')"
    check "nobody else gets there" test "$(stat -c %a "$VZ_TMP/files")" = 700
    expect 1 vzrestore 101 --path srv/deep --to "$VZ_TMP/files"
    expect 21 vzrestore 101 --path srv/none --to "$VZ_TMP/none"
    vzrestore 101 --path srv --to - | tar -C "$VZ_TMP" --numeric-owner --xattrs --xattrs-include='*' -xp
    check "as tar" cmp /var/lib/vz/private/101/upper/srv/large "$VZ_TMP/srv/large"
}

damaged() {
    local archive byte size found=0
    archive=$(find "$depot" -name 'vzbackup-101-*.tar.zst')
    size=$(stat -c %s "$archive")
    cp "$archive" "$VZ_TMP/kept"
    for byte in 10 $((size / 3)) $((size / 2)) $((size - 4)); do
        printf '\x5a' | dd of="$archive" bs=1 seek=$byte conv=notrunc 2>/dev/null
        vzrestore 101 205 2>"$VZ_TMP/err" || grep -q "$(basename "$archive") is damaged" "$VZ_TMP/err" && found=$((found + 1))
        cp "$VZ_TMP/kept" "$archive"
    done
    equal "a byte that is another is found" 4 $found
    check_not "and nothing is left" ls -d /etc/vz/conf/205.conf /var/lib/vz/private/205*
    rm "$archive"
    expect 1 vzrestore 101 205
    check "a missing part is named" grep -q "$(basename "$archive") is missing" <<<"$err"
    cp "$VZ_TMP/kept" "$archive"
}

killed() {
    local n bad=0
    for n in 0.02 0.05 0.1 0.2 0.3 0.5; do
        timeout -s KILL "$n" vzrestore 101 206 >/dev/null 2>&1
        [ ! -e /etc/vz/conf/206.conf ] || vzctl mount 206 >/dev/null || bad=1
        vzctl umount 206 >/dev/null 2>&1
        vzctl destroy 206 >/dev/null 2>&1
    done
    equal "killed at any time, it is there as a whole or not at all" 0 $bad
    expect 0 vzrestore 101 206
    expect 0 vzctl destroy 206
    check_not "and nothing of it stays" ls -d /var/lib/vz/private/206* 2>/dev/null
    timeout -s TERM 0.15 vzrestore 101 207 >/dev/null 2>&1
    check_not "a signal takes everything back" ls -d /var/lib/vz/private/207* 2>/dev/null
}

template_gone() {
    local name
    name=$(key 101 OSTEMPLATE)
    expect 0 vzctl destroy 101
    expect 0 vztemplate remove "$name"
    expect 0 vzrestore 101
    check "the template is imported from beside the backup" test -e "/var/lib/vz/template/cache/$name.json"
    equal "and all is as it was" "$was" "$(tree_of 101)"
}

plain_archives() {
    local root=$VZ_TMP/plain
    mkdir -p "$root/etc/vzdump"
    zstdcat $depot/template-*.tar.zst | tar -C "$root" --numeric-owner -xp
    printf 'hostname: pve\nmemory: 512\nswap: 256\ncores: 2\nonboot: 1\nnet0: name=eth0,bridge=vmbr0,ip=10.77.0.9/24,gw=10.77.0.1\nmp0: /x,mp=/y\n' >"$root/etc/vzdump/pct.conf"
    tar -C "$root" -cf - ./etc/vzdump/pct.conf --exclude=./etc/vzdump/pct.conf . | zstd -q >"$depot/vzdump-lxc-301-2026_01_31-23_15_00.tar.zst"
    expect 0 vzrestore "$depot/vzdump-lxc-301-2026_01_31-23_15_00.tar.zst"
    equal "of Proxmox" "301 pve 0:131072 2 10.77.0.9" "$out $(key 301 HOSTNAME) $(key 301 PHYSPAGES) $(key 301 CPUS) $(key 301 IP_ADDRESS)"
    check "says what does not come with it" grep -q "mp0" <<<"$err"
    expect 0 vzctl start 301
    expect 0 vzctl exec2 301 'test ! -e /etc/vzdump'
    expect 0 vzctl stop 301 --fast
    rm "$root/etc/vzdump/pct.conf"
    printf 'HOSTNAME="ovz"\nVE_PRIVATE="/vz/private/302"\nPHYSPAGES="0:65536"\nIP_ADDRESS="10.77.0.10"\nOSTEMPLATE="debian"\n' >"$root/etc/vzdump/vps.conf"
    printf '#!/bin/sh\n' >"$root/etc/vzdump/vps.mount"
    tar -C "$root" -czf "$depot/vzdump-openvz-302-2010_01_31-23_15_00.tgz" .
    expect 0 vzrestore vzdump-openvz-302-2010_01_31-23_15_00.tgz
    equal "of OpenVZ" "302 ovz 0:65536 /var/lib/vz/private/302" "$out $(key 302 HOSTNAME) $(key 302 PHYSPAGES) $(key 302 VE_PRIVATE | sed 's/\$VEID/302/')"
    check "with its script" test -e /etc/vz/conf/302.mount
    check_not "without vzdump's files" test -e /var/lib/vz/private/302/etc/vzdump
    expect 0 vzctl destroy 301
    expect 0 vzctl destroy 302
}

expect 0 vzctl create 101 --hostname web --name web --ipadd 10.77.0.5
printf '#!/bin/sh\nexit 0\n' >/etc/vz/conf/101.mount && chmod 755 /etc/vz/conf/101.mount
expect 0 vzctl start 101
many_kinds
expect 0 vzctl stop 101 --fast
mknod /var/lib/vz/private/101/upper/srv/node c 1 3 && chown --reference=/var/lib/vz/private/101/upper/srv /var/lib/vz/private/101/upper/srv/node
expect 0 vzbackup 101
was=$(tree_of 101)
elsewhere
in_place
some_files
damaged
killed
template_gone
plain_archives
expect 0 vzctl destroy 101
finish
