// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/archive/extract.hpp"

#include "accounts.hpp"
#include "comparer.hpp"
#include "reader.hpp"
#include "writer.hpp"

#include "vz/archive/confine.hpp"

#include <functional>
#include <sys/statvfs.h>

namespace vz::archive {

namespace {

Result<void> check_space(const sys::Dir& target, std::uint64_t needed) {
    struct statvfs space {};
    if (::fstatvfs(target.fd(), &space) == 0 && needed / space.f_frsize > space.f_bavail)
        return fail(Errc::no_disk_space, "{} MiB needed, {} MiB free", needed >> 20,
                    (space.f_bavail * space.f_frsize) >> 20);
    return {};
}

Result<Summary> confined(const ExtractRequest& request, const std::function<Result<Summary>(int)>& work) {
    VZ_ASSIGN(const auto fd, open_file(request.file));
    VZ_TRY(confine(request.target, request.userns).context(request.file));
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
