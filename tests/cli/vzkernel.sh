#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vzkernel on the running kernel: table and JSON tell the same, the exit status is the verdict.
. "$VZ_SOURCE_DIR/tests/lib/harness.sh"

vzkernel check >"$VZ_TMP/table"
status=$?
case "$(tail -n 1 "$VZ_TMP/table")" in
"Kernel $(uname -r): suitable") wanted=0 ;;
"Kernel $(uname -r): limited") wanted=1 ;;
"Kernel $(uname -r): unsuitable") wanted=2 ;;
*) wanted="a last line with kernel and verdict" ;;
esac
equal "the exit status is the verdict" "$wanted" "$status"

expect "$status" vzkernel check --json
check "JSON carries the kernel" grep -q "\"kernel\": \"$(uname -r)\"" <<<"$out"
equal "JSON and table have the same features" \
    "$(vzkernel check -H | sed 's/   *.*//')" "$(sed -n 's/^ *"feature": "\(.*\)",$/\1/p' <<<"$out")"

expect 2 vzkernel
expect 2 vzkernel frobnicate
expect 2 vzkernel check --bogus
check "one line on standard error" test "$(wc -l <<<"$err")" -eq 1
expect 0 vzkernel --help
expect 0 vzkernel --version
finish
