# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154 # out and err: of harness.sh
# For the scripts beside: they run in a virtual machine that ends with the test, as root, with our packages, a volume
# group "vz" and its thin pool "pool".
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
. "$VZ_SOURCE_DIR/tests/lib/tiny_template.sh"

make_template() { # tiny, whose containers can tell how much room there is
    tiny_programs+=(df sync)
    tiny_template tiny
}

inside() { vzctl exec2 101 "$@" 2>"$VZ_TMP/inside"; }

fill() { # MB FILE: from inside
    inside "dd if=/dev/zero of=$2 bs=1M count=$1 conv=fsync"
}

room() { # what df says inside, in MB
    inside df -B1M --output=size / | tail -n 1 | tr -d ' '
}

between() { # LEAST MOST NUMBER
    [ "$1" -le "$3" ] && [ "$3" -le "$2" ]
}

make_files() { # HOW-MANY: from inside
    inside "mkdir -p /many && for i in \$(seq $1); do : >/many/\$i || exit 1; done"
}

conf() { cat /etc/vz/conf/101.conf; }

volumes() { lvs --noheadings -o lv_name vz | tr -d ' ' | grep -v '^pool$' | sort; }

# What was said for a reason is one line (and the classic one of "set").
one_message() { # WHAT PATTERN
    local said
    said=$(grep -v -e '^$' -e '^failed to apply some parameters' <<<"$err")
    equal "$1: one line" 1 "$(grep -c . <<<"$said")"
    check "$1: $2" grep -q -e "$2" <<<"$said"
    printf '    %s\n' "$said"
}
