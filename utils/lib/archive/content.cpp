// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/archive/content.hpp"

#include <cerrno>
#include <sys/xattr.h>
#include <unistd.h>

namespace vz::archive {

namespace {

Result<void> pwrite_all(int fd, std::string_view data, std::uint64_t offset) {
    while (!data.empty()) {
        const ssize_t n = ::pwrite(fd, data.data(), data.size(), static_cast<off_t>(offset));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return write_error(errno, "write");
        data.remove_prefix(static_cast<std::size_t>(n));
        offset += static_cast<std::uint64_t>(n);
    }
    return {};
}

} // namespace

Result<void> write_block(int fd, const Block& block, std::uint64_t& end) {
    constexpr std::uint64_t k_page = 4096;
    const auto write = [&](std::size_t from, std::size_t to) -> Result<void> {
        if (from == to)
            return {};
        end = block.offset + to;
        return pwrite_all(fd, block.data.substr(from, to - from), block.offset + from);
    };
    std::size_t begin = 0; // of what is to be written next
    for (std::size_t at = 0; at < block.data.size();) {
        const auto page = block.data.substr(at, k_page - (block.offset + at) % k_page);
        if (all_zero(page)) {
            VZ_TRY(write(begin, at));
            begin = at + page.size();
        }
        at += page.size();
    }
    return write(begin, block.data.size());
}

Result<void> end_content(int fd, std::uint64_t end, std::uint64_t size) {
    if (end != size && ::ftruncate(fd, static_cast<off_t>(size)) != 0)
        return write_error(errno, "ftruncate");
    return {};
}

Result<void> set_attributes(int fd, const Attributes& attributes) {
    for (const auto& [name, value] : attributes)
        if (::fsetxattr(fd, name.c_str(), value.data(), value.size(), 0) != 0)
            return write_error(errno, format("set the attribute {}", name));
    return {};
}

Error write_error(int err, std::string_view call) {
    const bool full = err == ENOSPC || err == EDQUOT;
    return sys_fail(err, full ? Errc::no_disk_space : Errc::create_private, "{}", call);
}

} // namespace vz::archive
