# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests with real containers: a host of their own. The script runs again in private mount and network namespaces
# with fresh /etc/vz, /var/lib/vz, /run/vz and subordinate ids; nothing of the machine's own is seen or changed.
#
#   . "$VZ_SOURCE_DIR/tests/lib/harness.sh"
#   . "$VZ_SOURCE_DIR/tests/lib/sandbox.sh"
#   sandbox "$0" "$@"
#   sandbox_template            # debian-13-x86_64-minimal is there
#   vzctl create 101 …
#   finish

sandbox() { # "$0" "$@"
    need_root
    if [ -z "${VZ_SANDBOX:-}" ]; then
        need_programs unshare ip nft
        local status=0 folder
        # On disk: a memory file system cannot be an id-mapped lower layer on every supported kernel.
        folder=$(mktemp -d /var/tmp/vz-sandbox.XXXXXX)
        VZ_MACHINE_PID=$$ VZ_SANDBOX=$folder unshare --mount --net --propagation private bash "$@" || status=$?
        rm -rf --one-file-system "$folder"
        exit "$status"
    fi
    sandbox_folders
    sandbox_uplink
    export VZ_LIBEXEC_DIR=$VZ_SANDBOX/libexec VZ_DATA_DIR=$VZ_SANDBOX/share
    ln -sfn "$(command -v vz-hook)" "$(command -v vz-unpack)" "$VZ_LIBEXEC_DIR/"
    trap sandbox_leave EXIT
}

# A host has an address and a default route; what is behind the uplink never answers.
sandbox_uplink() {
    ip link set lo up
    ip link add uplink0 type veth peer name lan0
    ip link set uplink0 up
    ip link set lan0 up
    ip addr add 198.51.100.2/24 dev uplink0
    ip route add default via 198.51.100.1
}

sandbox_folders() {
    local name
    mkdir -p "$VZ_SANDBOX"/{etc/conf,lib/template/cache,run,log,libexec,share/seccomp} /etc/vz /var/lib/vz /run/vz
    chmod 755 "$VZ_SANDBOX"
    mount --bind "$VZ_SANDBOX/etc" /etc/vz
    mount --bind "$VZ_SANDBOX/lib" /var/lib/vz
    mount --bind "$VZ_SANDBOX/run" /run/vz
    mkdir -p /var/log/vz
    mount --bind "$VZ_SANDBOX/log" /var/log/vz
    for name in subuid subgid; do
        echo "root:1006632960:268435456" >"$VZ_SANDBOX/$name"
        sandbox_replace "/etc/$name" "$VZ_SANDBOX/$name"
    done
    cp "$VZ_SOURCE_DIR/utils/conf/vz.conf" /etc/vz/
    cp "$VZ_SOURCE_DIR"/utils/conf/*.conf-sample /etc/vz/conf/
    cp "$VZ_SOURCE_DIR/utils/seccomp/default" "$VZ_SANDBOX/share/seccomp/"
}

# /etc of the sandbox is an overlay of the machine's, so that files in it can be replaced by renaming.
sandbox_replace() { # PATH WITH
    if ! mountpoint -q /etc; then
        mkdir -p "$VZ_SANDBOX"/etc-{upper,work}
        mount -t overlay -o "lowerdir=/etc,upperdir=$VZ_SANDBOX/etc-upper,workdir=$VZ_SANDBOX/etc-work" overlay /etc
        mount --bind "$VZ_SANDBOX/etc" /etc/vz
    fi
    cp "$2" "$1"
}

sandbox_template() { # puts debian-13-x86_64-minimal into the template folder
    local archive
    archive=$(template_archive debian-13-x86_64-minimal) || { fail "no template for the test"; finish; }
    cp "${archive%.tar.zst}".* /var/lib/vz/template/cache/
}

# Every container that still runs is ended: its monitor would keep the namespaces alive.
sandbox_leave() {
    local status=$? conf
    for conf in /etc/vz/conf/[0-9]*.conf; do
        [ -e "$conf" ] || continue
        vzctl --quiet stop "$(basename "$conf" .conf)" --fast </dev/null >/dev/null 2>&1
    done
    exit "$status"
}

if [ -e "$VZ_SOURCE_DIR/tests/lib/template_cache.sh" ]; then
    . "$VZ_SOURCE_DIR/tests/lib/template_cache.sh"
else
    template_archive() { echo "${VZ_TEMPLATE_ARCHIVE:?}"; }
fi
