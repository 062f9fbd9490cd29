// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/backup/manifest.hpp"

#include "vz/archive/digest.hpp"
#include "vz/sys/fd.hpp"

#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <new>
#include <unistd.h>
#include <zstd.h>

namespace vz::backup {

namespace {

constexpr std::size_t k_longest_line = 1 << 20; // attributes have a limit of 64 KiB each, and few are used

struct FreeDecompressor {
    void operator()(ZSTD_DCtx* context) const { ::ZSTD_freeDCtx(context); }
};

class ManifestReader {
public:
    ManifestReader(const Head& head, const std::function<Result<void>(Entry)>& take)
        : m_head(head), m_take(take) {
        if (!m_context)
            throw std::bad_alloc();
    }

    Result<void> run(int fd) {
        std::string packed(::ZSTD_DStreamInSize(), '\0');
        for (;;) {
            const auto n = ::read(fd, packed.data(), packed.size());
            if (n < 0 && errno == EINTR)
                continue;
            if (n < 0)
                return sys_fail(errno, Errc::failed, "read");
            if (n == 0)
                return end();
            VZ_TRY(unpack(std::string_view(packed.data(), static_cast<std::size_t>(n))));
        }
    }

private:
    Result<void> unpack(std::string_view packed) {
        m_digest.update(packed);
        m_size += packed.size();
        if (m_size > m_head.manifest.size)
            return fail(Errc::failed, "is longer than it was");
        ZSTD_inBuffer in{packed.data(), packed.size(), 0};
        while (in.pos < in.size) {
            ZSTD_outBuffer out{m_out.data(), m_out.size(), 0};
            m_state = ::ZSTD_decompressStream(m_context.get(), &out, &in);
            if (::ZSTD_isError(m_state))
                return fail(Errc::failed, "is damaged: {}", ::ZSTD_getErrorName(m_state));
            VZ_TRY(split(std::string_view(m_out.data(), out.pos)));
        }
        return {};
    }

    Result<void> split(std::string_view text) {
        for (auto end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
            m_line += text.substr(0, end);
            VZ_TRY(line());
            m_line.clear();
            text.remove_prefix(end + 1);
        }
        m_line += text;
        return m_line.size() > k_longest_line ? fail(Errc::failed, "is damaged: a line without end")
                                              : Result<void>();
    }

    Result<void> line() {
        if (++m_lines > m_head.entries)
            return fail(Errc::failed, "has more lines than it had");
        VZ_ASSIGN(auto entry, parse_line(m_line));
        if (entry.type == Type::file && entry.archive >= m_head.archives.size())
            return fail(Errc::failed, "is damaged: there is no archive {}", entry.archive);
        return m_take(std::move(entry));
    }

    Result<void> end() {
        if (m_size != m_head.manifest.size || m_state != 0 || !m_line.empty())
            return fail(Errc::failed, "is cut short");
        if (m_digest.hex() != m_head.manifest.sha256)
            return fail(Errc::failed, "is damaged: its SHA-256 is not what it was");
        if (m_lines != m_head.entries)
            return fail(Errc::failed, "has {} lines instead of {}", m_lines, m_head.entries);
        return {};
    }

    const Head& m_head;
    const std::function<Result<void>(Entry)>& m_take;
    std::unique_ptr<ZSTD_DCtx, FreeDecompressor> m_context{::ZSTD_createDCtx()};
    std::string m_out = std::string(::ZSTD_DStreamOutSize(), '\0');
    archive::Sha256 m_digest;
    std::uint64_t m_size = 0;
    std::uint64_t m_lines = 0;
    std::size_t m_state = 1;
    std::string m_line;
};

} // namespace

Result<void> read_manifest(const Depot& depot, const Head& head,
                           const std::function<Result<void>(Entry)>& take) {
    const auto path = depot.path(head.manifest.name);
    const sys::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!fd)
        return sys_fail(errno, Errc::failed, "open {}", path);
    return read_manifest(fd.get(), head, take).context(path);
}

Result<void> read_manifest(int fd, const Head& head, const std::function<Result<void>(Entry)>& take) {
    return ManifestReader(head, take).run(fd);
}

} // namespace vz::backup
