#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The packages in a fresh tree of this Debian release: installed, upgraded, removed and purged. Containers survive all
# of it; without containers, the tree is afterwards as it was before.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/scripts/packages.bash"
need_root
need_programs mmdebstrap dpkg-buildpackage unshare
cache=${VZ_CACHE_DIR:-$VZ_BUILD_DIR}
debs=$cache/packages
tree=$VZ_TMP/tree

dependencies_of_packages() {
    local deb
    for deb in "$debs"/*.deb; do dpkg-deb -f "$deb" Depends; done | tr ',' '\n' |
        sed 's/|.*//; s/(.*//; s/ //g' | grep -v -e '^vz-' -e '^$' | sort -u
}

make_base() {
    local wanted key
    wanted="systemd logrotate $(dependencies_of_packages | tr '\n' ' ')"
    key=$(echo "$wanted $(. /etc/os-release && echo "$VERSION_CODENAME")" | sha256sum | cut -c 1-16)
    base=$cache/base-$key.tar
    [ -e "$base" ] && return
    rm -f "$cache"/base-*.tar
    mmdebstrap --quiet --variant=minbase --aptopt='APT::Install-Recommends "false"' --include="$wanted" \
        "$(. /etc/os-release && echo "$VERSION_CODENAME")" "${base%.tar}.new.tar" && mv "${base%.tar}.new.tar" "$base"
}

inside() { # COMMAND…: in the tree, as root of it; rules and limits of this machine's kernel are out of reach
    unshare --mount --pid --net --fork --propagation private bash -euc '
        mount -t proc proc "$1/proc"; mount --bind "$1/proc/sys" "$1/proc/sys"
        mount -o remount,bind,ro "$1/proc/sys"; mount --bind "$2" "$1/mnt"; shift; root=$0; shift
        exec chroot "$root" env -i HOME=/root DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 \
            PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"' "$tree" "$tree" "$debs" "$@"
}

# Names, kinds, modes, owners and, in /etc, contents; without what belongs to dpkg and to caches.
snapshot() {
    (
        cd "$tree" || exit 1
        find . \( -path ./proc -o -path ./var/lib/dpkg -o -path ./var/cache -o -path ./var/log -o -path ./mnt \
            -o -path ./tmp -o -path ./etc/ld.so.cache \) -prune -o -printf '%P %y %m %U:%G %l\n'
        find etc -type f -not -name ld.so.cache -exec sha256sum {} +
    ) | sort
}

install_all() { inside sh -c 'dpkg -i /mnt/*.deb' >"$VZ_TMP/log" 2>&1; }
purge_all() { inside sh -c 'dpkg --purge openvz-support vz-monitoring vz-kernel vz-templates vz-utils' >"$VZ_TMP/log" 2>&1; }

packages_build "$VZ_SOURCE_DIR" "$cache/build" "$debs" >"$VZ_TMP/log" 2>&1 || { tail -n 40 "$VZ_TMP/log" >&2 && exit 1; }
make_base || exit 1
mkdir "$tree" && tar -C "$tree" -xpf "$base" || exit 1
before=$(snapshot)

check "install" install_all || cat "$VZ_TMP/log" >&2
for tool in vzctl vzlist vzcreate vztemplate vzkernel vzdf; do
    check "$tool starts" inside "$tool" --version >/dev/null
done
equal "no ordinary user looks into containers" "700" "$(stat -c %a "$tree/var/lib/vz/private")"
check "upgrade" install_all
equal "purge without containers leaves the tree as it was" "$before" "$(purge_all && snapshot)"

# With a container: its configuration, files and id range survive remove and purge.
install_all
mkdir -p "$tree/var/lib/vz/private/101/etc" "$tree/var/lib/vz/pending"
echo 'LOCAL_UID="655360"' >"$tree/etc/vz/conf/101.conf"
echo 'LOCAL_UID="720896"' >"$tree/etc/vz/conf/102.conf.destroyed"
printf 'root:1006632960:268435456\nroot:720896:65536\n' >>"$tree/etc/subuid"
ranges=$(cat "$tree/etc/subuid")
echo '# changed by the administrator' >>"$tree/etc/vz/vz.conf"
check "upgrade with a container" install_all
check "upgrade keeps what the administrator changed" grep -q administrator "$tree/etc/vz/vz.conf"
check "remove with a container" inside dpkg --remove openvz-support vz-templates vz-utils >"$VZ_TMP/log" 2>&1
check "remove keeps configurations" test -e "$tree/etc/vz/vz.conf" -a -e "$tree/etc/vz/conf/101.conf"
check "purge with a container" purge_all
check "purge keeps the container" test -e "$tree/etc/vz/conf/101.conf" -a -d "$tree/var/lib/vz/private/101/etc"
equal "purge keeps the container's id range" "$ranges" "$(cat "$tree/etc/subuid")"

# Once it is gone, so is everything.
install_all
rm -r "$tree/var/lib/vz/private/101" "$tree/etc/vz/conf/101.conf"
equal "the last purge leaves the tree as it was" "$before" "$(purge_all && snapshot)"
finish
