#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The documents tell the truth: commands and options in them exist, links lead somewhere, codes are those of the source,
# and nothing of the machine they were written on has slipped in.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"

cd "$VZ_SOURCE_DIR" || exit 1
documents=(README.md docs/*.md)

# Indented blocks are what a reader types and sees.
code_of() { sed -n 's/^    //p' "$1"; }

# Lines that call one of our tools, one call a line: split at what joins commands, without prompt and leading words.
calls_in() { # FILE
    code_of "$1" | grep -v '^[^#]*: ' | sed -E 's/\|\||&&|[|;()]|\$\(/\n/g' | grep -oE "(^|[ '])(vz[a-z]+) .*|^.?(vz[a-z]+)$" |
        sed -E "s/^[ '#]+//"
}

known_verbs() { vzctl --help | awk '/^Verbs:/ {l = 1; next} /^$/ {l = 0} l {print $1}'; }

# What a call names and the tool does not know.
unknown_in() { # TOOL WORD…
    local tool=$1 help word
    shift
    if [ "$tool" = vzctl ]; then
        while [[ ${1:-} == --quiet || ${1:-} == --verbose || ${1:-} == --skiplock ]]; do shift; done
        [[ ${1:-} == -* ]] || grep -qx -e "${1:-}" <<<"$verbs" || { echo "verb ${1:-}" && return; }
        case ${1:-} in exec* | runscript | enter) return ;; esac
        help=$(vzctl "$1" --help)
    else
        help=$("$tool" --help)
    fi
    for word; do
        [[ $word == --[a-z]* ]] || continue
        grep -qE -e "(^|[^a-z-])${word%%=*}([^a-z-]|$)" <<<"$help" || echo "option $word"
    done
}

check_calls() { # FILE
    local tool rest unknown
    while read -r tool rest; do
        if ! command -v "$tool" >/dev/null; then
            [ -e "utils/$tool" ] || [ -e "templates/$tool" ] || fail "$1: $tool $rest: no such tool"
            continue
        fi
        # shellcheck disable=SC2086 # words
        unknown=$(set -f; unknown_in "$tool" $rest)
        equal "$1: $tool $rest" "" "$unknown"
    done < <(calls_in "$1" | sort -u)
}

check_links() { # FILE
    local link
    while read -r link; do
        check "$1 leads to $link" test -e "$(dirname "$1")/${link%%#*}"
    done < <(grep -oE '\]\([^)]+\)' "$1" | sed 's/^](//; s/)$//' | grep -v '^https\?:' | sort -u)
}

# An address of a mirror that is not Debian's own, or a path of the machine of whoever wrote this.
foreign_in() { # FILE
    grep -nE '(^|[^a-z])(/work/|/tmp/[a-z]+/|/root/|/home/[a-z]+/)' "$1"
    grep -noE 'https?://[^ )"]+' "$1" | grep -vE 'https?://(deb\.debian\.org|10\.[0-9.]+|([a-z]+\.)?example\.(org|com)|localhost)'
}

verbs=$(known_verbs)
for file in "${documents[@]}"; do
    # The example of a new tool is no tool.
    [ "$file" = docs/HACKING.md ] || check_calls "$file"
    check_links "$file"
    equal "$file has nothing foreign" "" "$(foreign_in "$file")"
done
check "the documents call tools" test "$(cat "${documents[@]}" | grep -c '^    .*vzctl ')" -gt 10

# "number meaning" of each code, from the source.
codes() {
    sed -n 's/^ *\([a-z_]*\) = \([0-9]*\),.*/\1 \2/p' utils/lib/base/include/vz/base/errc.hpp | while read -r name number; do
        sed -n "s/.*{Errc::$name, \"\\(.*\\)\"}.*/| $number | \\1 |/p" utils/lib/base/errc.cpp
    done
}
equal "OUTPUT.md has the codes of the source" "$(codes)" "$(grep -E '^\| [0-9]+ \|' docs/OUTPUT.md)"
equal "vzctl(8) has the codes of the source" "$(codes | cut -d ' ' -f 2)" \
    "$(sed -n 's/^| *\[* *\*\([0-9]*\)\*$/\1/p' utils/vzctl/vzctl.8.scd)"

# The French workshop has the same exercises and commands.
if [ -e docs/atelier.md ]; then
    equal "both workshops have the same headings" "$(grep -c '^##' docs/workshop.md)" "$(grep -c '^##' docs/atelier.md)"
    equal "both workshops have the same transcripts" "$(code_of docs/workshop.md)" "$(code_of docs/atelier.md)"
fi
finish
