// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/sys/lock.hpp"

#include "vz/base/text.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <mutex>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace vz::sys {

namespace {

constexpr const char* k_ours = "ofd"; // third line: the kernel's lock tells, not the pid

bool lock_is_ours(int fd) {
    struct flock request {};
    request.l_type = F_WRLCK;
    request.l_whence = SEEK_SET;
    return ::fcntl(fd, F_OFD_SETLK, &request) == 0;
}

// What held_locks() tells.
struct Held {
    std::mutex mutex;
    std::vector<int> fds;
};

Held& held() {
    static Held all;
    return all;
}

// The file may have been removed, and made again by another, between our open and our lock.
bool still_at(int fd, const std::string& path) {
    struct stat opened {};
    struct stat named {};
    return ::fstat(fd, &opened) == 0 && ::stat(path.c_str(), &named) == 0 && opened.st_dev == named.st_dev &&
           opened.st_ino == named.st_ino;
}

std::vector<std::string> lines_of(int fd) {
    char buffer[256];
    const auto n = ::pread(fd, buffer, sizeof buffer, 0);
    std::string_view content(buffer, n > 0 ? static_cast<std::size_t>(n) : 0);
    // useradd(8) and its kin write the number with the zero byte that ends a string in C.
    return text::split(content.substr(0, content.find('\0')), '\n');
}

std::optional<pid_t> pid_in(const std::vector<std::string>& lines) {
    const auto pid = text::to_uint(lines[0]);
    if (!pid || *pid == 0 || *pid > 4194304)
        return std::nullopt;
    return static_cast<pid_t>(*pid);
}

bool held_by_classic_tool(int fd) {
    const auto lines = lines_of(fd);
    if (lines.size() > 2 && lines[2] == k_ours)
        return false;
    const auto pid = pid_in(lines);
    return pid && *pid != ::getpid() && (::kill(*pid, 0) == 0 || errno == EPERM);
}

Result<std::optional<Fd>> try_once(const std::string& path) {
    Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd)
        return sys_fail(errno, errno == EACCES ? Errc::no_permission : Errc::system, "open {}", path);
    if (!lock_is_ours(fd.get()) || !still_at(fd.get(), path) || held_by_classic_tool(fd.get()))
        return std::optional<Fd>{};
    return std::optional(std::move(fd));
}

} // namespace

Result<std::optional<FileLock>> FileLock::acquire(const std::string& path, const std::string& word,
                                                  std::chrono::milliseconds patience) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    for (;;) {
        VZ_ASSIGN(auto fd, try_once(path));
        if (fd) {
            const auto content = word.empty() ? format("{}", ::getpid()) + '\0'
                                              : format("{}\n{}\n{}\n", ::getpid(), word, k_ours);
            if (::ftruncate(fd->get(), 0) != 0 || ::pwrite(fd->get(), content.data(), content.size(), 0) < 0)
                return sys_fail(errno, errno == ENOSPC ? Errc::no_disk_space : Errc::system, "write {}",
                                path);
            return std::optional(FileLock(*std::move(fd), path));
        }
        if (std::chrono::steady_clock::now() >= deadline)
            return std::optional<FileLock>{};
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

FileLock::FileLock(Fd fd, std::string path) : m_fd(std::move(fd)), m_path(std::move(path)) {
    const std::lock_guard guard(held().mutex);
    held().fds.push_back(m_fd.get());
}

FileLock::~FileLock() {
    if (!m_fd)
        return;
    ::unlink(m_path.c_str());
    const std::lock_guard guard(held().mutex);
    std::erase(held().fds, m_fd.get());
}

std::vector<int> held_locks() {
    const std::lock_guard guard(held().mutex);
    return held().fds;
}

bool is_locked(const std::string& path) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct flock request {};
    request.l_type = F_WRLCK;
    if (!fd || ::fcntl(fd.get(), F_OFD_GETLK, &request) != 0)
        return false;
    return request.l_type != F_UNLCK || held_by_classic_tool(fd.get());
}

std::optional<LockHolder> lock_holder(const std::string& path) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!fd)
        return std::nullopt;
    const auto lines = lines_of(fd.get());
    const auto pid = pid_in(lines);
    if (!pid)
        return std::nullopt;
    return LockHolder{*pid, lines.size() > 1 ? lines[1] : ""};
}

} // namespace vz::sys
