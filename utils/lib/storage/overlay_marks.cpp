// SPDX-License-Identifier: GPL-2.0-or-later
#include "overlay_marks.hpp"

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

namespace vz::storage {

bool is_whiteout(const struct stat& st) {
    return S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0);
}

bool is_opaque(const sys::Dir& layer, const std::string& path) {
    const auto folder = layer.open_at(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    char value = 0;
    return folder && ::fgetxattr(folder->get(), "trusted.overlay.opaque", &value, 1) == 1 && value == 'y';
}

Result<bool> hides(const sys::Dir& layer, const std::string& path) {
    for (std::size_t end = 0; end != std::string::npos;) {
        end = path.find('/', end + 1);
        const auto part = path.substr(0, end);
        VZ_ASSIGN(const auto st, layer.stat(part));
        if (!st)
            return false;
        if (!S_ISDIR(st->st_mode) || (end != std::string::npos && is_opaque(layer, part)))
            return true;
    }
    return is_opaque(layer, path);
}

} // namespace vz::storage
