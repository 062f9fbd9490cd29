// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/archive/stream.hpp"

#include "magic.hpp"

#include "vz/base/text.hpp"

#include <archive.h>
#include <cerrno>
#include <string>
#include <unistd.h>
#include <vector>
#include <zlib.h>

namespace vz::archive {

namespace {

constexpr std::size_t k_piece = 256 << 10;

Result<std::string_view> read_piece(int fd, std::vector<char>& buffer) {
    for (;;) {
        const ssize_t n = ::read(fd, buffer.data(), buffer.size());
        if (n >= 0)
            return std::string_view(buffer.data(), static_cast<std::size_t>(n));
        if (errno != EINTR)
            return sys_fail(errno, Errc::system, "read the archive");
    }
}

class PlainStream : public Stream {
public:
    explicit PlainStream(int fd) : m_fd(fd), m_buffer(k_piece) {}
    Result<std::string_view> next() override { return read_piece(m_fd, m_buffer); }

private:
    int m_fd;
    std::vector<char> m_buffer;
};

// libarchive reads gzip too, but does not compare its checksum; zlib does.
class GzipStream : public Stream {
public:
    explicit GzipStream(int fd) : m_fd(fd), m_in(k_piece), m_out(k_piece) {
        if (::inflateInit2(&m_state, 15 + 16) != Z_OK) // 16: a gzip header, not a zlib one
            throw std::bad_alloc();
    }
    GzipStream(const GzipStream&) = delete;
    GzipStream& operator=(const GzipStream&) = delete;
    ~GzipStream() override { ::inflateEnd(&m_state); }

    Result<std::string_view> next() override {
        m_state.next_out = reinterpret_cast<Bytef*>(m_out.data());
        m_state.avail_out = static_cast<uInt>(m_out.size());
        while (m_state.avail_out == m_out.size()) {
            VZ_TRY(refill());
            if (m_state.avail_in == 0)
                return m_inside ? Result<std::string_view>(fail(Errc::bad_template, "truncated (gzip)"))
                                : std::string_view();
            VZ_TRY(step());
        }
        return std::string_view(m_out.data(), m_out.size() - m_state.avail_out);
    }

private:
    Result<void> refill() {
        if (m_state.avail_in != 0)
            return {};
        VZ_ASSIGN(const auto piece, read_piece(m_fd, m_in));
        m_state.next_in = reinterpret_cast<Bytef*>(m_in.data());
        m_state.avail_in = static_cast<uInt>(piece.size());
        return {};
    }

    Result<void> step() {
        m_inside = true;
        const int status = ::inflate(&m_state, Z_NO_FLUSH);
        if (status == Z_STREAM_END) {
            m_inside = false; // another member may follow: RFC 1952, 2.2
            ::inflateReset(&m_state);
        } else if (status != Z_OK && status != Z_BUF_ERROR) {
            return fail(Errc::bad_template, "corrupt (gzip: {})", m_state.msg ? m_state.msg : "bad data");
        }
        return {};
    }

    int m_fd;
    z_stream m_state{};
    bool m_inside = true; // in the middle of a member; an empty file is not a gzip file either
    std::vector<char> m_in;
    std::vector<char> m_out;
};

// The other compressions, through libarchive with just the one filter and no format.
class FilteredStream : public Stream {
public:
    explicit FilteredStream(int fd) : m_fd(fd), m_buffer(k_piece), m_archive(::archive_read_new()) {
        ::archive_read_support_format_raw(m_archive);
    }
    FilteredStream(const FilteredStream&) = delete;
    FilteredStream& operator=(const FilteredStream&) = delete;
    ~FilteredStream() override { ::archive_read_free(m_archive); }

    Result<void> open(int (*add_filter)(::archive*)) {
        add_filter(m_archive);
        ::archive_entry* entry = nullptr;
        if (::archive_read_open(m_archive, this, nullptr, read, nullptr) != ARCHIVE_OK ||
            ::archive_read_next_header(m_archive, &entry) != ARCHIVE_OK)
            return broken();
        return {};
    }

    Result<std::string_view> next() override {
        const void* block = nullptr;
        std::size_t size = 0;
        la_int64_t offset = 0;
        const int status = ::archive_read_data_block(m_archive, &block, &size, &offset);
        if (status == ARCHIVE_EOF)
            return std::string_view();
        if (status != ARCHIVE_OK)
            return broken();
        return std::string_view(static_cast<const char*>(block), size);
    }

private:
    static la_ssize_t read(::archive* archive, void* self, const void** block) {
        auto& stream = *static_cast<FilteredStream*>(self);
        const auto piece = read_piece(stream.m_fd, stream.m_buffer);
        if (!piece) {
            ::archive_set_error(archive, EIO, "%s", piece.error().what.c_str());
            return -1;
        }
        *block = piece->data();
        return static_cast<la_ssize_t>(piece->size());
    }

    Error broken() const {
        const char* reason = ::archive_error_string(m_archive);
        return fail(Errc::bad_template, "truncated or corrupt ({})",
                    text::printable(reason ? reason : "bad data"));
    }

    int m_fd;
    std::vector<char> m_buffer;
    ::archive* m_archive;
};

} // namespace

Result<std::unique_ptr<Stream>> open_stream(int fd) {
    VZ_ASSIGN(const auto kind, compression_of(fd));
    if (::lseek(fd, 0, SEEK_SET) != 0)
        return sys_fail(errno, Errc::system, "read the archive");
    if (kind == Compression::none)
        return std::unique_ptr<Stream>(std::make_unique<PlainStream>(fd));
    if (kind == Compression::gzip)
        return std::unique_ptr<Stream>(std::make_unique<GzipStream>(fd));
    auto filtered = std::make_unique<FilteredStream>(fd);
    VZ_TRY(filtered->open(kind == Compression::bzip2 ? ::archive_read_support_filter_bzip2
                          : kind == Compression::xz  ? ::archive_read_support_filter_xz
                                                     : ::archive_read_support_filter_zstd));
    return std::unique_ptr<Stream>(std::move(filtered));
}

} // namespace vz::archive
