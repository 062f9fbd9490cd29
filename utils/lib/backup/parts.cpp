// SPDX-License-Identifier: GPL-2.0-or-later
#include "parts.hpp"

#include "vz/archive/digest.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <endian.h>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace vz::backup {

namespace {

constexpr std::size_t k_piece = 1 << 20;

// Little-endian words at the end of the file (zstd's seekable format, contrib/seekable_format).
constexpr std::uint32_t k_seekable_magic = 0x8F92EAB1;
constexpr std::size_t k_footer = 9; // number of frames, descriptor, magic
constexpr std::uint32_t k_most_frames = 1 << 20;

std::uint32_t word_at(const char* data) {
    std::uint32_t word = 0;
    std::memcpy(&word, data, sizeof word);
    return le32toh(word);
}

bool read_at(int fd, char* out, std::size_t size, std::uint64_t offset) {
    return ::pread(fd, out, size, static_cast<off_t>(offset)) == static_cast<ssize_t>(size);
}

} // namespace

Result<OpenPart> open_part(const Depot& depot, const Part& part) {
    const auto path = depot.path(part.name);
    sys::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct stat st {};
    if (!fd && errno == ENOENT)
        return fail(Errc::failed, "{} is missing, and the backup needs it", path);
    if (!fd || ::fstat(fd.get(), &st) != 0)
        return sys_fail(errno, Errc::failed, "open {}", path);
    if (!S_ISREG(st.st_mode))
        return fail(Errc::failed, "{}: not a regular file", path);
    if (static_cast<std::uint64_t>(st.st_size) != part.size)
        return fail(Errc::failed, "{} is damaged: {} bytes long instead of {}", path, st.st_size, part.size);
    return OpenPart{part, std::move(fd)};
}

Result<OpenParts> OpenParts::open(const Depot& depot, const Head& head) {
    OpenParts out;
    for (const auto& part : head.archives) {
        VZ_ASSIGN(auto source, open_part(depot, part));
        out.archives.push_back(std::move(source));
    }
    VZ_ASSIGN(out.manifest, open_part(depot, head.manifest));
    return out;
}

Result<void> prove(const OpenPart& part, Reporter& reporter) {
    archive::Sha256 sum;
    std::string buffer(k_piece, '\0');
    for (std::uint64_t at = 0;;) {
        const ssize_t n = ::pread(part.fd.get(), buffer.data(), buffer.size(), static_cast<off_t>(at));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return sys_fail(errno, Errc::failed, "read {}", part.part.name);
        if (n == 0)
            break;
        sum.update(std::string_view(buffer.data(), static_cast<std::size_t>(n)));
        at += static_cast<std::uint64_t>(n);
        reporter.progress("check", at, part.part.size);
    }
    reporter.progress_done();
    if (sum.hex() != part.part.sha256)
        return fail(Errc::failed, "{} is damaged: its SHA-256 is not that of the backup's head",
                    part.part.name);
    return {};
}

std::optional<std::uint64_t> claimed_size(const OpenPart& archive) {
    std::array<char, k_footer> footer{};
    const auto size = archive.part.size;
    if (size < k_footer || !read_at(archive.fd.get(), footer.data(), k_footer, size - k_footer) ||
        word_at(footer.data() + 5) != k_seekable_magic)
        return std::nullopt;
    const auto frames = word_at(footer.data());
    const bool checksums = (footer[4] & 0x80) != 0;
    const std::size_t each = checksums ? 12 : 8;
    const auto table = std::uint64_t{frames} * each + k_footer;
    if (frames > k_most_frames || table > size)
        return std::nullopt;
    std::string entries(frames * each, '\0');
    if (!read_at(archive.fd.get(), entries.data(), entries.size(), size - table))
        return std::nullopt;
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < frames; ++i)
        total += word_at(entries.data() + i * each + 4);
    return total;
}

} // namespace vz::backup
