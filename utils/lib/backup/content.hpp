// SPDX-License-Identifier: GPL-2.0-or-later
// Writes files as members of a tar archive and tells the digest of what they hold.
#pragma once

#include "frames.hpp"
#include "vz/backup/entry.hpp"

#include <chrono>
#include <functional>

namespace vz::backup {

// Keeps reading below a rate.
class Throttle {
public:
    explicit Throttle(std::uint64_t bytes_per_second) : m_rate(bytes_per_second) {}
    void passed(std::uint64_t bytes);

private:
    std::uint64_t m_rate;
    std::uint64_t m_bytes = 0;
    std::chrono::steady_clock::time_point m_since = std::chrono::steady_clock::now();
};

class MemberWriter {
public:
    MemberWriter(FrameWriter& out, std::uint64_t bytes_per_second)
        : m_out(out), m_throttle(bytes_per_second) {}

    // A member without content.
    Result<void> write(const Entry& entry);

    // A regular file, open at `fd`. Fills in its digest. A file that shrinks meanwhile is filled up with
    // zeros: its times say that it has to be read again.
    Result<void> write_file(Entry& entry, int fd, std::uint64_t blocks);

    std::uint64_t bytes_read() const { return m_bytes_read; }

private:
    Result<void> copy(int fd, std::uint64_t offset, std::uint64_t size);

    FrameWriter& m_out;
    Throttle m_throttle;
    archive::Sha256 m_digest;
    std::uint64_t m_bytes_read = 0;
};

} // namespace vz::backup
