// SPDX-License-Identifier: GPL-2.0-or-later
// What killed commands leave: temporary files and lock files.
#include "catch.hpp"

#include "vz/base/format.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/lock.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <unistd.h>

using namespace vz;

namespace {

struct Folder {
    std::string path = "/tmp/vz-killed-XXXXXX";
    Folder() { REQUIRE(::mkdtemp(path.data())); }
    ~Folder() { (void)sys::Dir::open("/tmp")->remove_tree(path.substr(5)); }
    std::string operator/(const std::string& name) const { return path + "/" + name; }
    void put(const std::string& name, const std::string& content = "x") const {
        std::ofstream(*this / name) << content;
    }
};

} // namespace

TEST_CASE("a writer sweeps what a killed writer of the same file left", "[sys]") {
    const Folder folder;
    for (const char* name :
         {"a.0123456789ab.tmp", "b.0123456789ab.tmp", "a.0123456789ax.tmp", "a.12.tmp", "a.tmp"})
        folder.put(name);
    REQUIRE(sys::write_file_atomic(folder / "a", "new"));
    CHECK_FALSE(sys::exists(folder / "a.0123456789ab.tmp"));
    for (const char* name : {"b.0123456789ab.tmp", "a.0123456789ax.tmp", "a.12.tmp", "a.tmp"})
        CHECK(sys::exists(folder / name));
    sys::sweep_temporaries(folder.path);
    CHECK_FALSE(sys::exists(folder / "b.0123456789ab.tmp"));
    CHECK(sys::exists(folder / "a.tmp"));
}

TEST_CASE("the temporary file of a living writer is left alone", "[sys]") {
    const Folder folder;
    folder.put("a.0123456789ab.tmp");
    {
        const sys::Fd writer(::open((folder / "a.0123456789ab.tmp").c_str(), O_WRONLY | O_CLOEXEC));
        struct flock request {};
        request.l_type = F_WRLCK;
        REQUIRE(::fcntl(writer.get(), F_OFD_SETLK, &request) == 0);
        sys::sweep_temporaries(folder.path);
        CHECK(sys::exists(folder / "a.0123456789ab.tmp"));
    }
    sys::sweep_temporaries(folder.path);
    CHECK_FALSE(sys::exists(folder / "a.0123456789ab.tmp"));
}

TEST_CASE("the lock file of useradd counts while its process lives", "[sys]") {
    const Folder folder;
    const auto path = folder / "subuid.lock";
    folder.put("subuid.lock", format("{}", ::getppid()) + '\0');
    CHECK_FALSE(*sys::FileLock::acquire(path, ""));
    folder.put("subuid.lock", std::string("4194303") + '\0');
    const auto lock = sys::FileLock::acquire(path, "");
    REQUIRE(lock);
    REQUIRE(*lock);
    // What useradd can read, should we be killed now.
    CHECK(**sys::read_file(path) == format("{}", ::getpid()) + '\0');
}
