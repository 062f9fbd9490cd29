// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/guest/text_file.hpp"

#include "entry.hpp"

namespace vz::guest {

Result<bool> edit_text_file(const sys::Dir& root, const TextFile& file,
                            const std::function<std::string(std::string_view)>& edit, bool dry_run) {
    VZ_ASSIGN(const auto content, root.read_file(file.folder + "/" + file.name, file.limit));
    const auto old = content.value_or("");
    const auto fresh = edit(old);
    if (fresh == old)
        return false;
    if (dry_run)
        return true;
    VZ_ASSIGN(const auto folder, root.sub(file.folder));
    VZ_ASSIGN(const auto entry, Entry::look(folder, file.name));
    VZ_TRY(entry.replace(fresh));
    return true;
}

} // namespace vz::guest
