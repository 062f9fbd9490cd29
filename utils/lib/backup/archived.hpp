// SPDX-License-Identifier: GPL-2.0-or-later
// The content of files, taken out of a backup's archives in one pass each and compared with the manifest.
#pragma once

#include "parts.hpp"
#include "plan.hpp"

#include "vz/archive/content.hpp"
#include "vz/archive/digest.hpp"

#include <functional>
#include <string>
#include <vector>

namespace vz::backup {

// Of a file that fits into memory.
struct Content {
    struct Extent {
        std::uint64_t offset;
        std::size_t size;
    };
    std::string data;            // of all extents
    std::vector<Extent> extents; // gaps between them are holes

    Result<void> each(const std::function<Result<void>(const archive::Block&)>& visit) const;
};

// Of one that need not.
struct LargeContent {
    archive::NextBlock next;
    std::vector<Content::Extent> extents; // what its blocks will be; empty if there are no holes
};

// What a crew is given (crew.hpp).
struct ContentJob {
    std::uint32_t entry;
    Content content;
};
inline constexpr std::size_t k_contents_in_memory = 64 << 20;

// Whether blocks, in their order, are the content that the manifest means.
class ContentSum {
public:
    explicit ContentSum(const Entry& entry) : m_entry(entry) {}
    void add(const archive::Block& block);
    bool matches(); // ends the computation

private:
    void add_zeros(std::uint64_t count);

    const Entry& m_entry;
    archive::Sha256 m_sum;
    std::uint64_t m_end = 0;
    bool m_bad = false;
};

bool is_content_of(const Content& content, const Entry& entry);

// Content comes in the order of the archive, not yet compared with the manifest: a member that was written
// twice comes twice, and the one that fits the manifest is meant.
class Receiver {
public:
    virtual ~Receiver() = default;
    virtual bool wants(std::uint32_t entry) const = 0;
    virtual Result<void> take(std::uint32_t entry, Content content) = 0;
    virtual Result<void> stream(std::uint32_t entry, const LargeContent& content) = 0;
    virtual bool has_all() const { return false; } // nothing of this archive is wanted any more
};

// Reads one archive until the receiver has all, or to its proven end.
Result<void> read_contents(const OpenPart& archive, const Plan& plan, const Plan::Members& members,
                           Receiver& receiver, Reporter& reporter);

} // namespace vz::backup
