# SPDX-License-Identifier: GPL-2.0-or-later
"""The calls of a cloud's compute driver: instances found by name and description, settings saved one by one."""
import json
import sys

from common import equal, finish, must, run

META = {"id": "inst-0007", "note": 'with "quotes" and  blanks', "list": [1, 2]}


def instances(*more):
    """Lines of ctid, status and a description that may hold blanks: the driver splits at most twice."""
    out = must("vzlist", "--no-header", "--all", "--output", "ctid,status,description", *more)
    return {line.split(None, 2)[0]: line.split(None, 2)[1:] for line in out.splitlines()}


def main():
    must("vzctl", "create", "101", "--ostemplate", sys.argv[1])
    must("vzctl", "set", "101", "--save", "--name", "inst-0007")
    must("vzctl", "set", "101", "--save", "--description", json.dumps(META))
    for option, value in (("--ram", "256M"), ("--swap", "0"), ("--onboot", "no"), ("--cpuunits", "1500"),
                          ("--cpulimit", "100"), ("--cpus", "1"), ("--numproc", "300"), ("--diskspace", "2G:2200M"),
                          ("--kmemsize", "14372700:14790164"), ("--hostname", "inst-0007"),
                          ("--nameserver", "192.0.2.1")):
        must("vzctl", "set", "101", "--save", option, value)
    status, description = instances("101")["101"]
    equal("stopped", "stopped", status)
    equal("the description is the same JSON", META, json.loads(description))
    equal("found by its description", ["101"], list(instances("--description", "*inst-0007*")))
    must("vzctl", "start", "101")
    equal("running", "running", instances()["101"][0])
    must("vzctl", "exec2", "101", "echo", "root:S3cret-pw", "|", "chpasswd")
    shadow = must("vzctl", "exec2", "101", "grep", "^root:", "/etc/shadow").split(":")[1]
    equal("the password was set through the shell", "$", shadow[0])
    equal("the name works everywhere", "CTID 101 exist mounted running\n", must("vzctl", "status", "inst-0007"))
    equal("a failing command tells its status", 7, run("vzctl", "exec2", "101", "exit", "7")[0])
    must("vzctl", "set", "101", "--save", "--ipadd", "10.10.0.7")
    equal("addresses for a panel", "10.10.0.7", must("vzlist", "-a", "-H", "-o", "ip").strip())
    listed = json.loads(must("vzlist", "-a", "-j"))
    equal("the same as JSON", ["10.10.0.7"], listed[0]["ip"])
    must("vzctl", "stop", "101")
    must("vzctl", "destroy", "101")
    equal("gone", "CTID 101 deleted unmounted down\n", must("vzctl", "status", "101"))
    finish()


main()
