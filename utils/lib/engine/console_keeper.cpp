// SPDX-License-Identifier: GPL-2.0-or-later
#include "console_keeper.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace vz::engine {

namespace {

// Descriptors of the keeper, which has no others.
enum Kept { k_owner, k_socket, k_master, k_count };

// The monitor reads the other end of the console's terminal, so what waits there is what it has not read yet.
void wait_until_keys_are_read() {
    constexpr int tries = 200;
    constexpr useconds_t pause = 10000;
    constexpr useconds_t flush =
        250000; // the kernel carries keys from one end to the other in the background
    ::usleep(flush);
    // Not before: as long as somebody has the other end, we would not see that the container closed it.
    const int slave = ::ioctl(k_master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
    int waiting = 0;
    for (int i = 0; i < tries && ::ioctl(slave, FIONREAD, &waiting) == 0 && waiting > 0; ++i)
        ::usleep(pause);
}

[[noreturn]] void keep(int owner, int socket, int master) {
    ::setsid(); // signals of our terminal are not for it
    const int high_master = ::fcntl(master, F_DUPFD, k_count * 2);
    const int high_socket = ::fcntl(socket, F_DUPFD, k_count * 2);
    ::dup2(owner, k_owner);
    ::dup2(high_socket, k_socket);
    ::dup2(high_master, k_master);
    ::close_range(k_count, ~0U, 0);
    char byte = 0;
    while (::read(k_owner, &byte, 1) < 0 && errno == EINTR) {
    }
    wait_until_keys_are_read();
    ::_exit(0);
}

} // namespace

Result<sys::Fd> keep_console(sys::Fd socket, const sys::Fd& master) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        return sys_fail(errno, Errc::no_resources, "make a pipe");
    const sys::Fd owner(ends[0]);
    sys::Fd ours(ends[1]);
    const pid_t pid = ::fork();
    if (pid < 0)
        return sys_fail(errno, Errc::no_resources, "fork");
    if (pid == 0)
        keep(owner.get(), socket.get(), master.get());
    return ours;
}

} // namespace vz::engine
