// SPDX-License-Identifier: GPL-2.0-or-later
// Compares checked members with the folder they were unpacked to.
#pragma once

#include "reader.hpp"

#include "vz/sys/dir.hpp"

#include <unordered_set>

namespace vz::archive {

class Comparer : public Sink {
public:
    explicit Comparer(const sys::Dir& tree) : m_tree(tree) {}
    Result<void> take(Entry& entry) override;
    Result<void> finish(const MemberCheck& check) override; // whether the folder holds more than the archive

private:
    Result<void> compare_content(const Entry& entry) const;
    Result<void> find_extra(const std::string& folder, const MemberCheck& check) const;

    const sys::Dir& m_tree;
    std::unordered_set<std::string> m_seen;
};

} // namespace vz::archive
