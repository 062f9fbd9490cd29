// SPDX-License-Identifier: GPL-2.0-or-later
// The accounts of the container in an archive: GNU tar writes ACLs with names, and a name means the user whom
// the archive's own etc/passwd calls so, never one of the host's.
#pragma once

#include "reader.hpp"

#include "vz/sys/dir.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace vz::archive {

class Accounts {
public:
    // passwd(5) and group(5) as text; lines that are not understood are skipped.
    void add_users(std::string_view passwd);
    void add_groups(std::string_view group);

    std::optional<std::uint32_t> user(std::string_view name) const;
    std::optional<std::uint32_t> group(std::string_view name) const;

private:
    std::map<std::string, std::uint32_t, std::less<>> m_users;
    std::map<std::string, std::uint32_t, std::less<>> m_groups;
};

// Of an unpacked folder; what cannot be read is as if it were empty.
Accounts accounts_of(const sys::Dir& root);

// Finds them while an archive is read.
class AccountCollector : public Sink {
public:
    Result<void> take(Entry& entry) override;
    Result<void> finish(const MemberCheck&) override { return {}; }
    const Accounts& accounts() const { return m_accounts; }

private:
    Accounts m_accounts;
};

} // namespace vz::archive
