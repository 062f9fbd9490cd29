#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The layout of the C++ code. Versions of clang-format differ in details; the one of Debian 12 decides.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
cd "$VZ_SOURCE_DIR" || exit 1

need_programs clang-format
clang-format --version | grep -q 'version 14\.' || skip "clang-format 14 decides, this is $(clang-format --version)"

mapfile -t files < <(find utils templates kernel monitoring tests \( -name '*.cpp' -o -name '*.hpp' \) | sort)
check "clang-format" clang-format --dry-run --Werror "${files[@]}"
finish
