// SPDX-License-Identifier: GPL-2.0-or-later
#include "catch.hpp"

#include "vz/sys/lock.hpp"
#include "vz/sys/process.hpp"

#include <algorithm>
#include <cstdlib>
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
