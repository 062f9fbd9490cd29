// SPDX-License-Identifier: GPL-2.0-or-later
#include "overlay_index.hpp"

#include "overlay_marks.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <map>
#include <string_view>
#include <sys/stat.h>
#include <sys/xattr.h>

namespace vz::storage::overlay_index {

namespace {

// struct ovl_fb (fs/overlayfs/overlayfs.h) in hex: version, magic, length, flags, type, 16 bytes of the file
// system's uuid, then the handle.
constexpr std::size_t k_type_at = 2 * 4;
constexpr std::size_t k_handle_at = 2 * 21;

using Handles = std::map<std::string, std::string, std::less<>>; // "type handle" in hex, the index's name

std::string hex_of(const unsigned char* bytes, std::size_t count) {
    constexpr std::string_view k_digits = "0123456789abcdef";
    std::string out;
    for (std::size_t i = 0; i < count; ++i) {
        out += k_digits[bytes[i] >> 4];
        out += k_digits[bytes[i] & 15];
    }
    return out;
}

// As the index would name it; empty: it has no handle.
std::string handle_of(const sys::Dir& layer, const std::string& path) {
    const auto file = layer.open_at(path, O_PATH | O_NOFOLLOW);
    union {
        struct file_handle handle;
        unsigned char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
    } found{};
    found.handle.handle_bytes = MAX_HANDLE_SZ;
    int mount = 0;
    if (!file || ::name_to_handle_at(file->get(), "", &found.handle, &mount, AT_EMPTY_PATH) != 0)
        return {};
    const auto type = static_cast<unsigned char>(found.handle.handle_type);
    return hex_of(&type, 1) + " " + hex_of(found.handle.f_handle, found.handle.handle_bytes);
}

// The changed files that have names below; the index has folders and marks of removed files, too.
Result<Handles> changed_files(const std::string& overlay) {
    Handles out;
    const auto index = sys::Dir::open(folder_of(overlay));
    if (!index)
        return index.error().sys_errno == ENOENT ? Result<Handles>(out) : index.error();
    VZ_ASSIGN(const auto names, index->list());
    for (const auto& name : names) {
        VZ_ASSIGN(const auto st, index->stat(name));
        if (st && S_ISREG(st->st_mode) && name.size() > k_handle_at)
            out.emplace(name.substr(k_type_at, 2) + " " + name.substr(k_handle_at), name);
    }
    return out;
}

class Search {
public:
    Search(const std::vector<const sys::Dir*>& seen, const Handles& handles)
        : m_seen(seen), m_handles(handles) {}

    Result<std::vector<Joined>> run() {
        for (m_layer = 1; m_layer < m_seen.size(); ++m_layer)
            VZ_TRY(look_in("."));
        return std::move(m_found);
    }

private:
    Result<void> look_in(const std::string& folder) {
        VZ_ASSIGN(const auto names, m_seen[m_layer]->list(folder));
        for (const auto& name : names) {
            const auto path = folder == "." ? name : folder + "/" + name;
            VZ_ASSIGN(const auto st, m_seen[m_layer]->stat(path));
            if (st && S_ISDIR(st->st_mode))
                VZ_TRY(look_in(path));
            else if (st && S_ISREG(st->st_mode) && st->st_nlink > 1)
                VZ_TRY(look_at(path));
        }
        return {};
    }

    Result<void> look_at(const std::string& path) {
        const auto changed = m_handles.find(handle_of(*m_seen[m_layer], path));
        if (changed == m_handles.end())
            return {};
        for (std::size_t above = 0; above < m_layer; ++above) {
            VZ_ASSIGN(const bool hidden, hides(*m_seen[above], path));
            if (hidden)
                return {};
        }
        m_found.push_back({path, changed->second});
        return {};
    }

    const std::vector<const sys::Dir*>& m_seen;
    const Handles& m_handles;
    std::size_t m_layer = 0;
    std::vector<Joined> m_found;
};

} // namespace

std::string folder_of(const std::string& overlay) {
    return format("{}/{}/index", overlay, "work"); // workdir of the mount
}

// "U-1": no more names than those in the upper and the one in the index itself (fs/overlayfs/util.c,
// ovl_set_nlink_upper).
bool joins_names(const std::string& overlay) {
    const auto changed = changed_files(overlay);
    if (!changed)
        return true;
    return std::any_of(changed->begin(), changed->end(), [&](const auto& file) {
        const auto path = folder_of(overlay) + "/" + file.second;
        char value[16];
        const auto size = ::lgetxattr(path.c_str(), "trusted.overlay.nlink", value, sizeof value);
        return size <= 0 || std::string_view(value, static_cast<std::size_t>(size)) != "U-1";
    });
}

Result<std::vector<Joined>> joined_names(const std::string& overlay,
                                         const std::vector<const sys::Dir*>& seen) {
    VZ_ASSIGN(const auto handles, changed_files(overlay));
    return handles.empty() ? std::vector<Joined>() : Search(seen, handles).run();
}

} // namespace vz::storage::overlay_index
