// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/archive/confine.hpp"

#include "vz/sys/userns.hpp"

#include <cerrno>
#include <clocale>
#include <cstdint>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace vz::archive {

namespace {

constexpr std::uint32_t bit(int capability) {
    return 1U << capability;
}

// What it takes to give files away and set their attributes; all of it only inside the user namespace.
constexpr std::uint32_t k_kept =
    bit(CAP_CHOWN) | bit(CAP_DAC_OVERRIDE) | bit(CAP_FOWNER) | bit(CAP_FSETID) | bit(CAP_SETFCAP);

Result<void> drop_capabilities() {
    __user_cap_header_struct header{};
    header.version = _LINUX_CAPABILITY_VERSION_3;
    __user_cap_data_struct data[2]{};
    data[0].effective = data[0].permitted = k_kept; // data[1]: capabilities from 32 up, none
    if (::syscall(SYS_capset, &header, data) != 0)
        return sys_fail(errno, Errc::system, "drop capabilities");
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return sys_fail(errno, Errc::system, "no_new_privs");
    return {};
}

Result<void> lock_in(const sys::Dir& target) {
    ::setlocale(LC_CTYPE, "C.UTF-8"); // pax names are UTF-8; libarchive converts them to the locale's set
    if (::fchdir(target.fd()) != 0 || ::chroot(".") != 0)
        return sys_fail(errno, Errc::system, "chroot to the target folder");
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    return drop_capabilities();
}

} // namespace

Result<sys::Fd> open_file(const std::string& path) {
    sys::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct stat st {};
    if (!fd || ::fstat(fd.get(), &st) != 0)
        return sys_fail(errno, Errc::system, "open {}", path);
    if (!S_ISREG(st.st_mode))
        return fail(Errc::bad_template, "{}: not a regular file", path);
    return fd;
}

Result<void> confine(const sys::Dir& target, const sys::Fd& userns) {
    VZ_TRY(sys::become_container_root(userns));
    return lock_in(target);
}

} // namespace vz::archive
