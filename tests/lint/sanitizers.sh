#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The unit tests with the address and undefined behaviour sanitizers.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"
need_programs clang++ cmake ninja
build=$VZ_BUILD_DIR-sanitize
launcher=()
command -v ccache >/dev/null && launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)

# clang++ instruments in half the time of g++, and so each run compiles with both.
check "configure" cmake -S "$VZ_SOURCE_DIR" -B "$build" -G Ninja -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=Debug \
    -DVZ_WERROR=ON -DCMAKE_UNITY_BUILD=ON -DVZ_SANITIZE=address,undefined "${launcher[@]}" -Wno-dev --log-level=ERROR
check "build" ninja -C "$build" --quiet unit_tests
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
check "unit tests" "$build/tests/unit/unit_tests"
finish
