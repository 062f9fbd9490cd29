// SPDX-License-Identifier: GPL-2.0-or-later
#include "known.hpp"

namespace vz::backup {

namespace {

std::string key_of(const Entry& entry) {
    return entry.path + '\0' + entry.link;
}

} // namespace

void Known::add(Entry entry) {
    if (entry.type == Type::removed || entry.type == Type::hard_link)
        m_names.insert(key_of(entry));
    else
        m_files.insert_or_assign(entry.inode, std::move(entry));
}

const Entry* Known::find(const Entry& now) const {
    const auto found = m_files.find(now.inode);
    if (found == m_files.end())
        return nullptr;
    const auto& then = found->second;
    const bool same = then.type == now.type && then.size == now.size && then.mtime == now.mtime &&
                      then.ctime == now.ctime && !then.unsettled;
    return same ? &then : nullptr;
}

bool Known::has_name(const Entry& entry) const {
    return m_names.count(key_of(entry)) > 0;
}

} // namespace vz::backup
