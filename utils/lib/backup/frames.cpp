// SPDX-License-Identifier: GPL-2.0-or-later
#include "frames.hpp"

#include "vz/sys/fd.hpp"

#include <algorithm>
#include <cerrno>
#include <endian.h>
#include <memory>
#include <new>
#include <thread>
#include <unistd.h>
#include <zstd.h>

namespace vz::backup {

namespace {

// As zstd(1) does by default; a frame of this size packs but half a percent worse than one for all.
constexpr int k_level = 3;
constexpr std::size_t k_frame = 8 << 20;
constexpr std::size_t k_full = k_frame - k_frame / 8; // a frame that ends at a good place may be smaller

constexpr std::uint32_t k_skippable = 0x184D2A5E; // seekable format: the seek table's frame
constexpr std::uint32_t k_table_magic = 0x8F92EAB1;

struct FreeCompressor {
    void operator()(ZSTD_CCtx* context) const { ::ZSTD_freeCCtx(context); }
};

std::size_t workers() {
    return std::clamp(std::thread::hardware_concurrency(), 1U, 8U);
}

void put_u32(std::string& out, std::uint32_t value) {
    const auto little = htole32(value);
    out.append(reinterpret_cast<const char*>(&little), sizeof little);
}

Result<std::string> compressed(const std::string& content) {
    const std::unique_ptr<ZSTD_CCtx, FreeCompressor> context(::ZSTD_createCCtx());
    if (!context)
        throw std::bad_alloc();
    ::ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, k_level);
    ::ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
    std::string out(::ZSTD_compressBound(content.size()), '\0');
    const auto size = ::ZSTD_compress2(context.get(), out.data(), out.size(), content.data(), content.size());
    if (::ZSTD_isError(size))
        return fail(Errc::system, "zstd: {}", ::ZSTD_getErrorName(size));
    out.resize(size);
    return out;
}

} // namespace

FrameWriter::FrameWriter(int fd) : m_fd(fd), m_buffer(k_frame, '\0') {}

Result<FrameWriter::Room> FrameWriter::room() {
    if (m_filled == m_buffer.size())
        VZ_TRY(end_frame());
    return Room{m_buffer.data() + m_filled, m_buffer.size() - m_filled};
}

Result<void> FrameWriter::write(std::string_view data) {
    while (!data.empty()) {
        VZ_ASSIGN(const auto room, this->room());
        const auto size = std::min(room.size, data.size());
        std::copy_n(data.data(), size, room.data);
        used(size);
        data.remove_prefix(size);
    }
    return {};
}

Result<void> FrameWriter::cut_if_full() {
    return m_filled >= k_full ? end_frame() : Result<void>();
}

Result<void> FrameWriter::end_frame() {
    if (m_filled == 0)
        return {};
    while (m_working.size() > workers())
        VZ_TRY(settle_oldest());
    m_buffer.resize(m_filled);
    m_taken += m_filled;
    m_filled = 0;
    m_working.push_back(
        std::async(std::launch::async,
                   [content = std::exchange(m_buffer, std::string(k_frame, '\0'))]() -> Result<Frame> {
                       VZ_ASSIGN(auto data, compressed(content));
                       return Frame{std::move(data), static_cast<std::uint32_t>(content.size())};
                   }));
    return {};
}

Result<void> FrameWriter::settle_oldest() {
    auto done = m_working.front().get();
    m_working.pop_front();
    VZ_ASSIGN(const auto frame, std::move(done));
    m_frames.emplace_back(static_cast<std::uint32_t>(frame.data.size()), frame.content);
    return put(frame.data);
}

Result<void> FrameWriter::put(std::string_view data) {
    m_digest.update(data);
    m_size += data.size();
    return sys::write_all(m_fd, data);
}

Result<Part> FrameWriter::finish() {
    VZ_TRY(end_frame());
    while (!m_working.empty())
        VZ_TRY(settle_oldest());
    std::string table;
    for (const auto& [packed, content] : m_frames) {
        put_u32(table, packed);
        put_u32(table, content);
    }
    put_u32(table, static_cast<std::uint32_t>(m_frames.size()));
    table += '\0'; // no checksums of ours: each frame has its own
    put_u32(table, k_table_magic);
    std::string head;
    put_u32(head, k_skippable);
    put_u32(head, static_cast<std::uint32_t>(table.size()));
    VZ_TRY(put(head + table));
    if (::fsync(m_fd) != 0)
        return sys_fail(errno, errno == ENOSPC ? Errc::no_disk_space : Errc::system, "fsync");
    return Part{{}, m_size, m_digest.hex()};
}

} // namespace vz::backup
