# SPDX-License-Identifier: GPL-2.0-or-later
"""The calls of libvirt's OpenVZ driver: its version check, its listing with sscanf, and its own edits of NUM.conf."""
import os
import re
import sys

from common import equal, finish, must, run

CONF = "/etc/vz/conf/101.conf"
UUID = "8df3b2a5-0b57-4a5b-9a0c-1e3c26a6a0f5"


def version():
    """sscanf("vzctl version %d.%d.%d", …) on the first line, of which two numbers must be there."""
    first = must("vzctl", "--help").split("\n")[0]
    equal("version", True, re.match(r"vzctl version \d+\.\d+", first) is not None)


def domains():
    """sscanf("%d %s\\n") line by line: one blank, then the status; what is not "stopped" runs."""
    found = {}
    for line in must("vzlist", "-a", "-ovpsid,status", "-H").splitlines():
        match = re.fullmatch(r" *(\d+) (\S+) *", line)
        equal(f"the line {line!r}", True, match is not None)
        if match:
            found[int(match.group(1))] = match.group(2)
    return found


def read_value(key):
    """The driver takes the last line that begins with KEY= and cuts the quotes off."""
    value = None
    with open(CONF, encoding="utf-8") as conf:
        for line in conf:
            if line.startswith(key + "="):
                value = line.split("=", 1)[1].strip().strip('"')
    return value


def write_value(key, value):
    """Copies all other lines to a temporary file, appends the new one, renames."""
    with open(CONF, encoding="utf-8") as conf:
        lines = [line for line in conf if not line.startswith(key + "=")]
    with open(CONF + ".tmp", "w", encoding="utf-8") as conf:
        conf.writelines(lines + [f'{key}="{value}"\n'])
    os.rename(CONF + ".tmp", CONF)


def main():
    version()
    must("vzctl", "--quiet", "create", "101", "--ostemplate", sys.argv[1])
    with open(CONF, "a", encoding="utf-8") as conf:
        conf.write(f"\n#UUID: {UUID}\n")
    must("vzctl", "--quiet", "set", "101", "--ipadd", "10.10.0.2", "--save")
    must("vzctl", "--quiet", "set", "101", "--cpus", "1", "--save")
    write_value("ONBOOT", "no")
    write_value("PRIVVMPAGES", "65536:69632")
    equal("defined", {101: "stopped"}, domains())
    equal("address", "10.10.0.2", read_value("IP_ADDRESS"))
    equal("template", sys.argv[1], read_value("OSTEMPLATE"))
    private = read_value("VE_PRIVATE").replace("$VEID", "101")
    equal("private area", True, os.path.isdir(private))
    equal("start says nothing", "", must("vzctl", "--quiet", "start", "101"))
    equal("running", {101: "running"}, domains())
    must("vzctl", "--quiet", "set", "101", "--cpuunits", "2000", "--save")
    must("vzctl", "--quiet", "set", "101", "--onboot", "yes", "--save")
    equal("stop says nothing", "", must("vzctl", "--quiet", "stop", "101"))
    equal("stopped", {101: "stopped"}, domains())
    with open(CONF, encoding="utf-8") as conf:
        equal("the comment with its UUID is kept", True, f"#UUID: {UUID}\n" in conf.readlines())
    equal("its own edit is kept", "65536:69632", read_value("PRIVVMPAGES"))
    must("vzctl", "--quiet", "destroy", "101")
    equal("undefined", {}, {} if run("vzlist", "-a", "-ovpsid,status", "-H")[0] == 1 else domains())
    finish()


main()
