// SPDX-License-Identifier: GPL-2.0-or-later
// What a scan knows of a container's files from before: from the backup that it goes on from, or the scan
// before.
#pragma once

#include "vz/backup/entry.hpp"

#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>

namespace vz::backup {

class Known {
public:
    void add(Entry entry); // what is added later counts

    // The same file, unchanged since; its name may be another. Null: read it.
    const Entry* find(const Entry& now) const;

    // Of hard links and marks for removed files, which have nothing but a name.
    bool has_name(const Entry& entry) const;

private:
    std::unordered_map<std::uint64_t, Entry> m_files; // by inode
    std::unordered_set<std::string> m_names;
};

} // namespace vz::backup
