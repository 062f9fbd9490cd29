// SPDX-License-Identifier: GPL-2.0-or-later
#include "payload.hpp"

#include <cerrno>
#include <csignal>
#include <sys/stat.h>
#include <unistd.h>

namespace vz::engine {

std::vector<char*> pointers(const std::vector<std::string>& strings) {
    std::vector<char*> out;
    for (const auto& s : strings)
        out.push_back(const_cast<char*>(s.c_str()));
    out.push_back(nullptr);
    return out;
}

Payload make_payload(const AttachRequest& request) {
    Payload payload;
    for (const auto& argv : request.candidates)
        payload.candidates.push_back(pointers(argv));
    payload.environment = pointers(request.environment);
    return payload;
}

int execute_payload(void* data) {
    const auto& payload = *static_cast<const Payload*>(data);
    ::close_range(3, ~0U, 0);
    for (int number = 1; number < NSIG; ++number)
        ::signal(number, SIG_DFL);
    ::umask(022);
    int status = 127; // not found; 126: found, but not a program, as shells have it
    for (const auto& argv : payload.candidates) {
        ::execve(argv[0], argv.data(), payload.environment.data());
        if (errno != ENOENT && errno != ENOTDIR)
            status = 126;
    }
    return status;
}

} // namespace vz::engine
