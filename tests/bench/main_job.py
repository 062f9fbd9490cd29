# SPDX-License-Identifier: GPL-2.0-or-later
"""The measurements of tests/bench/main_job; runs inside its sandbox."""
import os
import shutil
import statistics
import subprocess
import sys
import time

TEMPLATE = "debian-13-x86_64-minimal"
LXC = "/var/lib/vz/lxc-bench"
ROUNDS = 5


def run(*argv, check=True):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if check and done.returncode != 0:
        sys.exit(f"{' '.join(argv)}: {done.returncode}: {done.stderr or done.stdout}")
    return done.stdout


def timed(action):
    begin = time.monotonic()
    action()
    return (time.monotonic() - begin) * 1000


def median(action, rounds=ROUNDS):
    return statistics.median(timed(lambda: action(i)) for i in range(rounds))


def peak_rss_kb(*argv):
    # A child of ours would count our own memory: between fork and exec it is a copy of us.
    done = subprocess.run(("/usr/bin/time", "-q", "-f", "%M", *argv), stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return int(done.stderr.split()[-1])


def wait_running(attach):
    while run(*attach, "systemctl", "is-system-running", check=False).strip() not in ("running", "degraded"):
        time.sleep(0.02)


class Table:
    def __init__(self):
        self.rows = []

    def add(self, what, ours, peer_name="", peer=None):
        self.rows.append((what, ours, peer_name, peer))
        print(f"  … {what}", file=sys.stderr)

    def show(self):
        print(f"{'what':44} {'ours ms':>9}  {'peer':28} {'peer ms':>9} {'ratio':>7}")
        for what, ours, peer_name, peer in self.rows:
            tail = f"  {peer_name:28} {peer:9.1f} {peer / ours:6.1f}x" if peer else ""
            print(f"{what:44} {ours:9.1f}{tail}")


def create(ctid, *more):
    run("vzctl", "--quiet", "create", str(ctid), "--ostemplate", TEMPLATE, *more)


def grown_template(name, megabytes):
    """A template of the same system with that much more data in it."""
    folder = f"/var/lib/vz/grown-{name}"
    shutil.rmtree(folder, ignore_errors=True)
    trees = [t for t in os.listdir("/var/lib/vz/template/tree") if t.startswith(TEMPLATE + "@")]
    run("cp", "-a", f"/var/lib/vz/template/tree/{trees[0]}", folder)
    with open(folder + "/usr/share/ballast", "wb") as file:
        for _ in range(megabytes):
            file.write(os.urandom(1 << 20))
    run("tar", "--numeric-owner", "-C", folder, "-I", "zstd -1 -T0", "-cf",
        f"/var/lib/vz/template/cache/{name}.tar.zst", ".")
    shutil.rmtree(folder)


def lxc_base():
    """An LXC container of the same tree, as its own tools would define one."""
    os.makedirs(LXC + "/base", exist_ok=True)
    tree = [t for t in os.listdir("/var/lib/vz/template/tree") if t.startswith(TEMPLATE + "@")][0]
    run("cp", "-a", f"/var/lib/vz/template/tree/{tree}", LXC + "/base/rootfs")
    with open(LXC + "/base/config", "w", encoding="utf-8") as file:
        file.write("lxc.include = /usr/share/lxc/config/common.conf\nlxc.arch = linux64\n"
                   f"lxc.rootfs.path = dir:{LXC}/base/rootfs\nlxc.uts.name = base\nlxc.net.0.type = empty\n"
                   "lxc.apparmor.profile = unconfined\nlxc.mount.auto = proc:rw sys:mixed\n")


def confine_like_ours(name, number):
    """lxc-copy cannot copy an unprivileged container as root; so it becomes one afterwards, with a routed address."""
    with open(f"{LXC}/{name}/config", "a", encoding="utf-8") as file:
        file.write("lxc.idmap = u 0 1006632960 65536\nlxc.idmap = g 0 1006632960 65536\n"
                   "lxc.rootfs.options = idmap=container\n"
                   "lxc.net.0.type = veth\nlxc.net.0.veth.mode = router\nlxc.net.0.flags = up\n"
                   f"lxc.net.0.ipv4.address = 10.99.0.{number}/32\nlxc.net.0.ipv4.gateway = dev\n")


def measure_create(table):
    create(101)  # extracts the template once
    lxc_base()
    ours = median(lambda i: create(110 + i))
    peer = median(lambda i: run("lxc-copy", "-P", LXC, "-n", "base", "-N", f"c{i}"))
    table.add("create, overlay", ours, "lxc-copy (dir)", peer)
    snapshot = median(lambda i: run("lxc-copy", "-P", LXC, "-n", "base", "-N", f"s{i}", "-s", "-B", "overlay"))
    table.add("create, overlay", ours, "lxc-copy -s -B overlay", snapshot)
    grown_template("grown", 300)
    run("vzctl", "--quiet", "create", "120", "--ostemplate", "grown")
    big = median(lambda i: run("vzctl", "--quiet", "create", str(121 + i), "--ostemplate", "grown"))
    table.add("create, overlay, template 300 MB larger", big)
    table.add("create, dir", median(lambda i: create(130 + i, "--layout", "dir"), 3))


def measure_start(table):
    for i in range(ROUNDS):
        run("vzctl", "--quiet", "set", str(110 + i), "--ipadd", f"10.98.0.{i + 1}", "--save")
        confine_like_ours(f"c{i}", i + 1)

    def ours(i):
        run("vzctl", "--quiet", "start", str(110 + i))

    def ours_up(i):
        run("vzctl", "--quiet", "stop", str(110 + i), "--fast")
        ours(i)
        wait_running(["vzctl", "exec3", str(110 + i)])

    def peer(i):
        run("lxc-start", "-P", LXC, "-n", f"c{i}")

    def peer_up(i):
        run("lxc-stop", "-k", "-P", LXC, "-n", f"c{i}")
        peer(i)
        wait_running(["lxc-attach", "-P", LXC, "-n", f"c{i}", "--"])

    table.add("start, until the init runs", median(ours), "lxc-start -d", median(peer))
    table.add("stop --fast, start, until is-system-running", median(ours_up), "lxc-stop -k, lxc-start", median(peer_up))
    boot = run("vzctl", "exec3", "110", "systemd-analyze").splitlines()[0]
    print(f"the guest says of itself: {boot}", file=sys.stderr)
    table.add("exec true", median(lambda _: run("vzctl", "exec3", "110", "true")), "lxc-attach true",
              median(lambda _: run("lxc-attach", "-P", LXC, "-n", "c0", "--", "true")))


def measure_list(table):
    with open("/etc/vz/conf/110.conf", encoding="utf-8") as file:
        conf = file.read()
    for ctid in range(1000, 2000):
        with open(f"/etc/vz/conf/{ctid}.conf", "w", encoding="utf-8") as file:
            file.write(conf + f'IP_ADDRESS="10.9.{ctid // 250}.{ctid % 250}"\n')
        os.makedirs(f"{LXC}/l{ctid}", exist_ok=True)
        shutil.copy(f"{LXC}/base/config", f"{LXC}/l{ctid}/config")
    ours = median(lambda _: run("vzlist", "-a"))
    table.add("list 1000 configured containers", ours, "lxc-ls -f",
              median(lambda _: run("lxc-ls", "-f", "-P", LXC), 2))


def main():
    table = Table()
    measure_create(table)
    measure_start(table)
    if shutil.which("vzlist"):
        measure_list(table)
    for i in range(ROUNDS):
        run("lxc-stop", "-k", "-P", LXC, "-n", f"c{i}", check=False)
    table.show()
    for argv in (["vzctl", "status", "110"], ["vzctl", "exec3", "110", "true"], ["vzlist", "-a"]):
        if shutil.which(argv[0]):
            print(f"peak memory of {' '.join(argv):32} {peak_rss_kb(*argv) / 1024:5.1f} MB")


main()
