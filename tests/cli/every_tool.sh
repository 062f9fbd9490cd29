#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What every tool owes: --help and --version, a clear no to a wrong option, a manual page that has every option.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"

long_options() { grep -oE '(^|[ ,])--[a-z][a-z0-9_-]+' | tr -d ' ,' | sort -u; }

# The options in --help that the file lacks.
absent_from() { # FILE
    local option
    long_options <<<"$help" | while read -r option; do
        sed 's/\\//g' "$1" | grep -qF -e "$option" || echo "$option"
    done
}

check_tool() { # NAME FOLDER
    local tool=$1 folder=$2 help
    expect 0 "$tool" --help
    help=$out
    equal "$tool --help leaves standard error empty" "" "$err"
    expect 0 "$tool" --version
    check "$tool --version names a version" grep -qE '[0-9]+\.[0-9]+' <<<"$out"
    "$tool" --no-such-option >"$VZ_TMP/out" 2>"$VZ_TMP/err" </dev/null
    check "$tool refuses an unknown option" test "$?" -ne 0
    check "$tool prints nothing else for it" test ! -s "$VZ_TMP/out"
    check "$tool says so on standard error" test -s "$VZ_TMP/err"
    check "$tool has a manual page" test -e "$folder/$tool.8.scd"
    check "$tool has a completion" test -e "$folder/$tool.bash"
    equal "the manual page of $tool has every option" "" "$(absent_from "$folder/$tool.8.scd")"
    equal "the completion of $tool has every option" "" "$(absent_from "$folder/$tool.bash")"
}

for folder in "$VZ_SOURCE_DIR"/{utils,templates,kernel,monitoring}/*/; do
    tool=$(basename "$folder")
    grep -qs "vz_tool(NAME $tool" "$folder/CMakeLists.txt" || continue
    grep -q LIBEXEC "$folder/CMakeLists.txt" || check_tool "$tool" "${folder%/}"
done
finish
