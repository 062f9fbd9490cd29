// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/storage/id_pool.hpp"

#include "vz/base/text.hpp"
#include "vz/sys/file.hpp"
#include "vz/sys/lock.hpp"

#include <algorithm>

namespace vz::storage {

namespace {

bool overlap1(std::uint64_t a, std::uint64_t a_count, std::uint64_t b, std::uint64_t b_count) {
    return a < b + b_count && b < a + a_count;
}

bool allows(const std::string& line, std::uint64_t base, std::uint64_t count) {
    const auto fields = text::split(line, ':');
    if (fields.size() != 3 || (fields[0] != "root" && fields[0] != "0"))
        return false;
    const auto start = text::to_uint(fields[1]);
    const auto length = text::to_uint(fields[2]);
    return start && length && *start <= base && base + count <= *start + *length;
}

bool is_inside(const IdPool& pool, std::uint32_t base, std::uint32_t count) {
    return base >= pool.base && std::uint64_t{base} + count <= pool.base + pool.count();
}

Result<void> ensure_in_file(const std::string& path, std::uint64_t base, std::uint64_t count) {
    VZ_ASSIGN(const auto before, sys::read_file(path));
    const auto after = with_delegation(before.value_or(""), base, count);
    return after == before ? Result<void>() : sys::write_file_atomic(path, after);
}

} // namespace

Result<IdPool> parse_id_pool(std::string_view s) {
    if (s.empty())
        return IdPool{};
    const auto parts = text::split(s, ':');
    const auto base = text::to_uint(parts[0]);
    const auto containers = parts.size() == 2 ? text::to_uint(parts[1]) : std::nullopt;
    const bool fits = base && containers && *base >= IdPool::k_each && *containers > 0 &&
                      *containers <= 65535 && *base + *containers * IdPool::k_each < 0xffffffffULL;
    if (!fits)
        return fail(Errc::bad_value, "VE_IDS must be BASE:CONTAINERS with 65536 ids each below 2^32: {}",
                    text::printable(s));
    return IdPool{static_cast<std::uint32_t>(*base), static_cast<std::uint32_t>(*containers)};
}

bool overlap(const sys::IdRange& a, const sys::IdRange& b) {
    return overlap1(a.uid_base, a.count, b.uid_base, b.count) ||
           overlap1(a.gid_base, a.count, b.gid_base, b.count);
}

Result<sys::IdRange> choose_range(const IdPool& pool, const std::vector<sys::IdRange>& used) {
    std::vector<bool> taken(pool.containers);
    for (const auto& range : used)
        for (const std::uint64_t base : {range.uid_base, range.gid_base}) {
            const std::uint64_t end = base + range.count;
            if (end <= pool.base || base >= pool.base + pool.count())
                continue;
            const auto first = base <= pool.base ? 0 : (base - pool.base) / IdPool::k_each;
            const auto last =
                std::min<std::uint64_t>((end - 1 - pool.base) / IdPool::k_each, pool.containers - 1);
            for (auto slot = first; slot <= last; ++slot)
                taken[slot] = true;
        }
    const auto found = std::find(taken.begin(), taken.end(), false);
    if (found == taken.end())
        return fail(Errc::no_resources, "all {} id ranges are in use; enlarge VE_IDS in vz.conf",
                    pool.containers);
    const auto base = pool.base + static_cast<std::uint32_t>(found - taken.begin()) * IdPool::k_each;
    return sys::IdRange{base, base, IdPool::k_each};
}

std::string with_delegation(std::string_view content, std::uint64_t base, std::uint64_t count) {
    for (const auto& line : text::split(content, '\n'))
        if (allows(line, base, count))
            return std::string(content);
    std::string out(content);
    if (!out.empty() && out.back() != '\n')
        out += '\n';
    return out + format("root:{}:{}\n", base, count);
}

Result<void> ensure_delegation(const std::string& subuid, const std::string& subgid,
                               const sys::IdRange& range, const IdPool& pool) {
    // useradd(8) and usermod(8) keep this lock while they change the file (shadow's commonio).
    VZ_ASSIGN(const auto lock, sys::FileLock::acquire(subuid + ".lock", "", std::chrono::seconds(15)));
    if (!lock)
        return fail(Errc::system, "{}.lock is held by another program", subuid);
    const auto ensure = [&](const std::string& path, std::uint32_t base) {
        return is_inside(pool, base, range.count) ? ensure_in_file(path, pool.base, pool.count())
                                                  : ensure_in_file(path, base, range.count);
    };
    VZ_TRY(ensure(subuid, range.uid_base));
    return ensure(subgid, range.gid_base);
}

void sweep_delegation(const std::string& subuid, const std::string& subgid) {
    const auto lock = sys::FileLock::acquire(subuid + ".lock", "");
    if (!lock || !*lock)
        return;
    for (const auto& path : {subuid, subgid})
        sys::sweep_temporaries(path.substr(0, path.rfind('/')), path.substr(path.rfind('/') + 1));
}

} // namespace vz::storage
