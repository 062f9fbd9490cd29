#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# In a module, each private name (of an anonymous namespace) is defined once: the quick way of compiling packages, which
# quickstart takes, compiles the sources of a module together. A quick look; that it compiles is a check of packages.sh.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"

# "FOLDER NAME" of constants, types and functions (with their parameters' types) that begin a line.
private_names() {
    awk '
        FNR == 1 { inside = 0; folder = FILENAME; sub("/[^/]*$", "", folder) }
        /^namespace \{$/ { inside = 1 }
        /^\} \/\/ namespace$/ { inside = 0 }
        !inside || !/^[A-Za-z[]/ { next }
        match($0, /[ *&]k_[a-z0-9_]+/) && /[={]/ { print folder, substr($0, RSTART + 1, RLENGTH - 1); next }
        /^(struct|class|enum|enum class) / && /\{$/ { sub(/ *[:{].*/, ""); print folder, $NF; next }
        /^using [A-Za-z]+ =/ { print folder, $2; next }
        match($0, /[a-z0-9_]+\(.*\) (const )?\{$/) {
            name = substr($0, RSTART, RLENGTH)
            gsub(/ [a-z_0-9]+,/, ",", name)
            gsub(/ [a-z_0-9]+\)/, ")", name)
            print folder, name
        }' "$@"
}

cd "$VZ_SOURCE_DIR" || exit 1
mapfile -t sources < <(find utils templates kernel monitoring -name '*.cpp')
check "there are names" test "$(private_names "${sources[@]}" | wc -l)" -gt 200
equal "no private name is defined twice in a module" "" "$(private_names "${sources[@]}" | sort | uniq -d)"
finish
