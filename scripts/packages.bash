# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Building the Debian packages from this tree, aside and only when something changed. Used by quickstart and tests.

readonly packages_parts=(CMakeLists.txt README.md cmake debian docs utils templates kernel monitoring)

# Whatever the packages are made from, as one word.
packages_key() { # SOURCE
    (
        cd "$1" || exit 1
        . /etc/os-release
        echo "$VERSION_ID $(dpkg --print-architecture)"
        find "${packages_parts[@]}" -type f -not -name '*.swp' -print0 |
            LC_ALL=C sort -z | xargs -0 sha256sum
    ) | sha256sum | cut -d ' ' -f 1
}

# The sources as they are now beside what was compiled before, so that a run that was killed goes on where it was.
packages_refresh_tree() { # SOURCE TREE
    local part
    mkdir -p "$2"
    find "$2" -mindepth 1 -maxdepth 1 -not -name 'obj-*' -exec rm -rf {} +
    for part in "${packages_parts[@]}"; do
        [ ! -e "$1/$part" ] || cp -a "$1/$part" "$2/"
    done
}

# First the quick way; two sources that define the same name privately cannot be compiled together, then the long way.
packages_compile() { # TREE
    packages_dpkg "$1" quick || { echo "the quick way failed, trying the long one" && packages_dpkg "$1"; }
}

packages_dpkg() { # TREE [OPTION]
    (
        cd "$1" || exit 1
        DEB_BUILD_OPTIONS="${2:-} nocheck noautodbgsym parallel=$(nproc)" DEB_CXXFLAGS_STRIP=-g \
            dpkg-buildpackage -b -uc -us -nc -Pnocheck
    )
}

packages_are_built() { # SOURCE OUTPUT
    [ "$(cat "$2/key" 2>/dev/null)" = "$(packages_key "$1")" ]
}

# Leaves the .deb files, the .changes file and the key in OUTPUT; all of them, or what was there before. Whoever comes
# second waits for the first.
packages_build() { # SOURCE ASIDE OUTPUT
    mkdir -p "$2"
    (flock 9 && packages_build_alone "$@") 9>"$2/lock"
}

packages_build_alone() {
    local from=$1 aside=$2 into=$3
    packages_are_built "$from" "$into" && return
    rm -rf "$aside"/*.deb "$aside"/*.changes "$aside"/*.buildinfo "$aside/new"
    packages_refresh_tree "$from" "$aside/tree" || return
    packages_compile "$aside/tree" || return
    mkdir "$aside/new" && mv "$aside"/*.deb "$aside"/*.changes "$aside"/*.buildinfo "$aside/new/" || return
    packages_key "$from" >"$aside/new/key" || return
    rm -rf "$into"
    mv "$aside/new" "$into"
}
