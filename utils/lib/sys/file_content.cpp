// SPDX-License-Identifier: GPL-2.0-or-later
#include "file_content.hpp"

#include "vz/base/text.hpp"
#include "vz/sys/tree_copy.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <unistd.h>

namespace vz::sys {

namespace {

constexpr std::size_t k_block = 1 << 20;

Result<void> copy_range(int from, int to, off_t begin, off_t end) {
    thread_local std::string buffer(k_block, '\0');
    for (off_t at = begin; at < end;) {
        const auto wanted = std::min<std::size_t>(buffer.size(), static_cast<std::size_t>(end - at));
        const auto n = ::pread(from, buffer.data(), wanted, at);
        if (n == 0)
            return {}; // became shorter meanwhile
        if (n < 0)
            return sys_fail(errno, Errc::system, "read");
        for (ssize_t done = 0; done < n;) {
            const auto w = ::pwrite(to, buffer.data() + done, static_cast<std::size_t>(n - done), at + done);
            if (w < 0)
                return copy_error(errno, "write", "");
            done += w;
        }
        at += n;
    }
    return {};
}

} // namespace

Error copy_error(int err, std::string_view call, std::string_view path) {
    const bool full = err == ENOSPC || err == EDQUOT;
    return sys_fail(err, full ? Errc::no_disk_space : Errc::system, "{} {}", call, text::printable(path));
}

Result<void> copy_data(int from, int to, off_t size) {
    for (off_t at = 0; at < size;) {
        const auto begin = ::lseek(from, at, SEEK_DATA);
        if (begin < 0 && errno == ENXIO)
            break;
        if (begin < 0)
            return sys_fail(errno, Errc::system, "seek");
        const auto end = ::lseek(from, begin, SEEK_HOLE);
        if (end < 0)
            return sys_fail(errno, Errc::system, "seek");
        VZ_TRY(copy_range(from, to, begin, std::min(end, size)));
        at = end;
    }
    if (::ftruncate(to, size) != 0)
        return copy_error(errno, "truncate", "");
    return {};
}

Result<bool> same_content(int a, int b, off_t size) {
    thread_local std::string left(k_block, '\0'), right(k_block, '\0');
    for (off_t at = 0; at < size;) {
        const auto n = ::pread(a, left.data(), left.size(), at);
        if (n < 0)
            return sys_fail(errno, Errc::system, "read");
        if (n == 0)
            return false;
        if (::pread(b, right.data(), static_cast<std::size_t>(n), at) != n ||
            std::memcmp(left.data(), right.data(), static_cast<std::size_t>(n)) != 0)
            return false;
        at += n;
    }
    return true;
}

} // namespace vz::sys
