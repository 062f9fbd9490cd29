# SPDX-License-Identifier: GPL-2.0-or-later
"""Drives "vzctl enter CTID" as a person at a terminal would: keys go into a pseudo terminal, the screen is read."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

PATIENCE = 30


class Terminal:
    """A program on a pseudo terminal of its own."""

    def __init__(self, argv, rows, columns):
        self.screen = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "vt100"
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execvp(argv[0], argv)

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def keys(self, text):
        os.write(self.fd, text.encode())

    def wait_for(self, pattern):
        """The match of `pattern` in what comes from now on; None after PATIENCE seconds."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            match = re.search(pattern.encode(), self.screen)
            if match:
                self.screen = self.screen[match.end():]
                return match
            if not self.read_some():
                return None
        return None

    def read_some(self):
        if not select.select([self.fd], [], [], 0.5)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # the other side is closed
            data = b""
        self.screen += data
        return bool(data)

    def run(self, command):
        """The output of a command: between two marks, so that the echo of the keys does not count."""
        self.keys(f"echo m''ark; {command}; echo e''nd\n")
        match = self.wait_for(r"mark\r+\n((?s:.*?))end\r+\n")
        return match.group(1).decode().replace("\r", "").strip() if match else None

    def status(self):
        while self.read_some():
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


failures = 0


def equal(what, expected, actual):
    global failures
    if expected == actual:
        print(f"ok: {what}")
    else:
        failures += 1
        print(f"FAILED: {what}: expected {expected!r}, got {actual!r}", file=sys.stderr)


def job_control(terminal):
    started = time.monotonic()
    terminal.keys("sleep 100; echo interrupted=$?\n")
    time.sleep(0.5)
    terminal.keys("\x03")
    equal("Ctrl-C interrupts the program, not the shell", True, terminal.wait_for(r"\^C") is not None)
    equal("at once", True, time.monotonic() - started < PATIENCE)
    terminal.keys("sleep 60\n")
    time.sleep(0.5)
    terminal.keys("\x1a")
    equal("Ctrl-Z stops it", True, terminal.wait_for(r"Stopped\s+sleep 60") is not None)
    equal("it is a job", "1", terminal.run("jobs | grep -c Stopped"))
    terminal.keys("fg\n")
    equal("fg takes it to the front", True, terminal.wait_for(r"\rsleep 60\r+\n") is not None)
    time.sleep(0.3)
    terminal.keys("\x03")
    equal("and it is gone", "0", terminal.run("jobs | wc -l"))


def main():
    terminal = Terminal(["vzctl", "enter", sys.argv[1]], 33, 101)
    equal("says where we are", True, terminal.wait_for(f"entered into CT {sys.argv[1]}") is not None)
    # Keys before the prompt may be lost: taking a terminal into raw mode drops what was typed ahead.
    equal("a prompt", True, terminal.wait_for(r"[#$] ") is not None)
    equal("window size", "33 101", terminal.run("stty size"))
    equal("a terminal of the container", True, (terminal.run("tty") or "").startswith("/dev/"))
    equal("which exists in it", "yes", terminal.run('test -c "$(tty)" && echo yes'))
    terminal.resize(50, 120)
    os.kill(terminal.pid, signal.SIGWINCH)
    deadline = time.monotonic() + PATIENCE
    size = None
    while size != "50 120" and time.monotonic() < deadline:
        size = terminal.run("stty size")
    equal("window size, changed", "50 120", size)
    equal("TERM of the caller", "vt100", terminal.run("echo $TERM"))
    equal("a login of root", "root /root /bin/bash", terminal.run("echo $USER $HOME $SHELL"))
    equal("a session of its own", "yes", terminal.run('test "$(cut -d" " -f6 /proc/$$/stat)" = $$ && echo yes'))
    job_control(terminal)
    equal("8 bits", "ä€", terminal.run("echo ä€"))
    terminal.keys("exit 7\n")
    equal("says goodbye", True, terminal.wait_for(f"exited from CT {sys.argv[1]}") is not None)
    equal("the shell's status", 7, terminal.status())
    return 1 if failures else 0


sys.exit(main())
