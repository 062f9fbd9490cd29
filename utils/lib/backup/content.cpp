// SPDX-License-Identifier: GPL-2.0-or-later
#include "content.hpp"

#include "tar.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <thread>
#include <unistd.h>

namespace vz::backup {

namespace {

// The pieces of a file that are no holes; nothing if the file system does not tell. One of size 0 says where
// a hole at the end of the file ends.
std::optional<std::vector<Extent>> extents_of(int fd, std::uint64_t size) {
    std::vector<Extent> out;
    const auto end = static_cast<off_t>(size);
    off_t at = 0;
    while (at < end) {
        const off_t data = ::lseek(fd, at, SEEK_DATA);
        if (data < 0 && errno == ENXIO) // nothing but a hole from here on
            break;
        const off_t hole = data < 0 ? -1 : ::lseek(fd, data, SEEK_HOLE);
        if (hole < 0)
            return std::nullopt;
        if (data >= end)
            break;
        at = std::min(hole, end);
        out.push_back({static_cast<std::uint64_t>(data), static_cast<std::uint64_t>(at - data)});
    }
    if (at < end || out.empty())
        out.push_back({size, 0});
    return out;
}

} // namespace

void Throttle::passed(std::uint64_t bytes) {
    if (m_rate == 0)
        return;
    m_bytes += bytes;
    const std::chrono::duration<double> due(static_cast<double>(m_bytes) / static_cast<double>(m_rate));
    std::this_thread::sleep_until(m_since + std::chrono::duration_cast<std::chrono::nanoseconds>(due));
}

Result<void> MemberWriter::write(const Entry& entry) {
    VZ_TRY(m_out.cut_if_full());
    return m_out.write(tar_header(entry));
}

Result<void> MemberWriter::write_file(Entry& entry, int fd, std::uint64_t blocks) {
    VZ_TRY(m_out.cut_if_full());
    const auto extents =
        blocks * 512 < entry.size ? extents_of(fd, entry.size) : std::optional<std::vector<Extent>>();
    entry.holes = extents && (extents->size() != 1 || extents->front().size != entry.size);
    VZ_TRY(m_out.write(tar_header(entry, entry.holes ? &*extents : nullptr)));
    m_digest = archive::Sha256();
    std::uint64_t stored = 0;
    for (const auto& extent : entry.holes ? *extents : std::vector<Extent>{{0, entry.size}}) {
        VZ_TRY(copy(fd, extent.offset, extent.size));
        stored += extent.size;
    }
    if (entry.size > 0)
        entry.sha256 = m_digest.hex();
    return m_out.write(tar_padding(stored));
}

Result<void> MemberWriter::copy(int fd, std::uint64_t offset, std::uint64_t size) {
    while (size > 0) {
        VZ_ASSIGN(const auto room, m_out.room());
        const auto wanted = std::min<std::uint64_t>(room.size, size);
        const auto n = ::pread(fd, room.data, wanted, static_cast<off_t>(offset));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return sys_fail(errno, Errc::failed, "read");
        const auto got = n > 0 ? static_cast<std::size_t>(n) : wanted;
        if (n == 0)
            std::memset(room.data, 0, got);
        m_digest.update(std::string_view(room.data, got));
        m_out.used(got);
        m_throttle.passed(got);
        m_bytes_read += got;
        offset += got;
        size -= got;
    }
    return {};
}

} // namespace vz::backup
