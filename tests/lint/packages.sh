#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The Debian packages build, and lintian has nothing to say, not even pedantically.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/scripts/packages.bash"
need_programs dpkg-buildpackage lintian
cache=${VZ_CACHE_DIR:-$VZ_BUILD_DIR}

packages_build "$VZ_SOURCE_DIR" "$cache/build" "$cache/packages" >"$VZ_TMP/log" 2>&1 ||
    { tail -n 40 "$VZ_TMP/log" >&2 && fail "build the packages"; }

# The source package as it would be uploaded.
source_package() {
    packages_refresh_tree "$VZ_SOURCE_DIR" "$VZ_TMP/source/tree" &&
        (cd "$VZ_TMP/source" && dpkg-source -b tree >/dev/null)
}
check "make the source package" source_package

# Each release is asked about packages built on it; a Policy newer than that release it cannot know.
said() { lintian --allow-root --pedantic -E -I --tag-display-limit 0 --suppress-tags newer-standards-version "$@" 2>&1; }
equal "lintian has nothing to say of the packages" "" "$(said "$cache"/packages/*.changes)"
equal "lintian has nothing to say of the source" "" "$(said "$VZ_TMP"/source/*.dsc)"
check_not "the quick way of compiling works" grep -q 'the quick way failed' "$VZ_TMP/log"
finish
