# SPDX-License-Identifier: GPL-2.0-or-later
"""What the Python clients here share: running a command, and checks that go on after a failure."""
import subprocess
import sys

failures = 0


def run(*argv, text=None):
    """Exit status, standard output and standard error of a command."""
    done = subprocess.run(argv, input=text or "", capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


def must(*argv, text=None):
    status, out, err = run(*argv, text=text)
    equal(" ".join(argv)[:80] + " exits 0 (" + err.strip()[:200] + ")", 0, status)
    return out


def equal(what, expected, actual):
    global failures
    if expected == actual:
        print(f"ok: {what}")
        return
    failures += 1
    print(f"FAILED: {what}: expected {expected!r}, got {actual!r}", file=sys.stderr)


def finish():
    sys.exit(1 if failures else 0)
