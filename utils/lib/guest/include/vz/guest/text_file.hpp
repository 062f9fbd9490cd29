// SPDX-License-Identifier: GPL-2.0-or-later
// One text file of a guest edited as a whole, for those who know what belongs into it.
#pragma once

#include "vz/base/result.hpp"
#include "vz/sys/dir.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace vz::guest {

struct TextFile {
    std::string folder;          // "etc", below the guest's root
    std::string name;            // "hosts"
    std::size_t limit = 1 << 20; // bytes; a longer one is an error
};

// Replaces the file by what `edit` makes of its content ("" if it is absent), atomically; mode and owner
// stay, a link becomes a file. True if that differs; `dry_run` only tells. What is no regular file in the end
// is an error. To be called as the guest's root, with the container's lock held.
Result<bool> edit_text_file(const sys::Dir& root, const TextFile& file,
                            const std::function<std::string(std::string_view)>& edit, bool dry_run);

} // namespace vz::guest
