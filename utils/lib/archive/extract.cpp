// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/archive/extract.hpp"

#include "accounts.hpp"
#include "comparer.hpp"
#include "reader.hpp"
#include "writer.hpp"

#include "vz/sys/userns.hpp"

#include <cerrno>
#include <clocale>
#include <fcntl.h>
#include <functional>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
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

// From here on a bug in a decompressor or in libarchive owns the target folder and nothing else.
Result<void> lock_in(const sys::Dir& target) {
    ::setlocale(LC_CTYPE, "C.UTF-8"); // pax names are UTF-8; libarchive converts them to the locale's set
    if (::fchdir(target.fd()) != 0 || ::chroot(".") != 0)
        return sys_fail(errno, Errc::system, "chroot to the target folder");
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    return drop_capabilities();
}

Result<void> check_space(const sys::Dir& target, std::uint64_t needed) {
    struct statvfs space {};
    if (::fstatvfs(target.fd(), &space) == 0 && needed / space.f_frsize > space.f_bavail)
        return fail(Errc::no_disk_space, "{} MiB needed, {} MiB free", needed >> 20,
                    (space.f_bavail * space.f_frsize) >> 20);
    return {};
}

Result<Summary> confined(const ExtractRequest& request, const std::function<Result<Summary>(int)>& work) {
    const sys::Fd fd(::open(request.file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct stat st {};
    if (!fd || ::fstat(fd.get(), &st) != 0)
        return sys_fail(errno, Errc::system, "open {}", request.file);
    if (!S_ISREG(st.st_mode))
        return fail(Errc::bad_template, "{}: not a regular file", request.file);
    VZ_TRY(sys::become_container_root(request.userns).context(request.file));
    VZ_TRY(lock_in(request.target).context(request.file));
    return work(fd.get()).context(request.file);
}

} // namespace

Result<Summary> check(const ExtractRequest& request) {
    return confined(request,
                    [&](int fd) { return read_archive(fd, request.limits, {"check"}, request.reporter); });
}

Result<Summary> extract(const ExtractRequest& request) {
    return confined(request, [&](int fd) -> Result<Summary> {
        AccountCollector collector;
        VZ_ASSIGN(const auto proven,
                  read_archive(fd, request.limits, {"check", &collector}, request.reporter));
        VZ_TRY(check_space(request.target, proven.bytes));
        Writer writer(request.target);
        return read_archive(fd, request.limits, {"unpack", &writer, &collector.accounts()}, request.reporter);
    });
}

Result<Summary> compare(const ExtractRequest& request) {
    return confined(request, [&](int fd) {
        Comparer comparer(request.target);
        const auto accounts = accounts_of(request.target);
        return read_archive(fd, request.limits, {"compare", &comparer, &accounts}, request.reporter);
    });
}

} // namespace vz::archive
