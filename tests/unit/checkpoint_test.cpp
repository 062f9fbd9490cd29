// SPDX-License-Identifier: GPL-2.0-or-later
#include "catch.hpp"
#include "vz/checkpoint/check.hpp"
#include "vz/checkpoint/criu.hpp"
#include "vz/checkpoint/group_tree.hpp"
#include "vz/checkpoint/images.hpp"

#include <algorithm>
#include <sys/socket.h>

using namespace vz;
using namespace vz::checkpoint;

namespace {

Process process(pid_t inside, const std::string& command) {
    Process made;
    made.pid = 1000 + inside;
    made.inside = inside;
    made.command = command;
    made.namespaces = {{"mnt", "mnt:[1]"}, {"uts", "uts:[1]"}, {"user", "user:[1]"}};
    return made;
}

Survey survey_of(const Process& other) {
    Survey survey;
    survey.processes = {process(1, "systemd"), other};
    survey.mounts["mnt:[1]"] = {{"/", "overlay"}, {"/proc", "proc"}};
    survey.shown_by["mnt:[1]"] = 1001;
    return survey;
}

std::vector<std::string> told(const Survey& survey, const std::vector<std::string>& from_host = {}) {
    std::vector<std::string> lines;
    for (const auto& obstacle : judge(survey, from_host))
        lines.push_back(obstacle_text(obstacle));
    return lines;
}

std::vector<std::string> told_of_file(const OpenFile& file) {
    auto one = process(7, "prog");
    one.files = {file};
    return told(survey_of(one));
}

OpenFile socket_file(int family, int type, int protocol) {
    OpenFile file{4, "socket:[99]", family, type, protocol, ""};
    return file;
}

} // namespace

TEST_CASE("ordinary processes can be checkpointed", "[checkpoint]") {
    CHECK(told(Survey{}).empty());
    CHECK(told(survey_of(process(7, "nginx"))).empty());
    for (const char* target : {"/var/log/x", "pipe:[3]", "anon_inode:[eventpoll]", "anon_inode:inotify",
                               "anon_inode:[timerfd]", "anon_inode:[pidfd]", "/memfd:x (deleted)"})
        CHECK(told_of_file({3, target, {}, {}, {}, ""}).empty());
    CHECK(told_of_file({0, "/dev/null", {}, {}, {}, "c 1:3"}).empty());
    CHECK(told_of_file({0, "/dev/pts/0", {}, {}, {}, "c 136:0"}).empty());
    CHECK(told_of_file(socket_file(AF_UNIX, SOCK_STREAM, 0)).empty());
    CHECK(told_of_file(socket_file(AF_INET, SOCK_STREAM, 6)).empty());
    CHECK(told_of_file(socket_file(AF_INET6, SOCK_RAW, 58)).empty());
    CHECK(told_of_file({4, "socket:[99]", {}, {}, {}, ""}).empty());
}

TEST_CASE("what CRIU cannot dump is told with process, file and remedy", "[checkpoint]") {
    CHECK(told_of_file({5, "anon_inode:[io_uring]", {}, {}, {}, ""}) ==
          std::vector<std::string>{"process 7 (prog), file 5: uses io_uring; end the program, or tell it to "
                                   "do without (io_uring=no)"});
    for (const char* target :
         {"anon_inode:bpf-prog", "anon_inode:bpf-map", "anon_inode:[perf_event]", "anon_inode:[userfaultfd]",
          "/secretmem (deleted)", "anon_inode:kvm-vm", "anon_inode:[something-new]"})
        CHECK(told_of_file({5, target, {}, {}, {}, ""}).size() == 1);
    CHECK(told_of_file({5, "/dev/fuse", {}, {}, {}, "c 10:229"}).front().find("FUSE") != std::string::npos);
    CHECK(told_of_file({5, "/dev/sda", {}, {}, {}, "b 8:0"}).size() == 1);
    CHECK(told_of_file(socket_file(AF_INET, SOCK_DGRAM, 1)).front().find("ICMP") != std::string::npos);
    CHECK(told_of_file(socket_file(AF_VSOCK, SOCK_STREAM, 0)).size() == 1);
}

TEST_CASE("names from the container reach no terminal as they are", "[checkpoint]") {
    auto one = process(7, "evil\x1b[2J");
    one.tracer = 12;
    CHECK(told(survey_of(one)).front().find('\x1b') == std::string::npos);
    CHECK(told_of_file({5, "anon_inode:[\x1b]", {}, {}, {}, ""}).front().find('\x1b') == std::string::npos);
}

TEST_CASE("namespaces of their own and debuggers are told", "[checkpoint]") {
    for (const char* kind : {"uts", "user"}) {
        auto one = process(7, "unshare");
        one.namespaces[kind] = "other";
        CHECK(told(survey_of(one)).size() == 1);
    }
    auto sandboxed = process(7, "httpd");
    sandboxed.namespaces["mnt"] = "mnt:[2]";
    CHECK(told(survey_of(sandboxed)).empty());
    auto traced = process(7, "prog");
    traced.tracer = 1009;
    CHECK(told(survey_of(traced)).front().find("traced") != std::string::npos);
}

TEST_CASE("of who came in from the host only that is told", "[checkpoint]") {
    auto one = process(7, "bash");
    one.entered = true;
    one.files = {{5, "anon_inode:[io_uring]", {}, {}, {}, ""}};
    const auto lines = told(survey_of(one));
    REQUIRE(lines.size() == 1);
    CHECK(lines.front().find("vzctl exec") != std::string::npos);
}

TEST_CASE("file systems are judged by what CRIU can mount again", "[checkpoint]") {
    auto survey = survey_of(process(7, "prog"));
    auto& mounts = survey.mounts["mnt:[1]"];
    mounts.push_back({"/run/credentials/a.service", "ramfs"});
    mounts.push_back({"/sys/kernel/config", "configfs"});
    mounts.push_back({"/proc/meminfo", "fuse.lxcfs"});
    CHECK(told(survey, {"/proc/meminfo"}).empty());
    CHECK(told(survey).size() == 1);
    mounts.push_back({"/mnt/remote", "fuse.sshfs"});
    const auto lines = told(survey, {"/proc/meminfo"});
    REQUIRE(lines.size() == 1);
    CHECK(lines.front() == "file system fuse.sshfs is mounted on /mnt/remote; unmount it");
}

TEST_CASE("mounts are read from the kernel's list", "[checkpoint]") {
    const auto mounts = parse_mounts("36 35 98:0 / /a rw master:1 - ext4 /dev/root rw\n"
                                     "37 36 0:5 / /proc rw - proc proc rw\nbroken\n");
    REQUIRE(mounts.size() == 2);
    CHECK(mounts[0].target == "/a");
    CHECK(mounts[0].type == "ext4");
    CHECK(mounts[1].type == "proc");
}

TEST_CASE("versions are read and compared", "[checkpoint]") {
    CHECK(parse_version("Version: 4.1.1\nGitID: v4.1.1") == Version{4, 1});
    CHECK(parse_version("6.12.38+deb13-amd64") == Version{6, 12});
    CHECK(parse_version("6") == Version{6, 0});
    CHECK(!parse_version("unknown"));
    CHECK(!version_obstacle({4, 1}, {6, 12}));
    CHECK(!version_obstacle({3, 17}, {6, 1}));
    CHECK(version_obstacle({3, 17}, {6, 12}));
    CHECK(version_obstacle({3, 16}, {6, 1}));
}

TEST_CASE("the first complaint of CRIU is found", "[checkpoint]") {
    CHECK(first_error("(00.1) Warn  (criu/x.c:1): a\n(00.2) Error (criu/mount.c:720): mnt: FS x unsupported\n"
                      "(00.3) Error (criu/cr-dump.c:2): Dumping FAILED.\n") == "mnt: FS x unsupported");
    CHECK(first_error("(00.1) nothing").empty());
    CHECK(is_transient("netlink: The socket has data to read"));
    CHECK(!is_transient("mnt: FS x unsupported"));
}

TEST_CASE("the call of CRIU names what it has to", "[checkpoint]") {
    DumpRequest request;
    request.init = 4711;
    request.images = "/dump/x";
    request.group = "/sys/fs/cgroup/vz/a";
    request.from_host = {"proc/meminfo"};
    request.devices = {"venet0"};
    auto argv = dump_command(request);
    const auto has = [&](const std::string& word) {
        return std::find(argv.begin(), argv.end(), word) != argv.end();
    };
    CHECK(has("4711"));
    CHECK(has("/proc/meminfo:proc/meminfo"));
    CHECK(has("veth[venet0]"));
    CHECK(!has("--leave-running"));
    request.leave_running = true;
    argv = dump_command(request);
    CHECK(has("--leave-running"));
}

TEST_CASE("control groups are kept as text", "[checkpoint]") {
    GroupTree tree(2);
    tree[0] = {".", {"memory", "pids"}, {{"", 100000, 100000, 0755}}, {{"memory.max", "1048576"}}};
    tree[1] = {"system.slice/od\xc3\xa9 d|x", {}, {{"", 1, 2, 0750}, {"cgroup.procs", 1, 2, 0644}}, {}};
    const auto read = parse_group_tree(to_text(tree));
    REQUIRE(read);
    CHECK(*read == tree);
}

TEST_CASE("control groups that lead elsewhere are refused", "[checkpoint]") {
    CHECK(!parse_group_tree("nonsense"));
    CHECK(!parse_group_tree(R"([{"path":"a","files":[{"name":"../x","uid":0,"gid":0,"mode":0}]}])"));
    CHECK(!parse_group_tree(R"([{"path":"a","limits":[["../../memory.max","0"]]}])"));
    CHECK(!parse_group_tree(R"([{"path":""}])"));
}

TEST_CASE("mounts of one file of the control groups are recognised", "[checkpoint]") {
    const auto roots =
        group_mounts("139 1 0:5 /vz/a /sys/fs/cgroup rw - cgroup2 cgroup rw\n"
                     "273 1 0:5 /vz/a/b.service/memory.pressure /sys/fs/cgroup/b.service/memory.pressure rw "
                     "- cgroup2 x rw\n"
                     "274 1 0:5 /vz/ab /x rw - cgroup2 x rw\n275 1 0:6 /vz/a/x /y rw - ext4 x rw\n",
                     "/vz/a");
    CHECK(roots == MountRoots{{273, "/b.service/memory.pressure"}});
}

TEST_CASE("the image of mounts gets their roots, and keeps the rest", "[checkpoint]") {
    using namespace std::string_literals;
    const auto entry = [](const std::string& root) {
        const auto body = "\x08\x16\x10\x91\x02"s + "\x32" + static_cast<char>(root.size()) + root +
                          "\x3a\x02/m\x2d"s + "\1\2\3\4"s;
        return std::string(1, static_cast<char>(body.size())) + "\0\0\0"s + body;
    };
    const auto magic = "\1\2\3\4\5\6\7\x8"s;
    const MountRoots roots{{273, "/b/memory.pressure"}}; // 273 is 91 02
    const auto mended = mended_image(magic + entry("/") + entry("/other"), roots, {});
    REQUIRE(mended);
    CHECK(*mended == magic + entry("/b/memory.pressure") + entry("/other"));
    const auto whole = magic + entry("/");
    CHECK(*mended_image(whole, {}, {}) == whole);
    for (std::size_t size = magic.size() + 1; size < whole.size(); ++size)
        CHECK(!mended_image(whole.substr(0, size), roots, {}));
    CHECK(!mounts_in(""));
}

TEST_CASE("mounts of different parts do not propagate in one group", "[checkpoint]") {
    CHECK(outsiders({{1, "/", 5, 0}, {2, "/a", 5, 0}, {3, "/a", 0, 5}, {4, "/b", 0, 0}}).empty());
    CHECK(outsiders({{1, "/p/a", 0, 5}, {2, "/p/bb", 0, 5}, {3, "/p/ccc", 0, 5}}) ==
          std::set<std::uint64_t>{2, 3});
    CHECK(outsiders({{1, "/p/a", 0, 5}, {2, "/p/ab", 0, 5}}) == std::set<std::uint64_t>{2});
}

TEST_CASE("a mount that stands alone is in no group", "[checkpoint]") {
    using namespace std::string_literals;
    const auto image = "\1\2\3\4\5\6\7\x8\x0d\0\0\0"s + "\x10\x05\x28\x80\x80\x40\x32\x01/\x50\x07\x58\x09"s;
    const auto before = mounts_in(image);
    REQUIRE(before);
    REQUIRE(before->size() == 1);
    CHECK(before->front().shared == 7);
    CHECK(before->front().master == 9);
    const auto mended = mended_image(image, {}, {5});
    REQUIRE(mended);
    const auto after = mounts_in(*mended);
    REQUIRE(after);
    CHECK(after->front().shared == 0);
    CHECK(after->front().master == 0);
    CHECK(mended->find("\x28\x80\x80\x40") == std::string::npos);
}
