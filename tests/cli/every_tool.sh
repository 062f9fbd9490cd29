#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What every tool owes: --help and --version, a clear no to a wrong option, a manual page and a completion that have every
# option and every verb; and what every manual page owes.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"

long_options() { grep -oE '(^|[ ,])--[a-z][a-z0-9_-]+' | tr -d ' ,' | sort -u; }

# The options in --help that the file lacks.
absent_from() { # FILE
    local option
    long_options <<<"$help" | while read -r option; do
        sed 's/\\//g' "$1" | grep -qF -e "$option" || echo "$option"
    done
}

# The words under "Verbs:" or "Commands:" in --help.
verbs() {
    awk '/^(Verbs|Commands):$/ {listing = 1; next} /^$/ {listing = 0} listing && /^  [a-z]/ {print $1}' <<<"$help"
}

# Adds the help of each verb to that of the tool.
ask_verbs() { # NAME
    local verb all=$help
    for verb in $(verbs); do
        expect 0 "$1" "$verb" --help
        equal "$1 $verb --help leaves standard error empty" "" "$err"
        check "the manual page of $1 has the verb $verb" grep -q "\*$verb\*" "$2/$1.8.scd"
        check "the completion of $1 has the verb $verb" grep -qw -e "$verb" "$2/$1.bash"
        all+=$'\n\n'$out
    done
    help=$all
}

# Whether the completion offers the option after the tool's name, or after a verb of it, or after a verb and an id.
is_offered() { # NAME OPTION
    local context contexts=("") verb
    for verb in $(verbs); do contexts+=("$verb" "$verb 101"); done
    for context in "${contexts[@]}"; do
        read -ra COMP_WORDS <<<"$1 $context $2"
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
        "_$1" 2>/dev/null
        [[ " ${COMPREPLY[*]} " == *" $2 "* ]] && return
    done
    return 1
}

# The options in --help that the completion does not offer.
not_offered() { # NAME FOLDER
    local option
    # shellcheck source=/dev/null
    . "$2/$1.bash"
    for option in $(long_options <<<"$help"); do is_offered "$1" "$option" || echo "$option"; done
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
    ask_verbs "$tool" "$folder"
    equal "the manual page of $tool has every option" "" "$(absent_from "$folder/$tool.8.scd")"
    equal "the completion of $tool offers every option" "" "$(not_offered "$tool" "$folder")"
}

# scdoc is a build dependency only.
renders() { # FILE
    ! command -v scdoc >/dev/null || scdoc <"$1" >/dev/null
}

check_page() { # FILE
    local page section
    page=$(basename "$1" .scd)
    check "$page can be rendered" renders "$1"
    equal "$page is titled by its name" "${page%.*}(${page##*.})" "$(head -n 1 "$1" | cut -d ' ' -f 1)"
    for section in NAME SYNOPSIS DESCRIPTION "SEE ALSO"; do
        check "$page has $section" grep -qx "# $section" "$1"
    done
    [[ $page == *.5 ]] || check "$page has EXIT STATUS" grep -qx "# EXIT STATUS" "$1"
}

# The keys of a configuration that its manual page lacks.
keys_absent_from() { # PAGE FILE…
    sed -n 's/^#\?\([A-Z][A-Z0-9_]*\)=.*/\1/p' "${@:2}" | sort -u | while read -r key; do
        sed 's/\\//g' "$1" | grep -qw -e "$key" || echo "$key"
    done
}

conf=$VZ_SOURCE_DIR/utils/conf
equal "vz.conf(5) has every key of vz.conf" "" "$(keys_absent_from "$conf/vz.conf.5.scd" "$conf/vz.conf")"
equal "ctid.conf(5) has every key of the samples" "" "$(keys_absent_from "$conf/ctid.conf.5.scd" "$conf"/*.conf-sample)"

for page in "$VZ_SOURCE_DIR"/{utils,templates,kernel,monitoring}/*/*.[58].scd; do
    [ ! -e "$page" ] || check_page "$page"
done

for folder in "$VZ_SOURCE_DIR"/{utils,templates,kernel,monitoring}/*/; do
    tool=$(basename "$folder")
    grep -qs "vz_tool(NAME $tool" "$folder/CMakeLists.txt" || continue
    grep -q LIBEXEC "$folder/CMakeLists.txt" || check_tool "$tool" "${folder%/}"
done
finish
