# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For test scripts: checks that go on after a failure and count it. Use:
#   . "$VZ_SOURCE_DIR/tests/lib/harness.sh"
#   expect 14 vzctl start 999            # exit status; output is left in $out and $err
#   check "says what is missing" grep -q "does not exist" <<<"$err"
#   finish
# Scratch files go to $VZ_TMP, which is removed afterwards.

failures=0
out=""
err=""

skip() { # REASON…: this machine cannot run the test
    echo "skipped: $*"
    exit 77
}

need_root() {
    [ "$(id -u)" -eq 0 ] || skip "needs root"
}

need_programs() {
    local program
    for program; do
        command -v "$program" >/dev/null || skip "needs $program"
    done
}

# Runs the whole script again in a private mount namespace, where it may cover folders of the host.
in_private_mounts() { # "$0" "$@"
    [ -n "${VZ_PRIVATE_MOUNTS:-}" ] && return
    need_root
    VZ_PRIVATE_MOUNTS=1 exec unshare --mount --propagation private bash "$@"
}

pass() { echo "ok: $*"; }

fail() {
    echo "FAILED: $*" >&2
    failures=$((failures + 1))
}

check() { # WHAT COMMAND…: the command must succeed
    local what=$1
    shift
    local command=$*
    if "$@"; then pass "$what"; else fail "$what (${command:0:200})"; fi
}

check_not() { # WHAT COMMAND…: the command must fail
    local what=$1
    shift
    local command=$*
    if "$@"; then fail "$what (${command:0:200})"; else pass "$what"; fi
}

equal() { # WHAT EXPECTED ACTUAL
    if [ "$2" = "$3" ]; then
        pass "$1"
    else
        fail "$1"
        diff <(printf '%s\n' "$2") <(printf '%s\n' "$3") | sed 's/^/    /' >&2
    fi
}

expect() { # STATUS COMMAND…: the exit status; $out and $err are the output
    local wanted=$1 status
    shift
    "$@" >"$VZ_TMP/out" 2>"$VZ_TMP/err" </dev/null
    status=$?
    out=$(cat "$VZ_TMP/out")
    err=$(cat "$VZ_TMP/err")
    if [ "$status" -eq "$wanted" ]; then
        pass "$* exits $wanted"
    else
        fail "$* exits $wanted, got $status"
        printf '%s\n' "$out" "$err" | sed 's/^/    /' >&2
    fi
}

finish() {
    [ "$failures" -eq 0 ] && exit 0
    echo "$failures checks failed" >&2
    exit 1
}
