// SPDX-License-Identifier: GPL-2.0-or-later
// Owner of a file descriptor, and whole-buffer reading and writing.
#pragma once

#include "vz/base/result.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace vz::sys {

class Fd {
public:
    Fd() = default;
    explicit Fd(int fd) : m_fd(fd) {}
    Fd(Fd&& other) noexcept : m_fd(std::exchange(other.m_fd, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        if (this != &other)
            reset(std::exchange(other.m_fd, -1));
        return *this;
    }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd() { reset(); }

    int get() const { return m_fd; }
    explicit operator bool() const { return m_fd >= 0; }
    int release() { return std::exchange(m_fd, -1); }
    void reset(int fd = -1);

private:
    int m_fd = -1;
};

struct Pipe {
    Fd read;
    Fd write;
};
Result<Pipe> make_pipe(); // both ends close-on-exec

// Reads to the end. More than `limit` bytes is an error (Errc::bad_value): foreign files may be endless.
Result<std::string> read_all(int fd, std::size_t limit);
Result<void> write_all(int fd, std::string_view data);

} // namespace vz::sys
