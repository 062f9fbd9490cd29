// SPDX-License-Identifier: GPL-2.0-or-later
// Times, attributes and content of files on their way between archives and folders.
#pragma once

#include "vz/archive/file_attributes.hpp"
#include "vz/base/result.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

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
using NextBlock = std::function<Result<std::optional<Block>>()>; // nothing at the end

inline bool all_zero(std::string_view data) {
    return data.find_first_not_of('\0') == std::string_view::npos;
}

// Writes the block but for pages of zeros, which become holes: most archivers spell out the holes that a file
// had. Moves `end` behind the last byte written.
Result<void> write_block(int fd, const Block& block, std::uint64_t& end);
// Gives a file that ends in a hole its size.
Result<void> end_content(int fd, std::uint64_t end, std::uint64_t size);

Result<void> set_attributes(int fd, const Attributes& attributes);

// Errc::no_disk_space or create_private.
Error write_error(int err, std::string_view call);

} // namespace vz::archive
