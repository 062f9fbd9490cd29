// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/sys/dir.hpp"

#include "vz/base/scope.hpp"
#include "vz/base/text.hpp"
#include "vz/sys/random.hpp"

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <memory>
#include <sys/syscall.h>
#include <unistd.h>

namespace vz::sys {

namespace {

int openat2(int dir, const std::string& path, std::uint64_t flags, unsigned mode, std::uint64_t resolve) {
    open_how how{};
    how.flags = flags | O_CLOEXEC;
    how.mode = mode;
    how.resolve = resolve;
    for (;;) {
        const long fd = ::syscall(SYS_openat2, dir, path.c_str(), &how, sizeof how);
        // EAGAIN: a component was renamed during a ".." step and the kernel could not prove that we stayed
        // inside.
        if (fd >= 0 || errno != EAGAIN)
            return static_cast<int>(fd);
    }
}

constexpr std::uint64_t k_inside = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;

Error path_error(int err, std::string_view call, std::string_view path) {
    return sys_fail(err, err == ENOSPC ? Errc::no_disk_space : Errc::system, "{} {}", call,
                    text::printable(path));
}

bool is_absent(int err) {
    return err == ENOENT || err == ENOTDIR;
}

struct CloseDir {
    void operator()(DIR* dir) const { ::closedir(dir); }
};
using DirStream = std::unique_ptr<DIR, CloseDir>;

Result<std::vector<std::string>> names_in(Fd fd) {
    DirStream stream(::fdopendir(fd.get()));
    if (!stream)
        return sys_fail(errno, Errc::system, "fdopendir");
    fd.release();
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(stream.get())) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..")
            names.emplace_back(name);
        errno = 0;
    }
    if (errno != 0)
        return sys_fail(errno, Errc::system, "readdir");
    std::sort(names.begin(), names.end());
    return names;
}

Result<void> remove_folder(int dir, const std::string& name) {
    if (::unlinkat(dir, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT)
        return path_error(errno, "rmdir", name);
    return {};
}

// Empties a folder, never following links nor entering another file system or mount. A container may nest
// folders without end: what lies too deep is moved up to the top first, so that neither descriptors nor the
// stack run out.
class TreeRemover {
public:
    explicit TreeRemover(Fd top) : m_top(std::move(top)) {}

    Result<void> run() {
        for (;;) {
            VZ_ASSIGN(const auto names, list(m_top.get()));
            if (names.empty())
                return {};
            for (const auto& name : names)
                VZ_TRY(remove(m_top.get(), name, 1));
        }
    }

private:
    static constexpr unsigned k_deepest = 64;

    static Result<std::vector<std::string>> list(int dir) {
        return names_in(Fd(openat2(dir, ".", O_RDONLY | O_DIRECTORY, 0, RESOLVE_BENEATH)));
    }

    Result<void> remove(int dir, const std::string& name, unsigned depth) {
        if (::unlinkat(dir, name.c_str(), 0) == 0 || errno == ENOENT)
            return {};
        if (errno != EISDIR && errno != EPERM)
            return path_error(errno, "unlink", name);
        if (depth >= k_deepest)
            return move_up(dir, name);
        const Fd child(
            openat2(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, RESOLVE_BENEATH | RESOLVE_NO_XDEV));
        if (!child)
            return path_error(errno, "open", name);
        VZ_ASSIGN(const auto names, list(child.get()));
        for (const auto& entry : names)
            VZ_TRY(remove(child.get(), entry, depth + 1));
        return remove_folder(dir, name);
    }

    Result<void> move_up(int dir, const std::string& name) {
        const auto higher = random_hex(16);
        if (::renameat2(dir, name.c_str(), m_top.get(), higher.c_str(), RENAME_NOREPLACE) != 0)
            return path_error(errno, "move up", name);
        return {};
    }

    Fd m_top;
};

Result<void> remove_below(int dir, const std::string& name) {
    if (::unlinkat(dir, name.c_str(), 0) == 0 || errno == ENOENT)
        return {};
    const int err = errno;
    struct stat st {};
    if (err == EROFS && ::fstatat(dir, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT)
        return {}; // a read-only file system refuses before it looks
    if (err != EISDIR && err != EPERM)
        return path_error(err, "unlink", name);
    Fd top(openat2(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, RESOLVE_BENEATH | RESOLVE_NO_XDEV));
    if (!top)
        return path_error(errno, "open", name);
    VZ_TRY(TreeRemover(std::move(top)).run());
    return remove_folder(dir, name);
}

Result<void> fill(int fd, std::string_view content, unsigned mode, std::optional<FileOwner> owner) {
    VZ_TRY(write_all(fd, content));
    if (owner && ::fchown(fd, owner->uid, owner->gid) != 0)
        return sys_fail(errno, Errc::system, "fchown");
    if (::fchmod(fd, mode) != 0)
        return sys_fail(errno, Errc::system, "fchmod");
    if (::fsync(fd) != 0)
        return sys_fail(errno, errno == ENOSPC ? Errc::no_disk_space : Errc::system, "fsync");
    return {};
}

} // namespace

Result<Dir> Dir::open(const std::string& path) {
    Fd fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!fd)
        return path_error(errno, "open", path);
    return Dir(std::move(fd));
}

Result<Fd> Dir::open_at(std::string_view path, int flags, unsigned mode) const {
    if (path.find('\0') != std::string_view::npos)
        return fail(Errc::bad_value, "path holds a NUL byte");
    const bool creates = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
    const auto noctty = (flags & O_PATH) != 0 ? 0 : O_NOCTTY;
    Fd fd(openat2(m_fd.get(), path.empty() ? "." : std::string(path), static_cast<unsigned>(flags | noctty),
                  creates ? mode : 0, k_inside));
    if (!fd)
        return path_error(errno, "open", path);
    return fd;
}

Result<Dir> Dir::sub(std::string_view path) const {
    VZ_ASSIGN(Fd fd, open_at(path, O_PATH | O_DIRECTORY));
    return Dir(std::move(fd));
}

Result<Dir::Parent> Dir::parent_of(std::string_view path) const {
    while (path.size() > 1 && path.back() == '/')
        path.remove_suffix(1);
    const auto slash = path.rfind('/');
    const auto name = slash == std::string_view::npos ? path : path.substr(slash + 1);
    if (name.empty() || name == "." || name == ".." || name.find('\0') != std::string_view::npos)
        return fail(Errc::bad_value, "not a file name: {}", text::printable(path));
    const auto folder = slash == std::string_view::npos ? std::string_view(".") : path.substr(0, slash + 1);
    VZ_ASSIGN(Fd fd, open_at(folder, O_RDONLY | O_DIRECTORY));
    return Parent{std::move(fd), std::string(name)};
}

Result<std::optional<struct stat>> Dir::stat_opened(std::string_view path, int flags) const {
    auto fd = open_at(path, O_PATH | flags);
    if (!fd && is_absent(fd.error().sys_errno))
        return std::optional<struct stat>{};
    if (!fd)
        return std::move(fd).error();
    struct stat st {};
    if (::fstat(fd->get(), &st) != 0)
        return path_error(errno, "stat", path);
    return std::optional(st);
}

Result<std::optional<struct stat>> Dir::stat(std::string_view path) const {
    return stat_opened(path, O_NOFOLLOW);
}

Result<std::optional<struct stat>> Dir::stat_following(std::string_view path) const {
    return stat_opened(path, 0);
}

Result<std::optional<std::string>> Dir::read_file(std::string_view path, std::size_t limit) const {
    // O_PATH first: opening a device or a FIFO for reading may already act or block.
    auto handle = open_at(path, O_PATH);
    if (!handle && is_absent(handle.error().sys_errno))
        return std::optional<std::string>{};
    if (!handle)
        return std::move(handle).error();
    struct stat st {};
    if (::fstat(handle->get(), &st) != 0)
        return path_error(errno, "stat", path);
    if (!S_ISREG(st.st_mode))
        return fail(Errc::bad_value, "{}: not a regular file", text::printable(path));
    // Reopen the very file that was checked; /proc/self is ours, not the container's.
    const std::string self = format("/proc/self/fd/{}", handle->get());
    const Fd fd(::open(self.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!fd)
        return path_error(errno, "open", path);
    VZ_ASSIGN(auto content, read_all(fd.get(), limit).context(text::printable(path)));
    return std::optional(std::move(content));
}

Result<void> Dir::write_file(std::string_view path, std::string_view content, unsigned mode,
                             std::optional<FileOwner> owner) const {
    VZ_ASSIGN(const auto parent, parent_of(path));
    const std::string temporary = format(".{}.{}", parent.name.substr(0, 200), random_hex(8));
    const Fd fd(openat2(parent.fd.get(), temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600,
                        RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS));
    if (!fd)
        return path_error(errno, "create a file beside", path);
    Cleanup undo([&] { ::unlinkat(parent.fd.get(), temporary.c_str(), 0); });
    VZ_TRY(fill(fd.get(), content, mode, owner).context(text::printable(path)));
    if (::renameat(parent.fd.get(), temporary.c_str(), parent.fd.get(), parent.name.c_str()) != 0)
        return path_error(errno, "rename to", path);
    undo.dismiss();
    if (::fsync(parent.fd.get()) != 0)
        return path_error(errno, "fsync the folder of", path);
    return {};
}

Result<void> Dir::make_dirs(std::string_view path, unsigned mode) const {
    std::string done;
    for (const auto& part : text::split(path, '/')) {
        if (part.empty() || part == ".")
            continue;
        if (part == "..")
            return fail(Errc::bad_value, "not a plain path: {}", text::printable(path));
        done += (done.empty() ? "" : "/") + part;
        VZ_ASSIGN(const auto parent, parent_of(done));
        if (::mkdirat(parent.fd.get(), parent.name.c_str(), mode) != 0 && errno != EEXIST)
            return path_error(errno, "mkdir", done);
    }
    VZ_ASSIGN(const auto st, stat_following(path));
    if (!st || !S_ISDIR(st->st_mode))
        return fail(Errc::create_dir, "{}: not a folder", text::printable(path));
    return {};
}

Result<void> Dir::make_symlink(std::string_view target, std::string_view path) const {
    VZ_ASSIGN(const auto parent, parent_of(path));
    if (::symlinkat(std::string(target).c_str(), parent.fd.get(), parent.name.c_str()) != 0)
        return path_error(errno, "symlink", path);
    return {};
}

Result<std::string> Dir::read_symlink(std::string_view path) const {
    VZ_ASSIGN(const Fd fd, open_at(path, O_PATH | O_NOFOLLOW));
    char target[4096];
    const ssize_t n = ::readlinkat(fd.get(), "", target, sizeof target);
    if (n < 0)
        return path_error(errno, "readlink", path);
    return std::string(target, static_cast<std::size_t>(n));
}

Result<void> Dir::remove(std::string_view path) const {
    auto parent = parent_of(path);
    if (!parent && is_absent(parent.error().sys_errno))
        return {};
    if (!parent)
        return std::move(parent).error();
    if (::unlinkat(parent->fd.get(), parent->name.c_str(), 0) == 0 || errno == ENOENT)
        return {};
    if (errno != EISDIR && errno != EPERM)
        return path_error(errno, "unlink", path);
    if (::unlinkat(parent->fd.get(), parent->name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT)
        return path_error(errno, "rmdir", path);
    return {};
}

Result<void> Dir::remove_tree(std::string_view path) const {
    auto parent = parent_of(path);
    if (!parent && is_absent(parent.error().sys_errno))
        return {};
    if (!parent)
        return std::move(parent).error();
    return remove_below(parent->fd.get(), parent->name).context(text::printable(path));
}

Result<std::vector<std::string>> Dir::list(std::string_view path) const {
    VZ_ASSIGN(Fd fd, open_at(path, O_RDONLY | O_DIRECTORY));
    return names_in(std::move(fd)).context(text::printable(path));
}

} // namespace vz::sys
