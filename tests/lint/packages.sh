#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The Debian packages build, and lintian has nothing to say, not even pedantically.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/scripts/packages.bash"
need_programs dpkg-buildpackage lintian
cache=${VZ_CACHE_DIR:-$VZ_BUILD_DIR}

packages_build "$VZ_SOURCE_DIR" "$cache/build" "$cache/packages" >"$VZ_TMP/log" 2>&1 ||
    { tail -n 40 "$VZ_TMP/log" >&2 && fail "build the packages"; }
out=$(lintian --allow-root --pedantic -E -I --tag-display-limit 0 "$cache"/packages/*.changes 2>&1)
equal "lintian has nothing to say" "" "$out"
finish
