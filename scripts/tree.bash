# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Debian releases in folders, made from the host's package sources, and commands in them: to build for another release
# than the host's (build-matrix, system tests), and for the disks of virtual machines. Needs root and packages.bash.

# Before a command: it ends with us, however we end, with all its descendants and what they mounted.
readonly tree_enclosed=(setpriv --pdeathsig KILL --
    unshare --mount --propagation private --pid --mount-proc --fork --kill-child --)

# The host's Debian sources as one-line sources of another release.
tree_sources() { # RELEASE
    # shellcheck disable=SC2016  # apt's own placeholders
    apt-get indextargets --format '$(ORIGIN) $(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
        awk -v release="$1" '
            $1 == "Debian" && sub(/^[a-z]+/, release, $2) { print "deb", $3, $2, "main" }' |
        sort -u
}

# What apt of the host is told about its way to the mirror, as a line of apt.conf.
tree_proxy() {
    local proxy=
    eval "$(apt-config shell proxy Acquire::http::Proxy)"
    [[ -z $proxy ]] || printf 'Acquire::http::Proxy "%s";\n' "$proxy"
}

tree_bootstrap() { # RELEASE TREE VARIANT [OPTION OF MMDEBSTRAP]…
    local release=$1 tree=$2 variant=$3 sources proxy
    shift 3
    mapfile -t sources < <(tree_sources "$release")
    ((${#sources[@]})) || { echo "apt knows no Debian mirror (after 'apt-get update')" >&2 && return 1; }
    proxy=$(tree_proxy)
    "${tree_enclosed[@]}" mmdebstrap --quiet --variant="$variant" --format=directory \
        --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
        ${proxy:+--aptopt="$proxy"} --dpkgopt=force-unsafe-io \
        "$@" "$release" "$tree" "${sources[@]}" >&2
}

# Names of the packages that compiling SOURCE needs; the tree gets its own choice of versions.
tree_build_dependencies() { # SOURCE [nocheck]
    sed -n '/^Build-Depends:/,/^[^ ]/p' "$1/debian/control" |
        if [[ ${2:-} == nocheck ]]; then grep -v '<!nocheck>'; else cat; fi |
        sed -n 's/^ \([a-z0-9+.-]*\).*/\1/p' | grep -v '^debhelper-compat$'
}

# A tree to compile in, with what debian/control and PACKAGES name; made again when one of these changes.
tree_make() { # TREE RELEASE PACKAGE…
    local tree=$1 release=$2 key include
    shift 2
    include=$(printf '%s,' ccache debhelper "$@")
    key=$({ declare -f tree_bootstrap tree_make && echo "$release $include"; } | sha256sum | cut -d ' ' -f 1)
    [[ $(cat "$tree/key" 2>/dev/null) != "$key" ]] || return 0
    echo "== making a tree of $release" >&2
    rm -rf --one-file-system "$tree"
    mkdir -p "${tree%/*}"
    tree_bootstrap "$release" "$tree" buildd --include="$include" || return
    mkdir -p "$tree/src" "$tree/work"
    echo "$key" >"$tree/key"
}

# COMMAND (a script for bash) in TREE, which sees SOURCE as /src, for reading, and WORK as /work.
tree_run() { # TREE SOURCE WORK COMMAND
    mkdir -p "$3"
    "${tree_enclosed[@]}" bash -euc "$tree_enter" tree_run "$@"
}

# pivot_root and not chroot, because no user namespace can be made in a chroot, and tests make them. The command does
# not replace us, or it would be process 1, which has no parent and ignores signals.
# shellcheck disable=SC2016 # expanded by the inner shell
readonly tree_enter='
    tree=$1
    mount --bind "$tree" "$tree"
    mount --bind "$2" "$tree/src"
    mount -o remount,bind,ro "$tree/src"
    mount --bind "$3" "$tree/work"
    mount -t proc proc "$tree/proc"
    mount --rbind /dev "$tree/dev"
    mount --rbind /sys "$tree/sys"
    mkdir -p "$tree/mnt/old"
    cd "$tree"
    pivot_root . mnt/old
    umount -l /mnt/old
    status=0
    env -i HOME=/root LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        CCACHE_DIR=/work/ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache bash -euc "$4" || status=$?
    exit "$status"'

# The packages of SOURCE compiled in TREE, in WORK/packages.
tree_packages() { # TREE SOURCE WORK
    tree_run "$@" '. /src/scripts/packages.bash
        packages_build /src /work/build /work/packages >/work/packages.log 2>&1 ||
            { tail -n 40 /work/packages.log >&2; exit 1; }'
}

# Prints the folder of the packages of SOURCE for RELEASE, compiled below CACHE if something has changed.
release_packages() { # SOURCE RELEASE CACHE
    local needed
    if (. /etc/os-release && [[ ${VERSION_CODENAME:-} == "$2" ]]); then
        packages_build "$1" "$3/build" "$3/packages" >"$3/packages.log" 2>&1 ||
            { tail -n 40 "$3/packages.log" >&2 && return 1; }
        echo "$3/packages"
        return
    fi
    mapfile -t needed < <(tree_build_dependencies "$1" nocheck)
    tree_make "$3/trees/$2" "$2" "${needed[@]}" || return
    tree_packages "$3/trees/$2" "$1" "$3/trees/$2.work" || return
    echo "$3/trees/$2.work/packages"
}
