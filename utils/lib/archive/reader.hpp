// SPDX-License-Identifier: GPL-2.0-or-later
// One pass over a tar archive: each member is checked, then handed to a sink; the end is proven too.
#pragma once

#include "vz/archive/content.hpp"
#include "vz/archive/extract.hpp"
#include "vz/archive/member.hpp"

#include <string_view>

namespace vz::archive {

struct Entry {
    Member member;
    unsigned mode = 0; // permission bits, set-id and sticky bits
    std::uint64_t size = 0;
    Time mtime;
    Attributes attributes; // as setxattr(2) takes them, ACLs included
    NextBlock next_block;  // of regular files
};

class Sink {
public:
    virtual ~Sink() = default;
    virtual Result<void> take(Entry& entry) = 0;
    virtual Result<void> finish(const MemberCheck& check) = 0;
};

class Accounts;

struct Pass {
    std::string_view doing;             // for the progress display
    Sink* sink = nullptr;               // null: only check
    const Accounts* accounts = nullptr; // for ACLs with names; null: nobody wants to know them in this pass
};

Result<Summary> read_archive(int fd, const Limits& limits, const Pass& pass, Reporter& reporter);

} // namespace vz::archive
