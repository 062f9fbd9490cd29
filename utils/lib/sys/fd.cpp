// SPDX-License-Identifier: GPL-2.0-or-later
#include "vz/sys/fd.hpp"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace vz::sys {

void Fd::reset(int fd) {
    if (m_fd >= 0)
        ::close(m_fd);
    m_fd = fd;
}

Result<Pipe> make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        return sys_fail(errno, Errc::system, "pipe");
    return Pipe{Fd(ends[0]), Fd(ends[1])};
}

Result<std::string> read_all(int fd, std::size_t limit) {
    std::string out;
    char buffer[65536];
    for (;;) {
        const ssize_t n = ::read(fd, buffer, sizeof buffer);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return sys_fail(errno, Errc::system, "read");
        if (n == 0)
            return out;
        if (out.size() + static_cast<std::size_t>(n) > limit)
            return fail(Errc::bad_value, "larger than {} bytes", limit);
        out.append(buffer, static_cast<std::size_t>(n));
    }
}

Result<void> write_all(int fd, std::string_view data) {
    while (!data.empty()) {
        const ssize_t n = ::write(fd, data.data(), data.size());
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return sys_fail(errno, errno == ENOSPC ? Errc::no_disk_space : Errc::system, "write");
        data.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
}

} // namespace vz::sys
