// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/monitoring/disk.hpp"

#include "vz/base/units.hpp"
#include "vz/storage/storage.hpp"

#include <cerrno>
#include <fts.h>
#include <memory>
#include <set>
#include <sys/stat.h>
#include <sys/statvfs.h>

namespace vz::monitoring {

namespace {

constexpr std::uint64_t k_kilobyte = 1024;  // what bare numbers of DISKSPACE count
constexpr std::uint64_t k_stat_block = 512; // unit of st_blocks, stat(2)

Supply supply(std::uint64_t unit, std::uint64_t total, std::uint64_t free, std::uint64_t available) {
    return {.total = total * unit, .used = (total - free) * unit, .available = available * unit};
}

// A key that is absent, broken or unlimited sets no limit.
std::optional<std::uint64_t> hard_limit(const config::Container& container, std::string_view key,
                                        std::uint64_t unit) {
    const auto text = container.get(key);
    const auto limit = text ? config::parse_limit(*text, unit) : Result<config::Limit>(Error{});
    if (!limit || limit->limit >= units::unlimited)
        return std::nullopt;
    return limit->limit;
}

// The private area and the layers that it lies on.
Result<TreeUse> own_use(const std::string& private_area) {
    VZ_ASSIGN(auto use, tree_use(private_area));
    VZ_ASSIGN(const auto layers, storage::shared_layers(private_area));
    for (const auto& layer : layers) {
        VZ_ASSIGN(const auto more, tree_use(layer));
        use.bytes += more.bytes;
        use.inodes += more.inodes;
    }
    return use;
}

struct CloseWalk {
    void operator()(FTS* walk) const { ::fts_close(walk); }
};

} // namespace

std::optional<unsigned> Supply::percent() const {
    const auto usable = used + available;
    if (usable == 0)
        return std::nullopt;
    const int shift = usable >> 48 ? 16 : 0; // keeps used * 100 within 64 bits
    return static_cast<unsigned>(((used >> shift) * 100 + (usable >> shift) - 1) / (usable >> shift));
}

Result<TreeUse> tree_use(const std::string& path) {
    std::string top = path;
    char* const roots[] = {top.data(), nullptr};
    const std::unique_ptr<FTS, CloseWalk> walk(::fts_open(roots, FTS_PHYSICAL | FTS_XDEV, nullptr));
    if (!walk)
        return sys_fail(errno, Errc::system, "walk through {}", path);
    TreeUse use;
    std::set<ino_t> seen; // of files with several names
    while (const FTSENT* entry = ::fts_read(walk.get())) {
        if (entry->fts_info == FTS_DP || entry->fts_info == FTS_NS || entry->fts_info == FTS_ERR)
            continue;
        const struct stat& st = *entry->fts_statp;
        if (!S_ISDIR(st.st_mode) && st.st_nlink > 1 && !seen.insert(st.st_ino).second)
            continue;
        use.bytes += static_cast<std::uint64_t>(st.st_blocks) * k_stat_block;
        ++use.inodes;
    }
    return use;
}

Result<DiskUse> disk_use(const config::Container& container, Count count) {
    DiskUse use;
    use.ctid = container.ctid();
    use.hostname = container.get_or("HOSTNAME", ""); // as vzlist: what is configured
    use.private_area = container.private_area();
    struct statvfs fs {};
    if (::statvfs(use.private_area.c_str(), &fs) < 0)
        return sys_fail(errno, Errc::no_private, "private area {}", use.private_area);
    use.bytes = supply(fs.f_frsize, fs.f_blocks, fs.f_bfree, fs.f_bavail);
    use.inodes = supply(1, fs.f_files, fs.f_ffree, fs.f_favail);
    use.limit_bytes = hard_limit(container, "DISKSPACE", k_kilobyte);
    use.limit_inodes = hard_limit(container, "DISKINODES", 1);
    if (count == Count::files) {
        VZ_ASSIGN(use.own, own_use(use.private_area));
    }
    return use;
}

} // namespace vz::monitoring
