#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# clang-tidy over each source file, with the result remembered until the file, a header or a setting changes.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
need_programs clang-tidy ninja
cd "$VZ_BUILD_DIR" || exit 1
cache=${VZ_CACHE_DIR:-$VZ_BUILD_DIR}/tidy
mkdir -p "$cache"

# "source<TAB>key" of each object file: the key covers all of our files that it was made from.
keyed_sources() {
    local common
    common=$({ clang-tidy --version && cat "$VZ_SOURCE_DIR/.clang-tidy"; } | sha256sum)
    # ccache may have made the names relative to the build folder.
    ninja -t deps | awk -v top="$VZ_SOURCE_DIR/" -v up="$(realpath --relative-to=. "$VZ_SOURCE_DIR")/" '
        /^[^ ].*: #deps/ { if (n) print line; line = ""; n = 0 }
        /^ / { sub(/^ +/, ""); if (index($0, up) == 1) { $0 = top substr($0, length(up) + 1) } if (index($0, top) == 1) { line = line (n++ ? "\t" : "") $0 } }
        END { if (n) print line }' |
        while IFS=$'\t' read -r -a parts; do
            case "${parts[0]}" in *_test.cpp | */tests/*) continue ;; esac
            printf '%s\t%s\n' "${parts[0]}" "$({ echo "$common" && cat "${parts[@]}"; } | sha256sum | cut -c 1-40)"
        done | sort -u
}

tidy_one() { # SOURCE<TAB>KEY
    local source key
    IFS=$'\t' read -r source key <<<"$1"
    [ -e "$cache/$key" ] && return
    clang-tidy --quiet -p "$VZ_BUILD_DIR" "$source" 2>/dev/null && : >"$cache/$key"
}
export -f tidy_one
export cache

keyed_sources >"$VZ_TMP/sources"
check "there are sources" test "$(wc -l <"$VZ_TMP/sources")" -gt 20
check "clang-tidy" xargs -a "$VZ_TMP/sources" -d '\n' -P "$(nproc)" -n 1 bash -c "tidy_one \"\$@\"" tidy
finish
