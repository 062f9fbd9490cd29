// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/archive/kind.hpp"

#include "magic.hpp"

#include "vz/sys/fd.hpp"

#include <cerrno>
#include <fcntl.h>
#include <string_view>
#include <unistd.h>

namespace vz::archive {

namespace {

bool begins_with(std::string_view data, std::string_view magic) {
    return data.substr(0, magic.size()) == magic;
}

bool is_zstd(std::string_view head) {
    const bool skippable = head.size() >= 4 && (static_cast<unsigned char>(head[0]) & 0xf0) == 0x50 &&
                           begins_with(head.substr(1), "\x2a\x4d\x18"); // parallel compressors begin with one
    return skippable || begins_with(head, "\x28\xb5\x2f\xfd");
}

} // namespace

Result<Compression> compression_of(int fd) {
    char first[6] = {};
    const auto n = ::pread(fd, first, sizeof first, 0);
    if (n < 0)
        return sys_fail(errno, Errc::system, "read the archive");
    const std::string_view head(first, static_cast<std::size_t>(n));
    if (begins_with(head, "\x1f\x8b"))
        return Compression::gzip;
    if (begins_with(head, "BZh"))
        return Compression::bzip2;
    if (begins_with(head, std::string_view("\xfd"
                                           "7zXZ\0",
                                           6)))
        return Compression::xz;
    return is_zstd(head) ? Compression::zstd : Compression::none;
}

Result<std::string> archive_suffix(const std::string& path) {
    const sys::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!fd)
        return sys_fail(errno, Errc::system, "open {}", path);
    VZ_ASSIGN(const auto kind, compression_of(fd.get()));
    switch (kind) {
    case Compression::gzip:
        return std::string(".tar.gz");
    case Compression::bzip2:
        return std::string(".tar.bz2");
    case Compression::xz:
        return std::string(".tar.xz");
    case Compression::zstd:
        return std::string(".tar.zst");
    case Compression::none:
        break;
    }
    return std::string(".tar");
}

} // namespace vz::archive
