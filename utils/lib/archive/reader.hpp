// SPDX-License-Identifier: GPL-2.0-or-later
// One pass over a tar archive: each member is checked, then handed to a sink; the end is proven too.
#pragma once

#include "vz/archive/extract.hpp"
#include "vz/archive/file_attributes.hpp"
#include "vz/archive/member.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vz::archive {

struct Time {
    std::int64_t seconds = 0;
    long nanoseconds = 0;
    bool operator==(const Time&) const = default;
};

struct Block {
    std::uint64_t offset = 0; // gaps between blocks are holes
    std::string_view data;
};

inline bool all_zero(std::string_view data) {
    return data.find_first_not_of('\0') == std::string_view::npos;
}

struct Entry {
    Member member;
    unsigned mode = 0; // permission bits, set-id and sticky bits
    std::uint64_t size = 0;
    Time mtime;
    Attributes attributes;                                    // as setxattr(2) takes them, ACLs included
    std::function<Result<std::optional<Block>>()> next_block; // regular files; nothing at the end
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
