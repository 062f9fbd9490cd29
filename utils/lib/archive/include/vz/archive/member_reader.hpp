// SPDX-License-Identifier: GPL-2.0-or-later
// The members of a tar stream one after the other, as the archive writes them: names are not checked here.
#pragma once

#include "vz/archive/content.hpp"
#include "vz/archive/member.hpp"
#include "vz/archive/stream.hpp"
#include "vz/base/reporter.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

struct archive_entry;

namespace vz::archive {

class MemberReader {
public:
    struct Source {
        std::unique_ptr<Stream> stream;
        std::uint64_t max_bytes = 0;            // more unpacked ones make the archive bad
        std::function<void()> on_piece = [] {}; // called between pieces
        bool odd_names = false;                 // names need not be UTF-8
    };
    explicit MemberReader(Source source);
    MemberReader(MemberReader&&) noexcept;
    ~MemberReader();

    // False at the end. Errc::bad_template: not an archive, truncated or corrupt.
    Result<bool> next();

    // Of the member at hand.
    const Member& member() const;
    unsigned mode() const; // permission bits, set-id and sticky bits
    std::uint64_t size() const;
    Time mtime() const;
    ::archive_entry* raw() const;
    // What is no hole, if the archive tells: pairs of offset and size, in order; empty if there are no holes.
    std::vector<std::pair<std::uint64_t, std::size_t>> pieces() const;
    Result<std::optional<Block>> next_block(); // nothing at the end; valid until the next call

    // Behind the last member: reads what is left, which must be zeros, and enough of them.
    Result<void> check_end();
    std::uint64_t total() const; // unpacked bytes so far

private:
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace vz::archive
