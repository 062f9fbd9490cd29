// SPDX-License-Identifier: GPL-2.0-or-later
#include "catch.hpp"

#include "vz/sys/file.hpp"
#include "vz/sys/lock.hpp"
#include "vz/sys/process.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <functional>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace vz;

TEST_CASE("a program keeps the locks that are held, and they are known", "[sys]") {
    char folder[] = "/tmp/vz-locks-test.XXXXXX";
    REQUIRE(::mkdtemp(folder));
    const auto path = folder + std::string("/lock");
    const auto before = sys::held_locks();
    {
        auto taken = sys::FileLock::acquire(path, "test");
        REQUIRE((taken && *taken));
        const auto lock = std::move(**taken); // moved, it is the same one
        auto held = sys::held_locks();
        REQUIRE(held.size() == before.size() + 1);
        CHECK(held.back() == lock.fd());

        sys::Command command({"readlink", "/proc/self/fd/" + std::to_string(lock.fd())});
        CHECK(sys::run(command)->out.empty());
        command.keep_fds = std::move(held);
        CHECK(sys::run(command)->out == path + "\n");
    }
    CHECK(sys::held_locks() == before);
    ::rmdir(folder);
}

namespace {

void wait_for(const std::function<bool()>& condition) {
    for (int tries = 0; tries < 500 && !condition(); ++tries)
        ::usleep(20'000);
    REQUIRE(condition());
}

} // namespace

TEST_CASE("a lock lasts until a program that changes things has ended, though we are killed", "[sys]") {
    char folder[] = "/tmp/vz-locks-test.XXXXXX";
    REQUIRE(::mkdtemp(folder));
    const auto path = folder + std::string("/lock");
    const auto go = folder + std::string("/go");
    REQUIRE(::mkfifo(go.c_str(), 0600) == 0);
    // Closes, as LVM does, whatever it does not know; ends when it reads a line.
    sys::Command command(
        {"bash", "-c",
         "for fd in $(seq 3 20); do eval \"exec $fd<&-\"; done; : >\"$1.begun\"; read -r line <\"$1\"", "sh",
         go});
    command.holds_our_locks = true;
    const pid_t killed = ::fork();
    if (killed == 0) {
        const auto lock = sys::FileLock::acquire(path, "test");
        (void)sys::run(command);
        ::_exit(0);
    }
    wait_for([&] { return sys::exists(go + ".begun"); });
    ::kill(killed, SIGKILL);
    REQUIRE(::waitpid(killed, nullptr, 0) == killed);
    CHECK(sys::is_locked(path));
    const sys::Fd writer(::open(go.c_str(), O_WRONLY | O_CLOEXEC));
    CHECK(::write(writer.get(), "\n", 1) == 1);
    wait_for([&] { return !sys::is_locked(path); });
    for (const auto& name : {path, go, go + ".begun"})
        ::unlink(name.c_str());
    ::rmdir(folder);
}

TEST_CASE("who holds our locks tells how its program ended", "[sys]") {
    for (const auto& [text, status] : {std::pair("exit 7", 7), std::pair("kill -TERM $$", 128 + SIGTERM)}) {
        sys::Command command({"sh", "-c", std::string("echo said; ") + text});
        command.holds_our_locks = true;
        const auto exited = sys::run(command);
        REQUIRE(exited);
        CHECK(exited->status == status);
        CHECK(exited->out == "said\n");
    }
    sys::Command absent({"/does/not/exist"});
    absent.holds_our_locks = true;
    CHECK(sys::run(absent).error().sys_errno == ENOENT);
}
