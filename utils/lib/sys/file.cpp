// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/sys/file.hpp"

#include "vz/base/scope.hpp"
#include "vz/base/text.hpp"
#include "vz/sys/dir.hpp"
#include "vz/sys/fd.hpp"
#include "vz/sys/random.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace vz::sys {

namespace {

Error file_error(int err, std::string_view call, const std::string& path) {
    const Errc code = err == ENOSPC || err == EDQUOT  ? Errc::no_disk_space
                      : err == EACCES || err == EPERM ? Errc::no_permission
                                                      : Errc::system;
    return sys_fail(err, code, "{} {}", call, text::printable(path));
}

std::string folder_of(const std::string& path) {
    const auto slash = path.rfind('/');
    return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

std::string final_target(const std::string& path) {
    char target[4096];
    const auto n = ::readlink(path.c_str(), target, sizeof target);
    if (n <= 0)
        return path;
    const std::string name(target, static_cast<std::size_t>(n));
    return name[0] == '/' ? name : folder_of(path) + "/" + name;
}

constexpr std::size_t k_random_bytes = 6;

// "NAME.<12 hex digits>.tmp", for the given name or any.
bool is_temporary(std::string_view file, std::string_view name) {
    constexpr std::string_view k_end = ".tmp";
    constexpr std::size_t k_tail = 1 + 2 * k_random_bytes + k_end.size();
    if (file.size() <= k_tail || file.substr(file.size() - k_end.size()) != k_end)
        return false;
    const auto stem = file.substr(0, file.size() - k_tail);
    const auto digits = file.substr(stem.size() + 1, 2 * k_random_bytes);
    return file[stem.size()] == '.' && (name.empty() || stem == name) &&
           digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// A temporary file is locked as long as its writer lives: one that can be locked was left by a killed
// command.
bool lock_now(int fd) {
    struct flock request {};
    request.l_type = F_WRLCK;
    request.l_whence = SEEK_SET;
    return ::fcntl(fd, F_OFD_SETLK, &request) == 0;
}

bool has_name(int fd) {
    struct stat st {};
    return ::fstat(fd, &st) == 0 && st.st_nlink > 0;
}

struct Temporary {
    std::string path;
    Fd fd; // keeps the lock until the file has its final name
};

Result<Temporary> make_temporary(const std::string& path) {
    for (;;) {
        Temporary out{format("{}.{}.tmp", path, random_hex(k_random_bytes)), Fd()};
        out.fd = Fd(::open(out.path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
        if (!out.fd)
            return file_error(errno, "create", out.path);
        // Between the creation and the lock a sweeper may have taken it.
        if (lock_now(out.fd.get()) && has_name(out.fd.get()))
            return out;
    }
}

// Writes the content to a new file beside `path`.
Result<Temporary> write_beside(const std::string& path, std::string_view content, unsigned mode,
                               const std::optional<FileOwner>& owner = {}) {
    const auto folder = folder_of(path);
    sweep_temporaries(folder, path.substr(path.rfind('/') + 1));
    VZ_ASSIGN(auto temporary, make_temporary(path));
    Cleanup undo([&] { ::unlink(temporary.path.c_str()); });
    VZ_TRY(write_all(temporary.fd.get(), content).context(temporary.path));
    // The owner first: a change of it takes away set-user-ID bits.
    if (owner && ::fchown(temporary.fd.get(), owner->uid, owner->gid) != 0 && errno != EPERM)
        return file_error(errno, "chown", temporary.path);
    if (::fchmod(temporary.fd.get(), mode) != 0 || ::fsync(temporary.fd.get()) != 0)
        return file_error(errno, "write", temporary.path);
    undo.dismiss();
    return temporary;
}

} // namespace

Result<std::optional<std::string>> read_file(const std::string& path, std::size_t limit) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!fd && (errno == ENOENT || errno == ENOTDIR))
        return std::optional<std::string>{};
    if (!fd)
        return file_error(errno, "open", path);
    struct stat st {};
    if (::fstat(fd.get(), &st) != 0)
        return file_error(errno, "stat", path);
    if (!S_ISREG(st.st_mode))
        return fail(Errc::bad_value, "{}: not a regular file", path);
    VZ_ASSIGN(auto content, read_all(fd.get(), limit).context(path));
    return std::optional(std::move(content));
}

std::optional<std::string> read_kernel_file(const std::string& path) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!fd)
        return std::nullopt;
    auto content = read_all(fd.get(), 64 << 20);
    return content ? std::optional(*std::move(content)) : std::nullopt;
}

Result<void> write_kernel_file(const std::string& path, std::string_view value) {
    const Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
    if (!fd)
        return file_error(errno, "open", path);
    // One write(2): the kernel takes each as a whole value.
    if (::write(fd.get(), value.data(), value.size()) < 0)
        return file_error(errno, format("write {} to", value), path);
    return {};
}

Result<void> exchange_durably(const std::string& a, const std::string& b) {
    if (::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) != 0)
        return sys_fail(errno, Errc::system, "exchange {} and {}", a, b);
    VZ_TRY(fsync_dir(a.substr(0, a.rfind('/'))));
    return fsync_dir(b.substr(0, b.rfind('/')));
}

Result<void> fsync_dir(const std::string& path) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0)
        return file_error(errno, "fsync", path);
    return {};
}

Result<void> write_file_atomic(const std::string& path, std::string_view content, unsigned mode) {
    const std::string target = final_target(path);
    struct stat st {};
    std::optional<FileOwner> owner;
    if (::stat(target.c_str(), &st) == 0) {
        mode = st.st_mode & 07777U;
        if (st.st_uid != ::geteuid() || st.st_gid != ::getegid())
            owner = FileOwner{st.st_uid, st.st_gid};
    }
    VZ_ASSIGN(const auto temporary, write_beside(target, content, mode, owner));
    if (::rename(temporary.path.c_str(), target.c_str()) != 0) {
        const int err = errno;
        ::unlink(temporary.path.c_str());
        return file_error(err, "rename to", target);
    }
    return fsync_dir(folder_of(target));
}

Result<void> create_file_atomic(const std::string& path, std::string_view content, unsigned mode) {
    VZ_ASSIGN(const auto temporary, write_beside(path, content, mode));
    const int failed = ::link(temporary.path.c_str(), path.c_str()) == 0 ? 0 : errno;
    ::unlink(temporary.path.c_str());
    if (failed == EEXIST)
        return sys_fail(EEXIST, Errc::bad_value, "{}", path);
    if (failed != 0)
        return file_error(failed, "link to", path);
    auto synced = fsync_dir(folder_of(path));
    if (!synced)
        ::unlink(path.c_str());
    return synced;
}

void sweep_temporaries(const std::string& folder, std::string_view name) {
    const auto dir = Dir::open(folder);
    const auto files = dir ? dir->list() : Result<std::vector<std::string>>(std::vector<std::string>{});
    if (!files)
        return;
    for (const auto& file : *files) {
        if (!is_temporary(file, name))
            continue;
        const auto path = folder + "/" + file;
        const Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
        if (fd && lock_now(fd.get()))
            ::unlink(path.c_str());
    }
}

Result<void> make_dirs(const std::string& path, unsigned mode) {
    for (std::size_t at = path.find('/', 1);; at = path.find('/', at + 1)) {
        const std::string part = path.substr(0, at);
        if (::mkdir(part.c_str(), mode) != 0 && errno != EEXIST)
            return file_error(errno, "mkdir", part);
        if (at == std::string::npos)
            return {};
    }
}

Result<void> rename_durably(const std::string& from, const std::string& to) {
    if (::rename(from.c_str(), to.c_str()) != 0)
        return file_error(errno, format("rename {} to", from), to);
    VZ_TRY(fsync_dir(folder_of(to)));
    return folder_of(from) == folder_of(to) ? Result<void>() : fsync_dir(folder_of(from));
}

bool exists(const std::string& path) {
    struct stat st {};
    return ::stat(path.c_str(), &st) == 0;
}

} // namespace vz::sys
