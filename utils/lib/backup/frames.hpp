// SPDX-License-Identifier: GPL-2.0-or-later
// A zstd file (RFC 8878) of independent frames, each with a checksum of its content, that are compressed side
// by side. Behind them a skippable frame lists their sizes ("zstd seekable format", contrib/seekable_format
// of zstd), so that a reader may begin at any frame; every other reader ignores it.
#pragma once

#include "vz/archive/digest.hpp"
#include "vz/backup/head.hpp"
#include "vz/base/result.hpp"

#include <cstdint>
#include <deque>
#include <future>
#include <string>
#include <string_view>
#include <vector>

namespace vz::backup {

class FrameWriter {
public:
    explicit FrameWriter(int fd); // borrowed, written from its position

    // Where the next bytes go, never empty; valid until the next call. used() takes so many of them in.
    struct Room {
        char* data;
        std::size_t size;
    };
    Result<Room> room();
    void used(std::size_t size) { m_filled += size; }

    Result<void> write(std::string_view data);

    // A reader may want to begin here.
    Result<void> cut_if_full();

    std::uint64_t written() const { return m_taken + m_filled; } // of uncompressed bytes

    // Ends the file; durable on return. The part's name is the caller's to fill in.
    Result<Part> finish();

private:
    struct Frame {
        std::string data;
        std::uint32_t content = 0; // bytes when uncompressed
    };
    Result<void> end_frame();
    Result<void> settle_oldest();
    Result<void> put(std::string_view data);

    int m_fd;
    std::string m_buffer;
    std::size_t m_filled = 0;
    std::uint64_t m_taken = 0;
    std::deque<std::future<Result<Frame>>> m_working;              // in the order of the file
    std::vector<std::pair<std::uint32_t, std::uint32_t>> m_frames; // compressed, uncompressed
    std::uint64_t m_size = 0;
    archive::Sha256 m_digest;
};

} // namespace vz::backup
