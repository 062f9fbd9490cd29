// SPDX-License-Identifier: GPL-2.0-or-later
#include "walk.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace vz::backup {

namespace {

struct CloseDir {
    void operator()(DIR* dir) const { ::closedir(dir); }
};

struct OpenFolder {
    std::size_t number; // of Source::layers
    sys::Fd folder;
};

struct Named {
    std::string name;
    std::size_t layer; // the topmost that has it
};

bool is_removed_mark(const struct stat& st) {
    return S_ISCHR(st.st_mode) && st.st_rdev == 0; // overlayfs.rst: whiteouts
}

bool is_opaque(int folder) {
    char value = 0;
    return ::fgetxattr(folder, "trusted.overlay.opaque", &value, 1) == 1 && value == 'y';
}

Result<std::vector<std::string>> names_of(int folder) {
    const int fd = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOATIME);
    const std::unique_ptr<DIR, CloseDir> dir(fd < 0 ? nullptr : ::fdopendir(fd));
    if (!dir)
        return sys_fail(errno, Errc::failed, "read the folder");
    std::vector<std::string> out;
    errno = 0;
    while (const auto* entry = ::readdir(dir.get()))
        if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0)
            out.emplace_back(entry->d_name);
    if (errno != 0)
        return sys_fail(errno, Errc::failed, "read the folder");
    std::sort(out.begin(), out.end());
    return out;
}

class Walker {
public:
    explicit Walker(const Walk& request) : m_request(request) {}

    Result<void> run() {
        Below root{".", {}, false};
        for (std::size_t i = 0; i < m_request.source.layers.size(); ++i)
            root.layers.push_back(i);
        VZ_TRY(enter(root));
        return visit_joined();
    }

private:
    struct Below {
        std::string path;
        std::vector<std::size_t> layers; // where it is a folder that is seen
        bool opaque = false;
    };

    // What is in a folder follows it at once, as tar wants it for the folders' times. None stays open while
    // those below it are gone through: their depth is the container's to choose.
    Result<void> enter(const Below& folder) {
        std::vector<Below> below;
        VZ_TRY(visit_folder(folder, below));
        for (const auto& next : below)
            VZ_TRY(enter(next));
        return {};
    }

    Result<void> visit_folder(const Below& folder, std::vector<Below>& below) {
        const auto opened = open(folder);
        if (opened.empty())
            return {}; // gone meanwhile
        Met met{folder.path,  opened.front().folder.get(), ".", layer_of(opened.front()), {}, false,
                folder.opaque};
        if (::fstat(met.folder, &met.st) != 0)
            return sys_fail(errno, Errc::failed, "{}", folder.path);
        VZ_ASSIGN(const auto descend, m_request.visit(met));
        return descend == Descend::yes ? visit_names(folder.path, opened, below) : Result<void>();
    }

    Result<void> visit_names(const std::string& path, const std::vector<OpenFolder>& opened,
                             std::vector<Below>& below) {
        VZ_ASSIGN(const auto names, merged_names(path, opened));
        for (const auto& [name, layer] : names) {
            Met met{path == "." ? name : path + "/" + name,
                    opened[layer].folder.get(),
                    name,
                    layer_of(opened[layer]),
                    {},
                    false,
                    false};
            if (::fstatat(met.folder, name.c_str(), &met.st, AT_SYMLINK_NOFOLLOW) != 0)
                continue; // gone meanwhile
            met.removed = m_request.source.overlay && is_removed_mark(met.st);
            if (met.path.size() >= PATH_MAX)
                m_request.left_out(met.path.substr(0, 200), "its path is too long");
            else if (S_ISDIR(met.st.st_mode))
                below.push_back(folder_of(met, opened, layer));
            else
                VZ_TRY(m_request.visit(met));
        }
        return {};
    }

    // Behind the names that the layers have: a file's other names are links to the first one met.
    Result<void> visit_joined() {
        for (const auto& [path, file] : m_request.source.joined) {
            const auto& index = *m_request.source.index;
            Met met{path, index.root.fd(), file, &index, {}, false, false};
            if (::fstatat(met.folder, file.c_str(), &met.st, AT_SYMLINK_NOFOLLOW) == 0)
                VZ_TRY(m_request.visit(met));
        }
        return {};
    }

    const Layer* layer_of(const OpenFolder& opened) const { return &m_request.source.layers[opened.number]; }

    // The layers whose folders of that name are seen: down to one that is opaque, or where it is no folder.
    Below folder_of(const Met& met, const std::vector<OpenFolder>& opened, std::size_t top) const {
        Below out{met.path, {}, false};
        for (auto i = top; i < opened.size() && !out.opaque; ++i) {
            const sys::Fd folder(::openat(opened[i].folder.get(), met.name.c_str(),
                                          O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
            if (!folder && errno == ENOENT)
                continue;
            if (folder)
                out.layers.push_back(opened[i].number);
            // Something else that lies there hides what is below it.
            out.opaque = m_request.source.overlay && (!folder || is_opaque(folder.get()));
            if (!folder)
                break;
        }
        return out;
    }

    std::vector<OpenFolder> open(const Below& folder) const {
        std::vector<OpenFolder> out;
        for (const auto number : folder.layers)
            if (auto fd = m_request.source.layers[number].root.open_at(folder.path,
                                                                       O_RDONLY | O_DIRECTORY | O_NOFOLLOW))
                out.push_back({number, *std::move(fd)});
        return out;
    }

    Result<std::vector<Named>> merged_names(const std::string& path,
                                            const std::vector<OpenFolder>& opened) const {
        std::vector<Named> out;
        for (std::size_t i = 0; i < opened.size(); ++i) {
            VZ_ASSIGN(auto names, names_of(opened[i].folder.get()).context(path));
            for (auto& name : names)
                out.push_back({std::move(name), i});
        }
        std::stable_sort(out.begin(), out.end(),
                         [](const Named& a, const Named& b) { return a.name < b.name; });
        out.erase(std::unique(out.begin(), out.end(),
                              [](const Named& a, const Named& b) { return a.name == b.name; }),
                  out.end());
        return out;
    }

    const Walk& m_request;
};

} // namespace

Result<void> walk(const Walk& request) {
    return Walker(request).run();
}

} // namespace vz::backup
