#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every shell script of the tree.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
need_programs shellcheck
cd "$VZ_SOURCE_DIR" || exit 1

# Functions called by trap or by name look unreachable (SC2317), sourced files are checked on their own (SC1091), and
# what stands in single quotes is meant so (SC2016).
scripts() {
    grep -rlE --exclude-dir=.git --exclude-dir=.cache --exclude-dir='build*' -m 1 \
        -e '^#!/bin/(ba)?sh' -e '^# shellcheck shell=' . | sort
}

mapfile -t files < <(scripts)
check "there are scripts" test "${#files[@]}" -gt 5
check "shellcheck" shellcheck --exclude=SC1091,SC2016,SC2317 "${files[@]}"
finish
