#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# clang-tidy over each source file, with the result remembered until the file, a header or a setting changes.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
need_programs clang-tidy cmake jq ninja
cache=${VZ_CACHE_DIR:-$VZ_BUILD_DIR}/tidy
mkdir -p "$cache"

# How each source is compiled by itself, whatever way the tests' own build joins them.
compile_commands() {
    cmake -S "$VZ_SOURCE_DIR" -B "$VZ_TMP/single" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo \
        -DCMAKE_EXPORT_COMPILE_COMMANDS=ON -Wno-dev --log-level=ERROR >/dev/null || return
    jq -r '.[].file' "$VZ_TMP/single/compile_commands.json" | grep -vE '_test\.cpp$|/tests/' | sort -u
}

# "source<TAB>key" of each: all headers are in the key, for which of them a source reads only a compiler knows.
keyed_sources() {
    local common source
    common=$({ clang-tidy --version && cat "$VZ_SOURCE_DIR/.clang-tidy" &&
        find "$VZ_SOURCE_DIR"/{kernel,monitoring,templates,utils} -name '*.hpp' -type f -print0 | sort -z | xargs -0 cat; } | sha256sum)
    while IFS= read -r source; do
        printf '%s\t%s\n' "$source" "$({ echo "$common" && cat "$source"; } | sha256sum | cut -c 1-40)"
    done
}

tidy_one() { # SOURCE<TAB>KEY
    local source key
    IFS=$'\t' read -r source key <<<"$1"
    [ -e "$cache/$key" ] && return
    clang-tidy --quiet -p "$VZ_TMP/single" "$source" 2>/dev/null && : >"$cache/$key"
}
export -f tidy_one
export cache VZ_TMP

compile_commands >"$VZ_TMP/names"
keyed_sources <"$VZ_TMP/names" >"$VZ_TMP/sources"
check "there are sources" test "$(wc -l <"$VZ_TMP/sources")" -gt 20
check "clang-tidy" xargs -a "$VZ_TMP/sources" -d '\n' -P "$(nproc)" -n 1 bash -c "tidy_one \"\$@\"" tidy
finish
