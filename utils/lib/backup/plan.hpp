// SPDX-License-Identifier: GPL-2.0-or-later
// What a backup's manifest says as a whole, proven to make sense before anything is written. Pure but for
// read_plan().
#pragma once

#include "vz/backup/entry.hpp"
#include "vz/backup/head.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace vz::backup {

class Plan {
public:
    // `archives`: how many there are.
    explicit Plan(std::size_t archives) : m_members(archives) {}
    Plan(Plan&&) = default;
    Plan& operator=(Plan&&) = default;
    Plan(const Plan&) = delete; // views into its entries are kept

    // The next line's entry. Errc::failed names the path: there twice, below something that is no folder, a
    // hard link to nothing, content in no archive or claimed by two files.
    Result<void> add(Entry entry);

    const std::deque<Entry>& entries() const { return m_entries; }
    std::uint64_t bytes() const { return m_bytes; } // of all files' content

    // The files whose content lies in an archive, by the names that they have there.
    using Members = std::unordered_map<std::string_view, std::uint32_t>;
    const Members& members(std::size_t archive) const { return m_members[archive]; }

    const Entry* find(std::string_view path) const;

private:
    Result<void> check(const Entry& entry) const;

    std::deque<Entry> m_entries; // never moved
    std::unordered_map<std::string_view, std::uint32_t> m_paths;
    std::vector<Members> m_members;
    std::uint64_t m_bytes = 0;
};

// The plan of the whole manifest, proven and read from `fd`. Errc::failed names what is wrong, also if the
// totals are not those of the head.
Result<Plan> read_plan(int fd, const Head& head);

// "/etc/", "./etc" -> "etc"; "/", "." -> ".". Errc::bad_value for "..".
Result<std::string> plain_path(std::string_view path);

// What lies at and below these plain paths, with the folders above; not the root itself, nor what is removed.
// Hard links whose first name is not among it become the file. Errc::bad_value names a path that the backup
// does not have.
Result<Plan> select(const Plan& plan, const std::vector<std::string>& paths, std::size_t archives);

} // namespace vz::backup
