// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/sys/tree_copy.hpp"

#include "file_content.hpp"
#include "vz/base/text.hpp"
#include "vz/sys/tree_attributes.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <linux/fs.h>
#include <map>
#include <memory>
#include <set>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace vz::sys {

namespace {

constexpr unsigned k_deepest = 1000; // folders in folders; four descriptors each

using Inode = std::pair<dev_t, ino_t>;

Inode inode_of(const struct stat& st) {
    return {st.st_dev, st.st_ino};
}

// What an O_PATH descriptor names, for reading; the caller has seen that it is a regular file or a folder.
Fd reopen(int path_fd, int flags) {
    return Fd(::open(format("/proc/self/fd/{}", path_fd).c_str(), flags | O_CLOEXEC));
}

void allow_many_descriptors() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 5 * k_deepest);
        (void)::setrlimit(RLIMIT_NOFILE, &limit);
    }
}

Result<std::vector<std::string>> names_in(int dir) {
    return Dir(Fd(::openat(dir, ".", O_PATH | O_DIRECTORY | O_CLOEXEC))).list();
}

struct Entry {
    Fd fd; // O_PATH
    struct stat st {};

    mode_t kind() const { return st.st_mode & S_IFMT; }
    bool is_folder() const { return S_ISDIR(st.st_mode); }
};

Result<std::optional<Entry>> look(int dir, const std::string& name) {
    Entry entry{Fd(::openat(dir, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)), {}};
    if (!entry.fd && errno == ENOENT)
        return std::optional<Entry>{};
    if (!entry.fd || ::fstat(entry.fd.get(), &entry.st) != 0)
        return copy_error(errno, "look at", name);
    return std::optional(std::move(entry));
}

Result<std::string> link_target(int path_fd) {
    std::array<char, 4097> buffer{};
    const auto n = ::readlinkat(path_fd, "", buffer.data(), buffer.size() - 1);
    if (n < 0)
        return sys_fail(errno, Errc::system, "read a link");
    return std::string(buffer.data(), static_cast<std::size_t>(n));
}

class Copier {
public:
    explicit Copier(const TreeCopy& request)
        : m_request(request), m_shift(request.source_ids, request.target_ids) {}

    Result<void> run() {
        allow_many_descriptors();
        VZ_ASSIGN(const auto source, look(m_request.source.fd(), "."));
        VZ_ASSIGN(const auto target, look(m_request.target.fd(), "."));
        VZ_TRY(fill_folder(m_request.source.fd(), m_request.target.fd(), "", 0));
        return finish(*source, target->fd.get());
    }

private:
    Result<void> fill_folder(int source, int target, const std::string& path, unsigned depth) {
        if (depth > k_deepest)
            return fail(Errc::system, "folders are nested deeper than {}", k_deepest);
        VZ_ASSIGN(const auto names, names_in(source));
        if (!m_request.additive)
            VZ_TRY(remove_others(target, names));
        for (const auto& name : names) {
            VZ_ASSIGN(const auto entry, look(source, name));
            const auto below = path.empty() ? name : path + "/" + name;
            if (!entry || (m_request.wants && !m_request.wants(below, entry->st.st_mode)))
                continue; // it went meanwhile, or is not meant
            VZ_TRY(
                copy(*entry, target, name, below, depth).context(text::printable(depth < 20 ? name : "…")));
        }
        return {};
    }

    static Result<void> remove_others(int target, const std::vector<std::string>& keep) {
        VZ_ASSIGN(const auto names, names_in(target));
        for (const auto& name : names)
            if (!std::binary_search(keep.begin(), keep.end(), name))
                VZ_TRY(remove(target, name));
        return {};
    }

    static Result<void> remove(int dir, const std::string& name) {
        return Dir(Fd(::openat(dir, ".", O_PATH | O_DIRECTORY | O_CLOEXEC))).remove_tree(name);
    }

    Result<void> copy(const Entry& source, int dir, const std::string& name, const std::string& path,
                      unsigned depth) {
        VZ_ASSIGN(const bool linked, link_again(source, dir, name));
        if (linked)
            return {};
        VZ_ASSIGN(auto target, look(dir, name));
        if (target) {
            VZ_ASSIGN(const bool stays, can_stay(source, *target));
            if (!stays) {
                VZ_TRY(remove(dir, name));
                target.reset();
            }
        }
        if (!target) {
            VZ_TRY(make(source, dir, name));
            VZ_ASSIGN(target, look(dir, name));
        }
        if (!target)
            return fail(Errc::system, "vanished while it was copied");
        if (source.is_folder()) {
            const auto from = reopen(source.fd.get(), O_RDONLY | O_DIRECTORY);
            const auto to = reopen(target->fd.get(), O_RDONLY | O_DIRECTORY);
            if (!from || !to)
                return copy_error(errno, "open", name);
            VZ_TRY(fill_folder(from.get(), to.get(), path, depth + 1));
        } else {
            m_claimed.insert(inode_of(target->st));
            // A path too long for the kernel cannot be linked to: such a file becomes one of its own.
            if (source.st.st_nlink > 1 && path.size() < 4000)
                m_links.emplace(inode_of(source.st), path);
        }
        return finish(source, target->fd.get());
    }

    // A further name of a file that was copied already.
    Result<bool> link_again(const Entry& source, int dir, const std::string& name) {
        if (source.is_folder() || source.st.st_nlink < 2)
            return false;
        const auto known = m_links.find(inode_of(source.st));
        if (known == m_links.end())
            return false;
        VZ_ASSIGN(const auto first, look(m_request.target.fd(), known->second));
        VZ_ASSIGN(const auto here, look(dir, name));
        if (first && here && inode_of(first->st) == inode_of(here->st))
            return true;
        if (here)
            VZ_TRY(remove(dir, name));
        // Refused where there are too many names already: then it is copied once more, which begins a new
        // group.
        if (::linkat(m_request.target.fd(), known->second.c_str(), dir, name.c_str(), 0) == 0)
            return true;
        if (errno != EMLINK)
            return copy_error(errno, "link", name);
        m_links.erase(known);
        return false;
    }

    // Whether what is at the target's name may become equal without being made anew.
    Result<bool> can_stay(const Entry& source, const Entry& target) const {
        if (source.kind() != target.kind())
            return false;
        if (source.is_folder())
            return true;
        if (m_claimed.count(inode_of(target.st)) > 0 || (source.st.st_nlink == 1 && target.st.st_nlink > 1))
            return false;
        if (S_ISLNK(source.st.st_mode)) {
            VZ_ASSIGN(const auto a, link_target(source.fd.get()));
            VZ_ASSIGN(const auto b, link_target(target.fd.get()));
            return a == b;
        }
        if (!S_ISREG(source.st.st_mode))
            return source.st.st_rdev == target.st.st_rdev;
        if (source.st.st_size != target.st.st_size)
            return false;
        const auto a = reopen(source.fd.get(), O_RDONLY | O_NONBLOCK);
        const auto b = reopen(target.fd.get(), O_RDONLY | O_NONBLOCK);
        if (!a || !b)
            return copy_error(errno, "open", "");
        return same_content(a.get(), b.get(), source.st.st_size);
    }

    Result<void> make(const Entry& source, int dir, const std::string& name) {
        switch (source.kind()) {
        case S_IFDIR:
            return made(::mkdirat(dir, name.c_str(), 0700), name);
        case S_IFLNK: {
            VZ_ASSIGN(const auto target, link_target(source.fd.get()));
            return made(::symlinkat(target.c_str(), dir, name.c_str()), name);
        }
        case S_IFREG:
            return make_file(source, dir, name);
        default:
            return made(::mknodat(dir, name.c_str(), source.kind() | 0600, source.st.st_rdev), name);
        }
    }

    static Result<void> made(int status, const std::string& name) {
        return status == 0 ? Result<void>() : Result<void>(copy_error(errno, "create", name));
    }

    Result<void> make_file(const Entry& source, int dir, const std::string& name) {
        const auto from = reopen(source.fd.get(), O_RDONLY | O_NONBLOCK | O_NOATIME);
        if (!from)
            return copy_error(errno, "open", name);
        const Fd to(::openat(dir, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
        if (!to)
            return copy_error(errno, "create", name);
        if (::ioctl(to.get(), FICLONE, from.get()) == 0)
            return {};
        return copy_data(from.get(), to.get(), source.st.st_size);
    }

    // Owner, attributes, mode and times, in this order: changing an owner clears capabilities and set-id
    // bits.
    Result<void> finish(const Entry& source, int target) {
        struct stat now {};
        if (::fstat(target, &now) != 0)
            return sys_fail(errno, Errc::system, "stat");
        const auto uid = m_shift.uid(source.st.st_uid);
        const auto gid = m_shift.gid(source.st.st_gid);
        const bool moved = now.st_uid != uid || now.st_gid != gid;
        if (moved && ::fchownat(target, "", uid, gid, AT_EMPTY_PATH) != 0)
            return copy_error(errno, "chown", "");
        VZ_ASSIGN(auto wanted, read_attributes(source.fd.get(), m_request.keep_trusted));
        VZ_ASSIGN(const auto present, read_attributes(target, m_request.keep_trusted));
        wanted = shifted(std::move(wanted), m_shift);
        VZ_TRY(write_attributes(target, present, wanted));
        const auto self = format("/proc/self/fd/{}", target);
        const bool is_link = S_ISLNK(source.st.st_mode);
        if (!is_link &&
            (moved || (now.st_mode & 07777) != (source.st.st_mode & 07777) || present != wanted) &&
            ::chmod(self.c_str(), source.st.st_mode & 07777) != 0)
            return copy_error(errno, "chmod", "");
        return set_times(source, now, target);
    }

    static Result<void> set_times(const Entry& source, const struct stat& before, int target) {
        struct stat now {};
        if (::fstat(target, &now) != 0)
            return sys_fail(errno, Errc::system, "stat");
        const auto same = [](const timespec& a, const timespec& b) {
            return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
        };
        if (same(source.st.st_mtim, now.st_mtim) && same(before.st_mtim, now.st_mtim))
            return {};
        const std::array<timespec, 2> times{source.st.st_atim, source.st.st_mtim};
        if (::utimensat(target, "", times.data(), AT_EMPTY_PATH) != 0)
            return copy_error(errno, "set the times", "");
        return {};
    }

    const TreeCopy& m_request;
    IdShift m_shift;
    std::map<Inode, std::string> m_links; // files with several names → the first one copied
    std::set<Inode> m_claimed;            // files of the target that are some file of the source
};

} // namespace

Result<void> copy_tree(const TreeCopy& request) {
    return Copier(request).run();
}

} // namespace vz::sys
