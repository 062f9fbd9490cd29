# SPDX-License-Identifier: GPL-2.0-or-later
"""Drives "vzctl console" as a person at a terminal would: on a stopped container, then with and without CONSOLE=yes."""
import os
import pty
import re
import select
import subprocess
import sys
import termios
import time

PATIENCE = 60
failures = 0


def check(what, good):
    global failures
    failures += 0 if good else 1
    print(f"ok: {what}" if good else f"FAILED: {what}", file=sys.stdout if good else sys.stderr, flush=True)


class Console:
    def __init__(self, *words):
        self.screen = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "vt100"
            os.execvp("vzctl", ["vzctl", "console", *words])

    def keys(self, text):
        os.write(self.fd, text.encode())

    def wait_for(self, pattern, seconds=PATIENCE):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            match = re.search(pattern.encode(), self.screen)
            if match:
                self.screen = self.screen[match.end():]
                return True
            if not select.select([self.fd], [], [], 0.2)[0]:
                continue
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                return re.search(pattern.encode(), self.screen) is not None
            if not data:
                return False
            self.screen += data
        print(f"on the screen: {self.screen[-500:]!r}", file=sys.stderr)
        return False

    def ended(self, seconds=PATIENCE):
        """The exit status; None if it goes on."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    self.screen += os.read(self.fd, 65536)
                except OSError:
                    pass
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
        return None

    def is_raw(self):
        return not termios.tcgetattr(self.fd)[3] & termios.ICANON


def vzctl(*words):
    return subprocess.run(["vzctl", "--quiet", *words], stdin=subprocess.DEVNULL, check=False).returncode


def on_a_stopped_one():
    console = Console("101")
    check("a stopped container: it waits", console.wait_for("waiting until it starts"))
    check("and goes on waiting", console.ended(1) is None)
    console.keys("x\x1bx")
    check("keys do not end that", console.ended(1) is None)
    console.keys("\x1b.")
    check("Esc . does", console.ended() == 0)
    console = Console("101")
    check("it waits", console.wait_for("waiting until it starts"))
    check("it starts", vzctl("start", "101") == 0)
    check("then a login prompt appears", console.wait_for("login: "))
    console.keys("\x1b.")
    check("Esc . detaches", console.ended() == 0)


def without_console():
    console = Console("101")
    check("says how to leave", console.wait_for(r"Esc \. detaches"))
    check("a login prompt", console.wait_for("login: "))
    check("our terminal passes every key on", console.is_raw())
    log_in(console)
    console.keys("\x1b.")
    check("Esc . detaches", console.ended() == 0)
    check("our terminal is as before", not console.is_raw())
    check("the container runs on", subprocess.run(["vzctl", "exec3", "101", "true"], check=False).returncode == 0)


def log_in(console):
    console.keys("root\n")
    check("asks for the password", console.wait_for("assword: "))
    console.keys("secret\n")
    check("a shell", console.wait_for(r"# "))
    console.keys("echo at-$((40+2))\n")
    check("commands run", console.wait_for("at-42"))
    console.keys("\x1b[A")
    check("Esc is passed on: an arrow key", console.wait_for(r"echo at-\$\(\(40\+2\)\)"))


def with_console():
    check("stopped", vzctl("stop", "101") == 0)
    check("CONSOLE=yes", vzctl("set", "101", "--console", "yes", "--save") == 0)
    console = Console("101")
    check("it waits", console.wait_for("waiting until it starts"))
    check("it starts", vzctl("start", "101") == 0)
    check("messages of its start", console.wait_for("login: |Reached target|Started"))
    second = Console("101")
    check("somebody else has it", second.ended() == 86)
    console.keys("\n")
    check("a login prompt", console.wait_for("login: "))
    log_in(console)
    console.keys("\x1b.")
    check("Esc . detaches", console.ended() == 0)
    # Leaving takes no container down, whatever was typed just before; nor does being killed.
    for _ in range(6):
        console = Console("101")
        there = console.wait_for("Attached", 20)
        time.sleep(0.1)
        console.keys("typed\x1b.")
        check("attached and detached", there and console.ended() == 0)
        if not there:
            return
    console = Console("101")
    console.wait_for("Attached")
    console.keys("typed")
    os.kill(console.pid, 9)
    check("killed", console.ended() == -9)
    console = Console("101")
    check("attached again", console.wait_for("Attached"))
    time.sleep(0.5)
    check("stopped", vzctl("stop", "101") == 0)
    status = console.ended()
    check("it ends with the container", status == 0)
    check("says why", "has stopped" in console.screen.decode(errors="replace"))
    if failures:
        print(f"status {status}, on the screen: {console.screen[-500:]!r}", file=sys.stderr)


{"stopped": on_a_stopped_one, "without": without_console, "with": with_console}[sys.argv[1]]()
sys.exit(1 if failures else 0)
